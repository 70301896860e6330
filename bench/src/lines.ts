/** Answers that come line by line. */

/** The whole lines of an answer's body, as they come. */
export async function* lines(answer: Response): AsyncGenerator<string> {
  if (!answer.ok || !answer.body) throw new Error(`${answer.url}: ${answer.status}`);
  let text = "";
  for await (const piece of answer.body.pipeThrough(new TextDecoderStream())) {
    text += piece;
    const whole = text.split("\n");
    text = whole.pop() ?? "";
    yield* whole;
  }
}

/** The data of server-sent events, of which each is one line of JSON. */
export async function* events<T>(answer: Response): AsyncGenerator<T> {
  for await (const line of lines(answer)) if (line.startsWith("data:")) yield JSON.parse(line.slice(5)) as T;
}

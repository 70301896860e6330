/** Answers that are a JSON value on each line, read while they arrive. */
export async function readNdjson<Item>(response: Response, onItems: (items: Item[]) => void): Promise<void> {
  const reader = response.body?.getReader();
  if (!reader) return;
  const decoder = new TextDecoder();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    rest += decoder.decode(value, { stream: !done });
    const lines = rest.split("\n");
    rest = lines.pop() ?? "";
    const items = lines.filter((line) => line !== "").map((line) => JSON.parse(line) as Item);
    if (items.length > 0) onItems(items);
    if (done) return;
  }
}

import { piecesOf } from "./backticks";

/** A message, with its code as code. */
export function Words({ of }: { of: string }) {
  return (
    <>
      {piecesOf(of).map(({ text, code }, index) =>
        code ? (
          <code key={index} class="said">
            {text}
          </code>
        ) : (
          text
        ),
      )}
    </>
  );
}

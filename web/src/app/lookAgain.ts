/** Looks now, and again after a pause that may differ each time, until the answer is called; not while the page is out of sight. */
export function lookAgain(look: () => Promise<unknown>, pauseMs: () => number): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let ended = false;
  const again = async () => {
    // Whoever looks tells what went wrong; the next look may go well.
    if (document.visibilityState === "visible") await look().catch(() => undefined);
    if (!ended) timer = setTimeout(() => void again(), pauseMs());
  };
  void again();
  return () => {
    ended = true;
    clearTimeout(timer);
  };
}

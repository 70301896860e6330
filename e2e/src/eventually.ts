const STEP_MS = 150;

/**
 * Asks again and again until `probe` answers something other than undefined or false, and answers that.
 * Throws after `seconds`, with the last error.
 */
export async function eventually<T>(
  what: string,
  seconds: number,
  probe: () => Promise<T | undefined | false> | T | undefined | false,
): Promise<T> {
  const deadline = Date.now() + seconds * 1000;
  let last: unknown = "not yet";
  for (;;) {
    try {
      const found = await probe();
      if (found !== undefined && found !== false) return found;
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadline) throw new Error(`after ${seconds} s still not: ${what}`, { cause: last });
    await new Promise((resolve) => setTimeout(resolve, STEP_MS));
  }
}

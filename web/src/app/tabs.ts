/** Arrow keys among the tabs of a tab list, as ARIA wants them; Delete, on the tab itself, closes it. */
export function tabKeys(event: KeyboardEvent & { currentTarget: HTMLElement }): void {
  const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
  if (step === 0) return;
  const tabs = [...event.currentTarget.querySelectorAll<HTMLElement>("[role=tab]")];
  const now = tabs.indexOf(document.activeElement as HTMLElement);
  if (now < 0) return;
  event.preventDefault();
  tabs[(now + step + tabs.length) % tabs.length]?.focus();
}

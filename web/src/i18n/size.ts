/** Sizes as people read them: `12 KiB`, `1.5 GiB`. */
import { lang, t } from ".";

const UNITS = ["KiB", "MiB", "GiB", "TiB"];

export function sizeWords(bytes: number): string {
  if (bytes < 1024) return t("viewer.bytes", { count: bytes });
  const power = Math.min(UNITS.length, Math.floor(Math.log2(bytes) / 10));
  const number = new Intl.NumberFormat(lang.value, { maximumFractionDigits: 1 });
  return `${number.format(bytes / 1024 ** power)} ${UNITS[power - 1]}`;
}

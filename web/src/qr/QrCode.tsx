/** An address as a QR code, dark on light in every theme: that is what cameras read. */
import { encode } from "uqr";
import { t } from "../i18n";
import "./qr.css";

export function QrCode({ url }: { url: string }) {
  const { data, size } = encode(url, { border: 2 });
  const path = data.flatMap((row, y) => row.map((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : ""))).join("");
  const here = new URL(url).hostname.endsWith("localhost");
  return (
    <figure class="qr" data-testid="qr">
      <svg viewBox={`0 0 ${size} ${size}`} role="img" aria-label={t("qr.of", { url })}>
        <rect width={size} height={size} fill="#fff" />
        <path d={path} fill="#000" />
      </svg>
      {here && <figcaption class="faint">{t("qr.local")}</figcaption>}
    </figure>
  );
}

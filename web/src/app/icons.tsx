/** Our own small line icons, 16 by 16, drawn in the text's colour. */
const PATHS = {
  chevron: "M6 4l4 4-4 4",
  close: "M4 4l8 8M12 4l-8 8",
  plus: "M8 3v10M3 8h10",
  file: "M4 2h5l3 3v9H4zM9 2v3h3",
  folder: "M2 4h4l1.5 2H14v7H2z",
  newFile: "M4 2h5l3 3v9H4zM8 7v4M6 9h4",
  newFolder: "M2 4h4l1.5 2H14v7H2zM8 7.5v4M6 9.5h4",
  refresh: "M13 8a5 5 0 1 1-1.5-3.6M13 2.5v3h-3",
  more: "M3.5 8h.01M8 8h.01M12.5 8h.01",
  terminal: "M2 3h12v10H2zM4.5 6l2 2-2 2M8.5 10h3",
  rocket:
    "M8 1.8c2.5 1.8 3.2 4.5 2.6 7.7H5.4C4.8 6.3 5.5 3.6 8 1.8ZM5.4 9.5 3.5 12M10.6 9.5l1.9 2.5M8 12v2.2M8 6h.01",
  check: "M3 8.5l3.2 3.2L13 5",
  cross: "M4.5 4.5l7 7M11.5 4.5l-7 7",
  skip: "M4 8h8",
  copy: "M5.5 5.5h8v8h-8zM10.5 5V2.5h-8v8H5",
  globe:
    "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2M2 8h12M8 2c2 1.8 2.6 3.8 2.6 6S10 12.2 8 14M8 2C6 3.8 5.4 5.8 5.4 8S6 12.2 8 14",
  lock: "M4 7.5h8V13H4zM5.6 7.5V5.4a2.4 2.4 0 0 1 4.8 0v2.1",
  people:
    "M6 3.2a2.1 2.1 0 1 0 0 4.2 2.1 2.1 0 0 0 0-4.2M2 12.8c.3-2.2 1.8-3.4 4-3.4s3.7 1.2 4 3.4M10.3 3.4a2 2 0 0 1 0 3.9M11.6 9.7c1.4.4 2.2 1.5 2.4 3.1",
  plug: "M5.5 2v3M10.5 2v3M3.8 5h8.4v2.2a4.2 4.2 0 0 1-8.4 0zM8 11.4V14",
  link: "M9 3h4v4M13 3 7.5 8.5M11 9.5V13H3V5h3.5",
  sun: "M8 5.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6M8 1.5v1.3M8 13.2v1.3M1.5 8h1.3M13.2 8h1.3M3.4 3.4l.9.9M11.7 11.7l.9.9M3.4 12.6l.9-.9M11.7 4.3l.9-.9",
  moon: "M13 9.8A5.6 5.6 0 0 1 6.2 3a5.6 5.6 0 1 0 6.8 6.8Z",
  contrast: "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2M8 2v12M8 5h4.9M8 8h6M8 11h4.9",
  system: "M2 3h12v8H2zM6 13.5h4M8 11v2.5",
  person: "M8 2.5a2.7 2.7 0 1 0 0 5.4 2.7 2.7 0 0 0 0-5.4M3 13.5c.4-2.6 2.4-4 5-4s4.6 1.4 5 4",
  down: "M4 6l4 4 4-4",
  up: "M4 10l4-4 4 4",
  search: "M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9M10.3 10.3 14 14",
  branch:
    "M4.5 5.8v4.4M4.5 2.4a1.7 1.7 0 1 0 0 3.4 1.7 1.7 0 0 0 0-3.4M4.5 10.2a1.7 1.7 0 1 0 0 3.4 1.7 1.7 0 0 0 0-3.4M11.5 4.2a1.7 1.7 0 1 0 0 3.4 1.7 1.7 0 0 0 0-3.4M11.5 7.6c0 2.6-4 1.6-6.6 3",
  gear: "M8 5.6a2.4 2.4 0 1 0 0 4.8 2.4 2.4 0 0 0 0-4.8M8 1.8v2M8 12.2v2M1.8 8h2M12.2 8h2M3.6 3.6 5 5M11 11l1.4 1.4M3.6 12.4 5 11M11 5l1.4-1.4",
  info: "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2M8 7.4V11M8 5h.01",
  qr: "M2.5 2.5h4v4h-4zM9.5 2.5h4v4h-4zM2.5 9.5h4v4h-4zM9.5 9.5h1.5v1.5M13.5 9.5v1M9.5 13.5h1M12 12h1.5v1.5",
  phone: "M5 2h6v12H5zM7.5 12h1",
  tablet: "M3.5 2h9v12h-9zM7.5 12h1",
  clock: "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2M8 4.6V8l2.4 1.6",
  keyboard: "M1.5 4h13v8h-13zM4 6.5h.01M6.5 6.5h.01M9 6.5h.01M11.5 6.5h.01M4.5 9.5h7",
  split: "M2 3h12v10H2zM8 3v10",
  eye: "M1.5 8c1.6-2.9 3.8-4.3 6.5-4.3S12.9 5.1 14.5 8c-1.6 2.9-3.8 4.3-6.5 4.3S3.1 10.9 1.5 8M8 6.1a1.9 1.9 0 1 0 0 3.8 1.9 1.9 0 0 0 0-3.8",
  minus: "M3 8h10",
  undo: "M3 6h6.5a3.2 3.2 0 0 1 0 6.5H6M3 6l3-3M3 6l3 3",
  pull: "M8 2.5v8M4.5 7 8 10.5 11.5 7M3 13.5h10",
  push: "M8 11V3M4.5 6.5 8 3l3.5 3.5M3 13.5h10",
  commit: "M8 5.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6M1.5 8h3.7M10.8 8h3.7",
  warning: "M8 2.2 14.3 13H1.7zM8 6.4v3.2M8 11.4h.01",
  trash: "M2.5 4h11M6 4V2.5h4V4M4 4l.7 9.5h6.6L12 4M6.7 6.5v4.5M9.3 6.5v4.5",
  box: "M2.5 5 8 2.2 13.5 5v6L8 13.8 2.5 11zM2.5 5 8 7.8 13.5 5M8 7.8v6",
  layers: "M8 2.2 14 5.4 8 8.6 2 5.4zM2 8l6 3.2L14 8M2 10.6l6 3.2 6-3.2",
  panelRight: "M2 3h12v10H2zM10 3v10",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, class: extra = "" }: { name: IconName; class?: string }) {
  return (
    <svg
      class={`icon ${extra}`}
      viewBox="0 0 16 16"
      width="16"
      height="16"
      aria-hidden="true"
      focusable="false"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}

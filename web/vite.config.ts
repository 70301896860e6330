import { defineConfig } from "vitest/config";
import { brotli } from "./build/brotli.ts";
import { weight } from "./build/weight.ts";

// Two entries: the IDE page, and what the server-rendered pages (login, admin) load. Everything under
// /assets is named by its content and may be cached for ever, but for pages.css and pages.js, which the
// templates name plainly.
export default defineConfig({
  base: "/",
  plugins: [brotli(), weight({ entry: "index", always: ["@xterm/addon-webgl"], bytes: 350_000 })],
  build: {
    outDir: "dist",
    // What is measured is the first load as it is sent: see build/weight.ts.
    chunkSizeWarningLimit: 1000,
    target: "es2022",
    // light-dark() carries the whole palette; these are the first to know it.
    cssTarget: ["chrome123", "firefox120", "safari17.5"],
    rolldownOptions: {
      input: { index: "index.html", pages: "src/pages/pages.ts" },
      output: {
        entryFileNames: (chunk) => (chunk.name === "pages" ? "assets/pages.js" : "assets/[name]-[hash].js"),
        assetFileNames: (asset) =>
          asset.names.includes("pages.css") ? "assets/pages.css" : "assets/[name]-[hash][extname]",
      },
    },
  },
  test: { environment: "happy-dom", include: ["{src,build}/**/*.test.{ts,tsx}"] },
});

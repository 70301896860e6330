// Runs src/main.ts as it is, with the packages of e2e/: this Node may be too old to read TypeScript itself.
import { fileURLToPath } from "node:url";
import { runnerImport } from "../e2e/node_modules/vite/dist/node/index.js";

const root = fileURLToPath(new URL(".", import.meta.url));
await runnerImport("./src/main.ts", { root, configFile: false, logLevel: "error" });

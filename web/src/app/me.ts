import { signal } from "@preact/signals";
import type { Me } from "../api/types";

/** Who is logged in; null until the server has said. */
export const me = signal<Me | null>(null);

import { ask, askJson } from "./http";
import type { Me } from "./types";

export const whoAmI = (): Promise<Me> => askJson<Me>("/me");

export async function logOut(): Promise<void> {
  await ask("/session", { method: "DELETE", accept: [401] });
}

/** Secrets that are kept outside git: values go in, never out. */
import { ask, askJson } from "./http";

export interface Secret {
  name: string;
  keys: string[];
  /** Entered here, rather than brought by the manifests or by kubectl. */
  entered: boolean;
}

const at = (name: string): string => `/app/secrets/${encodeURIComponent(name)}`;

export const readSecrets = async (): Promise<Secret[]> =>
  (await askJson<{ secrets: Secret[] }>("/app/secrets")).secrets;

/** The keys that are not named go. */
export const putSecret = (name: string, values: Record<string, string>): Promise<Response> =>
  ask(at(name), { method: "PUT", json: values });

export const removeSecret = (name: string): Promise<Response> => ask(at(name), { method: "DELETE" });

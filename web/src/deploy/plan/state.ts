/** The plan that is shown, and when it is read again. */
import { signal } from "@preact/signals";
import { describe } from "../../api/http";
import { type Plan, readPlan } from "../../api/plan";

export const plan = signal<Plan | null>(null);
export const looking = signal(false);
export const trouble = signal<string | null>(null);

let again = false;

/** One look at a time; asked for meanwhile, it is taken once more. */
export async function look(): Promise<void> {
  if (looking.peek()) {
    again = true;
    return;
  }
  looking.value = true;
  try {
    do {
      again = false;
      plan.value = await readPlan();
      trouble.value = null;
    } while (again);
  } catch (error) {
    trouble.value = describe(error);
  } finally {
    looking.value = false;
  }
}

export interface Counts {
  files: number;
  builds: number;
  adds: number;
  changes: number;
  removes: number;
  errors: number;
  warnings: number;
}

export function countsOf({ commit, images, objects, diagnostics, parity }: Plan): Counts {
  const found = [...diagnostics, ...parity];
  const objectsThat = (change: string) => objects.filter((object) => object.change === change).length;
  return {
    files: commit.files.length,
    builds: images.filter(({ build }) => build).length,
    adds: objectsThat("add"),
    changes: objectsThat("change"),
    removes: objectsThat("remove"),
    errors: found.filter(({ severity }) => severity === "error").length,
    warnings: found.filter(({ severity }) => severity === "warning").length,
  };
}

/** True where a Deploy would change nothing at all. */
export const isStill = (counts: Counts): boolean =>
  counts.files + counts.builds + counts.adds + counts.changes + counts.removes === 0;

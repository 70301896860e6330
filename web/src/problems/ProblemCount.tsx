/** In the status bar: how much is wrong in the text in front; pressed, all of it is listed. */
import { runById } from "../actions/registry";
import { Icon } from "../app/icons";
import { t } from "../i18n";
import { countOf } from "./list";
import { marked } from "./state";

export function ProblemCount({ path }: { path: string }) {
  const { errors, warnings } = countOf(marked.value.get(path) ?? []);
  if (errors + warnings === 0) return null;
  const words = t("problems.count", { count: errors + warnings, errors, warnings });
  return (
    <button
      type="button"
      class={errors > 0 ? "problem-count errors" : "problem-count"}
      title={words}
      aria-label={words}
      data-testid="problem-count"
      onClick={() => runById("problems.show")}
    >
      <Icon name="warning" />
      {errors + warnings}
    </button>
  );
}

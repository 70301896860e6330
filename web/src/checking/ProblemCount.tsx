/** In the status bar: how much is wrong in the text in front; pressed, it is listed under the text. */
import { runById } from "../actions/registry";
import { Icon } from "../app/icons";
import { t } from "../i18n";
import { problems } from "./count";

export function ProblemCount({ path }: { path: string }) {
  const { errors, warnings } = problems.value.get(path) ?? { errors: 0, warnings: 0 };
  if (errors + warnings === 0) return null;
  const words = t("problems.count", { errors, warnings });
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

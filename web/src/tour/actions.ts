import type { Action } from "../actions/registry";
import { hideTour, progress, showTour } from "./state";

export const tourActions: readonly Action[] = [
  { id: "tour.show", title: "tour.title", group: "action.group.help", run: showTour },
  {
    id: "tour.hide",
    title: "tour.hide",
    group: "action.group.help",
    run: hideTour,
    when: () => progress.value?.hidden === false,
  },
];

import type { HistoryQueries } from "../../../agent/view/history/answer-history.ts";

/** A history without events. */
export const NO_HISTORY: HistoryQueries = {
  list: async () => ({ events: [], next: undefined }),
  find: async () => undefined,
  count: async (periods) => periods.map(() => []),
  countSteps: async () => [],
  picture: async () => undefined,
};

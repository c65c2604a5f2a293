import { withNewest } from "./history-changes.ts";
import { type Day, latestDays, STEP_MS } from "./history-days.ts";
import type { EventCount, PastEventSummary, StepCount } from "./history-protocol.ts";
import { type HistoryFilter, requestDays, requestEvents, requestSteps } from "./history-requests.ts";

/** What the page of past events shows. */
export interface ShownHistory {
  /** Oldest first. */
  readonly days: readonly Day[];
  /** The events of each day. */
  readonly counts: readonly (readonly EventCount[])[];
  /** Undefined until the first answer. */
  readonly day: Day | undefined;
  readonly filter: HistoryFilter;
  /** Only events that started before; undefined: all of the day. */
  readonly untilMs: number | undefined;
  /** The events of the day by time and camera. */
  readonly steps: readonly StepCount[];
  /** Newest first. */
  readonly events: readonly PastEventSummary[];
  /** Continues the events; null: the list is complete. */
  readonly next: number | null;
}

export interface HistoryLoader {
  shown(): ShownHistory;
  /** Loads the days again, and then the events. */
  show(): Promise<void>;
  /** Chooses a day, a filter or a time, and loads its events. */
  choose(change: Partial<Pick<ShownHistory, "day" | "filter" | "untilMs">>): Promise<void>;
  /** Loads what happened since; the loaded older events stay. Rejects if that fails. */
  update(): Promise<void>;
  /** Loads a page of events. Pages can be empty, since a page examines a limited number of events. */
  loadMore(): Promise<void>;
}

export interface HistoryListener {
  /** Other events can be shown. */
  onLoaded(): void;
  /** They cannot be loaded. */
  onProblem(text: string): void;
}

/** Days before the first event are not shown, except so many. */
const LEAST_DAYS = 7;
const MOST_DAYS = 31;

/** Loads the past events of a day from the agent. Replies to older requests are ignored. */
export function historyLoader({ onLoaded, onProblem }: HistoryListener): HistoryLoader {
  let shown: ShownHistory = {
    ...{ days: [], counts: [], day: undefined, filter: {}, untilMs: undefined },
    ...{ steps: [], events: [], next: null },
  };
  let request = 0;
  let loading: Promise<void> | undefined;
  const set = (changed: Partial<ShownHistory>) => {
    shown = { ...shown, ...changed };
  };

  /** Does work that requests something; its failure becomes a message. */
  async function attempt(work: () => Promise<void>): Promise<void> {
    const mine = ++request;
    try {
      await work();
    } catch (error) {
      if (mine === request) onProblem(error instanceof Error ? error.message : String(error));
    }
  }

  async function show(): Promise<void> {
    await attempt(async () => {
      const latest = latestDays(MOST_DAYS, Date.now());
      const reply = await requestDays(latest);
      const first = reply.days.findIndex((groups) => groups.length > 0);
      const from = Math.min(first < 0 ? MOST_DAYS : first, MOST_DAYS - LEAST_DAYS);
      const days = latest.slice(from);
      const day = days.find(({ fromMs }) => fromMs === shown.day?.fromMs) ?? days.at(-1);
      set({ days, counts: reply.days.slice(from), day });
    });
    await reload();
  }

  async function reload(): Promise<void> {
    const { day } = shown;
    if (day === undefined) return;
    await attempt(async () => {
      const mine = request;
      const [{ steps }, page] = await Promise.all([requestLanes(day), requestPage(day)]);
      if (mine !== request) return;
      set({ steps, ...page });
      onLoaded();
      if (page.events.length === 0 && page.next !== null) await loadMore();
    });
  }

  function requestLanes(day: Day) {
    return requestSteps(day, STEP_MS, { ...shown.filter, camera: undefined });
  }

  function requestPage(day: Day, before?: number) {
    return requestEvents({ ...day, toMs: shown.untilMs ?? day.toMs }, shown.filter, before);
  }

  async function update(): Promise<void> {
    const { day, days } = shown;
    const mine = request;
    if (day === undefined) return;
    if (Date.now() >= (days.at(-1)?.toMs ?? 0)) return show();
    const [latest, { steps }, page] = await Promise.all([
      requestDays(days),
      requestLanes(day),
      requestPage(day),
    ]);
    if (mine !== request) return;
    set({ counts: latest.days, steps, ...withNewest(shown, page) });
    onLoaded();
  }

  function loadMore(): Promise<void> {
    loading ??= loadPages().finally(() => {
      loading = undefined;
    });
    return loading;
  }

  async function loadPages(): Promise<void> {
    const { day, events: before } = shown;
    const mine = request;
    try {
      while (day !== undefined && shown.next !== null && shown.events.length === before.length) {
        const page = await requestPage(day, shown.next);
        if (mine !== request) return;
        set({ next: page.next, events: [...shown.events, ...page.events] });
      }
      onLoaded();
    } catch (error) {
      if (mine === request) onProblem(error instanceof Error ? error.message : String(error));
    }
  }

  return {
    shown: () => shown,
    show,
    choose(change) {
      set(change);
      return reload();
    },
    update,
    loadMore,
  };
}

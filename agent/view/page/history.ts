import { element } from "./element.ts";
import { delayed, eventChanges, withNewest } from "./history-changes.ts";
import { dayStrip } from "./history-day-strip.ts";
import { clockTime, type Day, latestDays, longDate, STEP_MS } from "./history-days.ts";
import { emptyMessage, problemMessage } from "./history-empty.ts";
import { historyFilters } from "./history-filters.ts";
import { keyHelp } from "./history-keys.ts";
import { historyLanes } from "./history-lanes.ts";
import { historyList } from "./history-list.ts";
import type { EventCount, PastEventSummary, StepCount } from "./history-protocol.ts";
import { type HistoryFilter, requestDays, requestEvents, requestSteps } from "./history-requests.ts";
import { historyViewer } from "./history-viewer.ts";
import type { EventSummary } from "./protocol.ts";

/** The page of past events. */
export interface HistoryPage {
  /** The page became visible: loads the events again. */
  show(): void;
  /** An event began or changed: the page shows it, if it is visible. */
  showEvent(event: EventSummary): void;
  /** Cameras that have a lane even on days without events. */
  setCameras(names: readonly string[]): void;
}

/** Days before the first event are not shown, except so many. */
const LEAST_DAYS = 7;
const MOST_DAYS = 31;
/** The agent stores an event right after it sends it. */
const UPDATE_AFTER_MS = 1_000;
const KEYS = [
  ["← ↑ ↓ →", "move between events"],
  ["Enter", "open"],
  ["Shift ← →", "other day"],
] as const;

/** Shows past events by day and camera, with filters, a list, and each event large. */
export function historyPage(container: HTMLElement): HistoryPage {
  let cameras: readonly string[] = [];
  let days: readonly Day[] = [];
  let counts: readonly (readonly EventCount[])[] = [];
  let day: Day | undefined;
  let filter: HistoryFilter = {};
  let untilMs: number | undefined;
  let steps: readonly StepCount[] = [];
  let events: readonly PastEventSummary[] = [];
  let next: number | null = null;
  /** Replies to older requests are ignored. */
  let request = 0;
  let loading: Promise<void> | undefined;
  const changes = eventChanges();

  const strip = dayStrip((chosen) => void openDay(chosen));
  const filters = historyFilters((changed) => change({ ...filter, ...changed }));
  const lanes = historyLanes({
    chooseCamera: (camera) => change({ ...filter, camera }),
    chooseTime(ms) {
      untilMs = ms;
      // At once, since the next key press moves on from here.
      showLanes();
      void reload();
    },
  });
  const viewer = historyViewer({
    neighbour(id, by) {
      const at = events.findIndex((event) => event.id === id);
      return at < 0 ? undefined : events[at + by];
    },
    loadMore,
    onClosed: (id) => list.focus(id),
  });
  const list = historyList(viewer.open);
  const title = element("h2", { id: "history-title", tabindex: "-1", text: "Events" });
  const all = element("button", { type: "button", class: "until", hidden: "" });
  const refresh = element("button", { type: "button", class: "quiet", text: "Refresh" });
  const message = element("div", { class: "history-message", role: "status" });
  const more = element("button", { type: "button", class: "more", text: "Show more", hidden: "" });
  container.replaceChildren(
    element("section", { class: "history-body", "aria-labelledby": "history-title" }, [
      element("div", { class: "history-head" }, [title, all, filters.fields, refresh]),
      strip.nav,
      lanes.section,
      message,
      list.list,
      more,
      keyHelp(KEYS),
    ]),
    viewer.dialog,
  );

  all.addEventListener("click", () => {
    untilMs = undefined;
    void reload();
  });
  refresh.addEventListener("click", () => void show());
  more.addEventListener("click", () => void loadMore());
  new IntersectionObserver(
    ([entry]) => {
      if (entry?.isIntersecting) void loadMore();
    },
    { rootMargin: "600px" },
  ).observe(more);
  container.addEventListener("keydown", (event) => {
    const by = event.key === "ArrowLeft" ? -1 : event.key === "ArrowRight" ? 1 : 0;
    if (!event.shiftKey || by === 0 || viewer.dialog.open) return;
    const to = days[days.findIndex(({ fromMs }) => fromMs === day?.fromMs) + by];
    event.preventDefault();
    if (to !== undefined) void openDay(to);
  });

  function change(changed: HistoryFilter): void {
    filter = changed;
    void reload();
  }

  async function openDay(chosen: Day): Promise<void> {
    day = chosen;
    untilMs = undefined;
    await reload();
  }

  /** Does work that requests something; its failure becomes a message. */
  async function attempt(work: () => Promise<void>): Promise<void> {
    const mine = ++request;
    try {
      await work();
    } catch (error) {
      if (mine === request) showProblem(error instanceof Error ? error.message : String(error));
    }
  }

  async function show(): Promise<void> {
    await attempt(async () => {
      const latest = latestDays(MOST_DAYS, Date.now());
      const reply = await requestDays(latest);
      const first = reply.days.findIndex((groups) => groups.length > 0);
      const from = Math.min(first < 0 ? MOST_DAYS : first, MOST_DAYS - LEAST_DAYS);
      days = latest.slice(from);
      counts = reply.days.slice(from);
      day = days.find(({ fromMs }) => fromMs === day?.fromMs) ?? days.at(-1);
    });
    await reload();
  }

  async function reload(): Promise<void> {
    const shown = day;
    if (shown === undefined) return;
    await attempt(async () => {
      const mine = request;
      const [timeline, page] = await Promise.all([
        requestSteps(shown, STEP_MS, { ...filter, camera: undefined }),
        requestEvents({ ...shown, toMs: untilMs ?? shown.toMs }, filter),
      ]);
      if (mine !== request) return;
      steps = timeline.steps;
      ({ next } = page);
      ({ events } = page);
      showAll();
      if (events.length === 0 && next !== null) await loadMore();
    });
  }

  /** Shows what happened since the events were loaded; what the user sees and does stays as it is. */
  async function update(): Promise<void> {
    const [shown, mine] = [day, request];
    if (shown === undefined || container.hidden) return;
    if (Date.now() >= (days.at(-1)?.toMs ?? 0)) return show();
    const [latest, timeline, page] = await Promise.all([
      requestDays(days),
      requestSteps(shown, STEP_MS, { ...filter, camera: undefined }),
      requestEvents({ ...shown, toMs: untilMs ?? shown.toMs }, filter),
    ]);
    if (mine !== request) return;
    counts = latest.days;
    steps = timeline.steps;
    ({ events, next } = withNewest({ events, next }, page));
    showAll();
    viewer.refresh();
  }

  /** Loads a page of events. Pages can be empty, since a page examines a limited number of events. */
  function loadMore(): Promise<void> {
    loading ??= loadPages().finally(() => {
      loading = undefined;
    });
    return loading;
  }

  async function loadPages(): Promise<void> {
    const [shown, mine, before] = [day, request, events.length];
    try {
      while (shown !== undefined && next !== null && events.length === before) {
        const page = await requestEvents({ ...shown, toMs: untilMs ?? shown.toMs }, filter, next);
        if (mine !== request) return;
        ({ next } = page);
        events = [...events, ...page.events];
      }
      showAll();
    } catch (error) {
      if (mine === request) showProblem(error instanceof Error ? error.message : String(error));
    }
  }

  function showAll(): void {
    if (day === undefined) return;
    const nowMs = Date.now();
    const matching = counts.map((groups) => sum(groups.filter(matches)));
    title.textContent = longDate(day.fromMs);
    all.hidden = untilMs === undefined;
    all.textContent = untilMs === undefined ? "" : `Up to ${clockTime(untilMs)} ✕`;
    all.title = "Show the whole day";
    strip.show({ days, counts: matching, day, nowMs });
    filters.show(filter, { cameras: allCameras(), counts: counts.flat() });
    showLanes();
    list.show(events);
    more.hidden = next === null;
    message.replaceChildren(...(events.length === 0 && next === null ? emptyState(matching) : []));
  }

  function showLanes(): void {
    if (day === undefined) return;
    const { camera } = filter;
    lanes.show({ day, nowMs: Date.now(), cameras: allCameras(), camera, steps, untilMs });
  }

  /** The configured cameras, and those that have events. */
  function allCameras(): readonly string[] {
    return [...new Set([...cameras, ...counts.flat().map(({ camera }) => camera)])];
  }

  function matches({ camera, label, zones }: EventCount): boolean {
    const isOther = (wanted: string | undefined, found: string) => wanted !== undefined && wanted !== found;
    if (isOther(filter.camera, camera) || isOther(filter.label, label)) return false;
    return filter.zone === undefined || zones.includes(filter.zone);
  }

  function emptyState(matching: readonly number[]): readonly Node[] {
    const latest = days[matching.findLastIndex((events) => events > 0)];
    const hasFilter = Object.values(filter).some((value) => value !== undefined);
    const isElsewhere = latest !== undefined && latest.fromMs !== day?.fromMs;
    return emptyMessage({
      hasEvents: sum(counts.flat()) > 0,
      hasFilter,
      actions: {
        ...(hasFilter ? { "Clear the filter": () => change({}) } : {}),
        ...(untilMs === undefined ? {} : { "Show the whole day": () => all.click() }),
        ...(isElsewhere ? { [`Open ${longDate(latest.fromMs)}`]: () => void openDay(latest) } : {}),
      },
    });
  }

  function showProblem(text: string): void {
    message.replaceChildren(...problemMessage(text, () => void show()));
  }

  // A failure shows at the next action of the user: the events on the page are still right.
  const updateSoon = delayed(() => void update().catch(() => {}), UPDATE_AFTER_MS);

  return {
    show: () => void show(),
    showEvent(event) {
      if (!container.hidden && changes.isNew(event)) updateSoon();
    },
    setCameras(names) {
      cameras = names;
    },
  };
}

function sum(groups: readonly EventCount[]): number {
  return groups.reduce((total, { events }) => total + events, 0);
}

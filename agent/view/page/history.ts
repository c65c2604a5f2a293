import { element } from "./element.ts";
import { delayed, eventChanges } from "./history-changes.ts";
import { dayStrip } from "./history-day-strip.ts";
import { clockTime, type Day, longDate } from "./history-days.ts";
import { emptyMessage, problemMessage } from "./history-empty.ts";
import { historyFilters } from "./history-filters.ts";
import { keyHelp } from "./history-keys.ts";
import { historyLanes } from "./history-lanes.ts";
import { historyList } from "./history-list.ts";
import { historyLoader } from "./history-loader.ts";
import type { EventCount } from "./history-protocol.ts";
import type { HistoryFilter } from "./history-requests.ts";
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
  const changes = eventChanges();
  const loader = historyLoader({ onLoaded: showAll, onProblem: showProblem });
  const { shown, loadMore } = loader;

  const strip = dayStrip(openDay);
  const filters = historyFilters((changed) => filterBy({ ...shown().filter, ...changed }));
  const lanes = historyLanes({
    chooseCamera: (camera) => filterBy({ ...shown().filter, camera }),
    chooseTime(untilMs) {
      void loader.choose({ untilMs });
      // At once, since the next key press moves on from here.
      showLanes();
    },
  });
  const viewer = historyViewer({
    neighbour(id, by) {
      const { events } = shown();
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

  all.addEventListener("click", showWholeDay);
  refresh.addEventListener("click", () => void loader.show());
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
    const { days, day } = shown();
    const to = days[days.findIndex(({ fromMs }) => fromMs === day?.fromMs) + by];
    event.preventDefault();
    if (to !== undefined) openDay(to);
  });

  function filterBy(filter: HistoryFilter): void {
    void loader.choose({ filter });
  }

  function openDay(day: Day): void {
    void loader.choose({ day, untilMs: undefined });
  }

  function showWholeDay(): void {
    void loader.choose({ untilMs: undefined });
  }

  function showAll(): void {
    const { days, counts, day, filter, untilMs, events, next } = shown();
    if (day === undefined) return;
    const matching = counts.map((groups) => sum(groups.filter((group) => matches(filter, group))));
    title.textContent = longDate(day.fromMs);
    all.hidden = untilMs === undefined;
    all.textContent = untilMs === undefined ? "" : `Up to ${clockTime(untilMs)} ✕`;
    all.title = "Show the whole day";
    strip.show({ days, counts: matching, day, nowMs: Date.now() });
    filters.show(filter, { cameras: allCameras(), counts: counts.flat() });
    showLanes();
    list.show(events);
    more.hidden = next === null;
    message.replaceChildren(...(events.length === 0 && next === null ? emptyState(matching) : []));
    viewer.refresh();
  }

  function showLanes(): void {
    const { day, filter, steps, untilMs } = shown();
    if (day === undefined) return;
    lanes.show({ day, nowMs: Date.now(), cameras: allCameras(), camera: filter.camera, steps, untilMs });
  }

  /** The configured cameras, and those that have events. */
  function allCameras(): readonly string[] {
    const withEvents = shown()
      .counts.flat()
      .map(({ camera }) => camera);
    return [...new Set([...cameras, ...withEvents])];
  }

  function emptyState(matching: readonly number[]): readonly Node[] {
    const { days, counts, day, filter, untilMs } = shown();
    const latest = days[matching.findLastIndex((events) => events > 0)];
    const hasFilter = Object.values(filter).some((value) => value !== undefined);
    const isElsewhere = latest !== undefined && latest.fromMs !== day?.fromMs;
    return emptyMessage({
      hasEvents: sum(counts.flat()) > 0,
      hasFilter,
      actions: {
        ...(hasFilter ? { "Clear the filter": () => filterBy({}) } : {}),
        ...(untilMs === undefined ? {} : { "Show the whole day": showWholeDay }),
        ...(isElsewhere ? { [`Open ${longDate(latest.fromMs)}`]: () => openDay(latest) } : {}),
      },
    });
  }

  function showProblem(text: string): void {
    message.replaceChildren(...problemMessage(text, () => void loader.show()));
  }

  // A failure shows at the next action of the user: the events on the page are still right.
  const updateSoon = delayed(() => {
    if (!container.hidden) void loader.update().catch(() => {});
  }, UPDATE_AFTER_MS);

  return {
    show: () => void loader.show(),
    showEvent(event) {
      if (!container.hidden && changes.isNew(event)) updateSoon();
    },
    setCameras(names) {
      cameras = names;
    },
  };
}

function matches({ camera, label, zone }: HistoryFilter, group: EventCount): boolean {
  const isOther = (wanted: string | undefined, found: string) => wanted !== undefined && wanted !== found;
  if (isOther(camera, group.camera) || isOther(label, group.label)) return false;
  return zone === undefined || group.zones.includes(zone);
}

function sum(groups: readonly EventCount[]): number {
  return groups.reduce((total, { events }) => total + events, 0);
}

import { cameraTile } from "./camera-tile.ts";
import { decisionList } from "./decision-list.ts";
import { element } from "./element.ts";
import { eventList } from "./event-list.ts";
import type { Activity, LogLine, Setting } from "./insight-protocol.ts";
import { motionChart } from "./motion-chart.ts";
import type { Layer } from "./overlay.ts";
import type { CameraHealth, CameraSetup, EventSummary, Sight } from "./protocol.ts";

/** The page of one camera. */
export interface CameraPage {
  readonly camera: string;
  showSight(sight: Sight): void;
  showEvent(event: EventSummary): void;
  showHealth(health: CameraHealth): void;
  /** Redraws after a change of layers. */
  draw(): void;
  remove(): void;
}

const EVERY_MS = 2_000;

/** Shows a camera: live, its events, motion and decisions, the log, and the configuration as it is in force. */
export function openCameraPage(
  container: HTMLElement,
  setup: CameraSetup,
  layers: ReadonlySet<Layer>,
): CameraPage {
  const { name } = setup;
  const tile = cameraTile(setup, layers);
  const list = element("ol", { class: "events" });
  const scroll = element("div", { class: "events-log", role: "log", "aria-label": "Events of this camera" }, [
    list,
  ]);
  const events = eventList(list);
  const motion = motionChart();
  const decisions = decisionList();
  const log = element("ol", { class: "log", tabindex: "0" });
  const config = element("div", { class: "stack" });
  const left = element("div", { class: "stack" }, [
    element("h2", { class: "hidden", text: name }),
    tile.figure,
    card("Motion in the last five minutes", motion.chart),
    card("Objects, and why they were events or not", decisions.list),
  ]);
  const right = element("div", { class: "stack" }, [
    card("Events since the start", scroll),
    card("Log", log),
    card("Configuration in force", config),
  ]);
  container.replaceChildren(left, right);
  tile.begin();

  async function refresh(): Promise<void> {
    if (container.hidden || document.hidden) return;
    const activity = await requested<Activity>(`cameras/${name}/activity`);
    if (activity === undefined) return;
    motion.show(activity.motion);
    decisions.show(activity.decisions);
    showLog(activity.log);
  }

  function showLog(lines: readonly LogLine[]): void {
    // A reader who has scrolled up keeps their place.
    const isAtEnd = log.scrollTop + log.clientHeight >= log.scrollHeight - 4;
    log.replaceChildren(
      ...(lines.length === 0
        ? [element("li", { class: "details", text: "No lines yet." })]
        : lines.map(({ timeMs, level, text }) => {
            const time = element("time", { text: new Date(timeMs).toLocaleTimeString() });
            return element("li", { class: `line ${level}` }, [
              time,
              element("span", { text: `${level}: ${text}` }),
            ]);
          })),
    );
    if (isAtEnd) log.scrollTop = log.scrollHeight;
  }

  void refresh();
  void requested<readonly Setting[]>(`cameras/${name}/config`).then((settings = []) => {
    config.replaceChildren(...sections(settings));
  });
  const timer = setInterval(() => void refresh(), EVERY_MS);

  return {
    camera: name,
    showSight: tile.showSight,
    showEvent: events.show,
    showHealth: tile.showHealth,
    draw: tile.draw,
    remove() {
      clearInterval(timer);
      tile.remove();
      container.replaceChildren();
    },
  };
}

function card(title: string, content: Node): HTMLElement {
  return element("section", { class: "card" }, [element("h2", { text: title }), content]);
}

/** The keys of each section: those of the camera are open. */
function sections(settings: readonly Setting[]): readonly Node[] {
  const names = [...new Set(settings.map(({ section }) => section))];
  return names.map((name) => {
    const own = settings.filter(({ section }) => section === name);
    const rows = own.map(({ key, value, description, isDefault }) =>
      element("div", { class: "setting" }, [
        element("dt", {}, [element("code", { text: key })]),
        element("dd", {}, [
          element("code", { text: value }),
          ...(isDefault ? [element("span", { class: "details", text: " (default)" })] : []),
        ]),
        element("dd", { class: "details", text: description }),
      ]),
    );
    const title = name === "" ? "This camera" : name;
    const details = element("details", {}, [
      element("summary", { text: `${title} (${own.length})` }),
      element("dl", {}, rows),
    ]);
    return details;
  });
}

async function requested<T>(address: string): Promise<T | undefined> {
  try {
    const reply = await fetch(address, { cache: "no-store" });
    return reply.ok ? await reply.json() : undefined;
  } catch {
    // The agent or the network is away; the next request may succeed.
    return undefined;
  }
}

import { element, svgElement } from "./element.ts";
import { clockTime, type Day, STEP_MS } from "./history-days.ts";
import type { StepCount } from "./history-protocol.ts";

/** The day as a timeline: a lane for each camera. */
export interface HistoryLanes {
  readonly section: HTMLElement;
  show(shown: ShownLanes): void;
}

export interface ShownLanes {
  readonly day: Day;
  readonly nowMs: number;
  readonly cameras: readonly string[];
  /** The only camera whose events are listed; undefined: all. */
  readonly camera: string | undefined;
  readonly steps: readonly StepCount[];
  /** Events that started later are not listed; undefined: all are. */
  readonly untilMs: number | undefined;
}

export interface LaneActions {
  chooseCamera(camera: string | undefined): void;
  /** Lists the events up to this time; undefined: all. */
  chooseTime(untilMs: number | undefined): void;
}

const HOURS = [0, 6, 12, 18] as const;

/** A lane has a bar for every quarter of an hour. The arrow keys move along it, a click leads to a time. */
export function historyLanes({ chooseCamera, chooseTime }: LaneActions): HistoryLanes {
  const lanes = element("div", { class: "lanes-rows" });
  const axis = element("div", { class: "lanes-axis", "aria-hidden": "true" });
  const section = element("section", { class: "lanes card", "aria-label": "Timeline by camera" }, [
    lanes,
    axis,
  ]);
  let shown: ShownLanes | undefined;

  function stepCount({ fromMs, toMs }: Day): number {
    return Math.ceil((toMs - fromMs) / STEP_MS);
  }

  function chooseStep(step: number): void {
    if (shown === undefined) return;
    const { day } = shown;
    const last = stepCount(day) - 1;
    chooseTime(step >= last ? undefined : day.fromMs + (Math.max(0, step) + 1) * STEP_MS);
  }

  function laneOf(camera: string, highest: number, { day, nowMs, untilMs, ...all }: ShownLanes): HTMLElement {
    const count = stepCount(day);
    const steps = all.steps.filter((one) => one.camera === camera);
    const events = steps.reduce((sum, one) => sum + one.events, 0);
    const chosen = untilMs === undefined ? count - 1 : Math.round((untilMs - day.fromMs) / STEP_MS) - 1;
    const svg = svgElement("svg", {
      viewBox: `0 0 ${count} 100`,
      preserveAspectRatio: "none",
      "aria-hidden": "true",
    });
    if (untilMs !== undefined) {
      svg.append(rectangle(chosen + 1, 0, count - chosen - 1, 100, "later"));
    } else if (nowMs < day.toMs) {
      const now = Math.max(0, (nowMs - day.fromMs) / STEP_MS);
      svg.append(rectangle(now, 0, count - now, 100, "later"));
    }
    for (const { step, events: height } of steps) {
      // The square root makes single events visible beside busy hours.
      const share = 18 + 82 * Math.sqrt(height / highest);
      svg.append(rectangle(step + 0.1, 100 - share, 0.8, share, "bar-of-step"));
    }
    const strip = element("div", {
      class: "strip",
      role: "slider",
      tabindex: "0",
      "aria-label": `${camera}: events up to`,
      "aria-valuemin": "0",
      "aria-valuemax": String(count - 1),
      "aria-valuenow": String(chosen),
      "aria-valuetext": untilMs === undefined ? `the whole day, ${events} events` : clockTime(untilMs),
      "data-camera": camera,
    });
    strip.append(svg);
    strip.addEventListener("click", ({ clientX }) => {
      const { left, width } = strip.getBoundingClientRect();
      chooseStep(Math.floor(((clientX - left) / width) * count));
    });
    strip.addEventListener("keydown", (event) => {
      const to = stepOfKey(event.key, chosen, count);
      if (to === undefined || event.shiftKey) return;
      event.preventDefault();
      chooseStep(to);
    });
    const name = element("button", { type: "button", class: "lane-name", title: camera }, [
      element("span", { class: "lane-camera", text: `${camera} ` }),
      element("span", { class: "lane-count", text: String(events) }),
      element("span", { class: "hidden", text: events === 1 ? " event" : " events" }),
    ]);
    const isChosen = all.camera === camera;
    name.setAttribute("aria-pressed", String(isChosen));
    name.addEventListener("click", () => chooseCamera(isChosen ? undefined : camera));
    const row = element("div", { class: "lane" }, [name, strip]);
    row.classList.toggle("other", all.camera !== undefined && !isChosen);
    return row;
  }

  return {
    section,
    show(next) {
      const focused = document.activeElement;
      const key = focused instanceof HTMLElement && lanes.contains(focused) ? keyOf(focused) : undefined;
      shown = next;
      const highest = Math.max(1, ...next.steps.map(({ events }) => events));
      lanes.replaceChildren(...next.cameras.map((camera) => laneOf(camera, highest, next)));
      axis.replaceChildren(...HOURS.map((hour) => axisLabel(hour, next.day)));
      if (key === undefined) return;
      const same = [...lanes.querySelectorAll<HTMLElement>("button, [role=slider]")];
      same.find((one) => keyOf(one) === key)?.focus();
    },
  };
}

function keyOf(control: HTMLElement): string {
  return control.dataset.camera ?? `name ${control.textContent}`;
}

function stepOfKey(key: string, chosen: number, count: number): number | undefined {
  switch (key) {
    case "ArrowLeft":
    case "ArrowDown":
      return Math.max(0, chosen - 1);
    case "ArrowRight":
    case "ArrowUp":
      return Math.min(count - 1, chosen + 1);
    case "PageDown":
      return Math.max(0, chosen - 4);
    case "PageUp":
      return Math.min(count - 1, chosen + 4);
    case "Home":
      return 0;
    case "End":
      return count - 1;
    default:
      return undefined;
  }
}

function axisLabel(hour: number, { fromMs, toMs }: Day): HTMLElement {
  const at = new Date(fromMs).setHours(hour);
  const label = element("span", { text: clockTime(at) });
  label.style.left = `${((at - fromMs) / (toMs - fromMs)) * 100}%`;
  return label;
}

function rectangle(x: number, y: number, width: number, height: number, name: string): SVGRectElement {
  const at = { x: String(x), y: String(y), width: String(width), height: String(height) };
  return svgElement("rect", { ...at, class: name });
}

import { element } from "./element.ts";
import { longDate } from "./history-days.ts";
import { eventDrawing } from "./history-drawing.ts";
import { keyHelp } from "./history-keys.ts";
import type { PastEventDetails, PastEventSummary } from "./history-protocol.ts";
import { pictureAddress, requestEvent } from "./history-requests.ts";
import { eventName, periodText, reasonText } from "./history-words.ts";

/** Shows one event large. */
export interface HistoryViewer {
  readonly dialog: HTMLDialogElement;
  open(event: PastEventSummary): void;
  /** The events have changed: the one that is shown may have another neighbour. */
  refresh(): void;
}

export interface ViewerSource {
  /** The event that is shown `by` places after another one; -1: the newer one. */
  neighbour(id: string, by: number): PastEventSummary | undefined;
  /** Loads further events. Resolves when they can be shown, or when there are none. */
  loadMore(): Promise<void>;
  /** The viewer was closed while it showed this event. */
  onClosed(id: string): void;
}

const SWIPE_PX = 50;
const KEYS = [
  ["←", "newer"],
  ["→", "older"],
  ["D", "drawing"],
  ["Esc", "close"],
] as const;

/** Keys: arrows for the newer and the older event, D for the drawing, Escape to close. On a phone: swipe. */
export function historyViewer({ neighbour, loadMore, onClosed }: ViewerSource): HistoryViewer {
  const title = element("h2", { id: "viewer-title" });
  const stage = element("div", { class: "viewer-stage" });
  const about = element("div", { class: "viewer-about", "aria-live": "polite" });
  const close = button("Close", "Close (Escape)", () => dialog.close());
  const newer = button("‹ Newer", "Newer event (left arrow)", () => void move(-1));
  const older = button("Older ›", "Older event (right arrow)", () => void move(1));
  const drawn = button("Drawing", "Track, zones and box over the image (D)", () => toggleDrawing());
  drawn.setAttribute("aria-pressed", "true");
  const dialog = element("dialog", { class: "viewer", "aria-labelledby": "viewer-title" }, [
    element("header", { class: "viewer-head" }, [title, close]),
    stage,
    about,
    element("footer", { class: "viewer-foot" }, [newer, drawn, older]),
    keyHelp(KEYS),
  ]);
  let shownId = "";

  function toggleDrawing(): void {
    const isHidden = stage.classList.toggle("plain");
    drawn.setAttribute("aria-pressed", String(!isHidden));
  }

  async function move(by: number): Promise<void> {
    const from = shownId;
    if (neighbour(from, by) === undefined && by > 0) await loadMore();
    const next = neighbour(from, by);
    if (next !== undefined) await show(next);
  }

  async function show(event: PastEventSummary): Promise<void> {
    shownId = event.id;
    title.textContent = `${event.label} at ${event.camera}`;
    newer.disabled = neighbour(event.id, -1) === undefined;
    older.disabled = false;
    stage.dataset.event = event.id;
    stage.replaceChildren();
    takeShape(event);
    about.replaceChildren(...aboutEvent(event));
    try {
      const details = await requestEvent(event.id);
      if (stage.dataset.event !== event.id) return;
      showDetails(details);
    } catch (error) {
      if (stage.dataset.event !== event.id) return;
      const text = error instanceof Error ? error.message : String(error);
      stage.replaceChildren(element("p", { class: "viewer-note", role: "alert", text }));
    }
    if (neighbour(event.id, 1) === undefined) await loadMore();
    if (shownId === event.id) older.disabled = neighbour(event.id, 1) === undefined;
  }

  function showDetails(event: PastEventDetails): void {
    stage.replaceChildren(...(event.hasPicture ? [largePicture(event)] : []), ...eventDrawing(event));
    about.replaceChildren(...aboutEvent(event));
  }

  /** As large as the window permits; a style sheet cannot compute this from the shape of the frame. */
  function takeShape({ width, height }: PastEventSummary): void {
    stage.style.aspectRatio = `${width} / ${height}`;
    stage.style.setProperty("--shape", String(width / height));
  }

  dialog.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === "ArrowLeft" || event.key === "ArrowUp") void move(-1);
    else if (event.key === "ArrowRight" || event.key === "ArrowDown") void move(1);
    else if (event.key === "d" || event.key === "D") toggleDrawing();
    else return;
    event.preventDefault();
  });
  dialog.addEventListener("close", () => onClosed(shownId));
  // A click on the backdrop has the dialog itself as its target.
  dialog.addEventListener("click", ({ target }) => {
    if (target === dialog) dialog.close();
  });
  onSwipe(stage, (by) => void move(by));

  return {
    dialog,
    refresh() {
      newer.disabled = neighbour(shownId, -1) === undefined;
    },
    open(event) {
      dialog.showModal();
      close.focus();
      void show(event);
    },
  };
}

/** The picture of an event; a sentence if it cannot be loaded. */
function largePicture(event: PastEventSummary): HTMLImageElement {
  const image = element("img", { src: pictureAddress(event.id, "full"), alt: eventName(event) });
  image.addEventListener("error", () => {
    const text = "The image cannot be loaded. It may have been removed from the agent's disk.";
    image.replaceWith(element("p", { class: "viewer-note", role: "status", text }));
  });
  return image;
}

function aboutEvent(event: PastEventSummary): readonly Node[] {
  const { camera, startMs, zones, score, hasPicture } = event;
  const where = zones.length === 0 ? "No zone" : `Zones: ${zones.join(", ")}`;
  return [
    element("p", { class: "viewer-when" }, [
      element("strong", { text: longDate(startMs) }),
      element("span", { text: ` ${periodText(event)}` }),
    ]),
    element("p", {
      class: "details",
      text: `${where}. Score ${Math.round(score * 100)} %. ${reasonText(event)}`,
    }),
    ...(hasPicture
      ? []
      : [
          element("p", {
            class: "details",
            text: `No image was stored. To store images of ${camera}, set snapshots.directory in its configuration.`,
          }),
        ]),
  ];
}

function button(text: string, name: string, press: () => void): HTMLButtonElement {
  const made = element("button", { type: "button", text, title: name });
  made.addEventListener("click", press);
  return made;
}

/** Calls `move` with 1 for a swipe to the left, and with -1 for one to the right. */
function onSwipe(area: HTMLElement, move: (by: 1 | -1) => void): void {
  let start: { readonly x: number; readonly y: number } | undefined;
  area.addEventListener("touchstart", ({ touches }) => {
    const [touch, second] = touches;
    start = touch === undefined || second !== undefined ? undefined : { x: touch.clientX, y: touch.clientY };
  });
  area.addEventListener("touchend", ({ changedTouches }) => {
    const [touch] = changedTouches;
    if (start === undefined || touch === undefined) return;
    const [dx, dy] = [touch.clientX - start.x, touch.clientY - start.y];
    start = undefined;
    if (Math.abs(dx) >= SWIPE_PX && Math.abs(dx) > 2 * Math.abs(dy)) move(dx < 0 ? 1 : -1);
  });
}

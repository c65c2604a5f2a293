import { durationText } from "./duration-text.ts";
import { element } from "./element.ts";
import type { EventSummary } from "./protocol.ts";

/** The agent keeps as many. */
export const MOST_EVENTS = 50;

/** Shows the latest events, newest first, each with its best snapshot. */
export function eventList(list: HTMLElement): { show(event: EventSummary): void; clear(): void } {
  const items = new Map<string, HTMLLIElement>();
  const nothing = element("li", {
    class: "nothing",
    text: "No events yet. An event appears here when it starts.",
  });
  list.replaceChildren(nothing);
  // Scrolling must work with the keyboard, too.
  if (list.parentElement !== null) list.parentElement.tabIndex = 0;
  return {
    show(event) {
      const item = items.get(event.id) ?? element("li", { "data-event": event.id });
      item.replaceChildren(...contentOf(event, item.querySelector("img")));
      item.classList.toggle("going-on", event.endMs === null);
      if (items.has(event.id)) return;
      nothing.remove();
      items.set(event.id, item);
      list.prepend(item);
      const [oldest] = items.keys();
      if (items.size <= MOST_EVENTS || oldest === undefined) return;
      items.get(oldest)?.remove();
      items.delete(oldest);
    },
    clear() {
      items.clear();
      list.replaceChildren(nothing);
    },
  };
}

function contentOf(event: EventSummary, before: HTMLImageElement | null): readonly Node[] {
  const { id, camera, label, topScore, startMs, endMs, zones, still, snapshots } = event;
  const start = new Date(startMs);
  const time = element("time", { datetime: start.toISOString(), text: start.toLocaleTimeString() });
  const duration = endMs === null ? "in view" : durationText(endMs - startMs);
  const where = zones.length === 0 ? camera : `${camera}: ${zones.join(", ")}`;
  const details = [
    duration,
    `${Math.round(topScore * 100)} %`,
    ...(still && endMs === null ? ["still"] : []),
  ];
  return [
    snapshotOf(`events/${id}.jpg?${snapshots}`, snapshots > 0, `${label} at ${camera}`, before),
    element("div", {}, [
      element("p", { class: "what" }, [element("strong", { text: label }), time]),
      element("p", { text: where }),
      element("p", { class: "details", text: details.join(", ") }),
    ]),
  ];
}

/** Reuses the existing image element, so that the snapshot does not flicker while the next one loads. */
function snapshotOf(src: string, exists: boolean, alt: string, before: HTMLImageElement | null): Node {
  if (!exists) return noSnapshot();
  // Loading fifty snapshots at once would delay the cameras' stills, so those further down load when they become visible.
  const image = before ?? newImage(alt);
  if (image.getAttribute("src") !== src) image.src = src;
  return image;
}

function newImage(alt: string): HTMLImageElement {
  const image = element("img", { alt, loading: "lazy", width: "72", height: "72" });
  image.addEventListener("error", () => image.replaceWith(noSnapshot()));
  return image;
}

function noSnapshot(): HTMLElement {
  return element("div", { class: "no-snapshot" });
}

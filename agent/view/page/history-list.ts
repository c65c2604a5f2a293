import { element } from "./element.ts";
import { clockTime, hourOf } from "./history-days.ts";
import { trackSketch } from "./history-drawing.ts";
import type { PastEventSummary } from "./history-protocol.ts";
import { pictureAddress } from "./history-requests.ts";
import { lengthText } from "./history-words.ts";

/** The events of a day as cards, newest first, below headings for the hours. */
export interface HistoryList {
  readonly list: HTMLElement;
  /** Shows these events. Cards of events that have not changed stay, with the focus and the position of the page. */
  show(events: readonly PastEventSummary[]): void;
  /** Moves the focus to the card of an event. */
  focus(id: string): void;
}

/** @param open receives the event whose card was pressed */
export function historyList(open: (event: PastEventSummary) => void): HistoryList {
  const list = element("ol", { class: "past-events", "aria-label": "Events" });
  /** By their content. */
  let items: ReadonlyMap<string, HTMLLIElement> = new Map();

  function itemOf(event: PastEventSummary): HTMLLIElement {
    const card = cardOf(event);
    card.addEventListener("click", () => open(event));
    return element("li", {}, [card]);
  }

  function cards(): readonly HTMLButtonElement[] {
    return [...list.querySelectorAll<HTMLButtonElement>("button.past-event")];
  }

  function focus(id: string): void {
    cards()
      .find((card) => card.dataset.event === id)
      ?.focus({ preventScroll: true });
  }

  list.addEventListener("keydown", (event) => {
    const all = cards();
    const at = all.findIndex((card) => card.matches(":focus"));
    const to = at < 0 ? undefined : neighbour(all, at, event.key);
    if (to === undefined || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    all[to]?.focus();
  });

  return {
    list,
    show(events) {
      const focused = cards().find((card) => card.matches(":focus"));
      const wanted = new Map<string, HTMLLIElement>();
      for (const event of events) {
        const hour = `hour ${hourOf(event.startMs)}`;
        if (!wanted.has(hour)) wanted.set(hour, items.get(hour) ?? hourHeading(event.startMs));
        const content = JSON.stringify(event);
        wanted.set(content, items.get(content) ?? itemOf(event));
      }
      for (const [content, item] of items) if (!wanted.has(content)) item.remove();
      let at = 0;
      for (const item of wanted.values()) {
        const there = list.children[at++];
        if (there !== item) list.insertBefore(item, there ?? null);
      }
      items = wanted;
      // The focused card may have been replaced by a newer one of the same event.
      if (focused?.isConnected === false) focus(focused.dataset.event ?? "");
    },
    focus,
  };
}

function hourHeading(ms: number): HTMLLIElement {
  return element("li", { class: "hour" }, [element("h3", { text: clockTime(hourOf(ms)) })]);
}

function cardOf(event: PastEventSummary): HTMLButtonElement {
  const { id, label, camera, startMs, zones, score, hasPicture } = event;
  const picture = hasPicture ? smallPicture(event) : trackSketch(event);
  const time = element("time", { datetime: new Date(startMs).toISOString(), text: clockTime(startMs) });
  const card = element("button", { type: "button", class: "past-event", "data-event": id }, [
    element("span", { class: "thumb" }, [picture]),
    element("span", { class: "about" }, [
      element("span", { class: "what" }, [element("strong", { text: `${label} ` }), time]),
      element("span", { class: "where", text: ` ${[camera, ...zones].join(" · ")} ` }),
      element("span", { class: "details", text: `${lengthText(event)}, ${Math.round(score * 100)} %` }),
    ]),
  ]);
  if (event.reason === null) card.classList.add("going-on");
  return card;
}

/** The picture of an event; if it cannot be loaded, its track. */
function smallPicture(event: PastEventSummary): HTMLImageElement {
  const src = pictureAddress(event.id, "small");
  const image = element("img", { src, alt: "", loading: "lazy", decoding: "async" });
  image.addEventListener("error", () => image.replaceWith(trackSketch(event)));
  return image;
}

/** The card that an arrow key leads to; undefined: none. Up and down lead to the nearest card of the next row. */
function neighbour(cards: readonly HTMLElement[], at: number, key: string): number | undefined {
  if (key === "Home") return 0;
  if (key === "End") return cards.length - 1;
  if (key === "ArrowRight") return at + 1 < cards.length ? at + 1 : undefined;
  if (key === "ArrowLeft") return at > 0 ? at - 1 : undefined;
  if (key !== "ArrowUp" && key !== "ArrowDown") return undefined;
  const from = cards[at]?.getBoundingClientRect();
  if (from === undefined) return undefined;
  const step = key === "ArrowDown" ? 1 : -1;
  let best: { readonly index: number; readonly top: number; readonly distance: number } | undefined;
  for (let index = at + step; cards[index] !== undefined; index += step) {
    const { left, top } = cards[index]?.getBoundingClientRect() ?? from;
    if (Math.abs(top - from.top) < 4) continue;
    if (best !== undefined && Math.abs(top - best.top) >= 4) break;
    const distance = Math.abs(left - from.left);
    if (best === undefined || distance < best.distance) best = { index, top, distance };
  }
  return best?.index;
}

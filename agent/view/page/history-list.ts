import { element } from "./element.ts";
import { clockTime, hourOf } from "./history-days.ts";
import { trackSketch } from "./history-drawing.ts";
import type { PastEventSummary } from "./history-protocol.ts";
import { pictureAddress } from "./history-requests.ts";
import { lengthText } from "./history-words.ts";

/** The events of a day as cards, newest first, below headings for the hours. */
export interface HistoryList {
  readonly list: HTMLElement;
  clear(): void;
  add(events: readonly PastEventSummary[]): void;
  /** Moves the focus to the card of an event. */
  focus(index: number): void;
}

/** @param open receives the index of the event whose card was pressed */
export function historyList(open: (index: number) => void): HistoryList {
  const list = element("ol", { class: "past-events", "aria-label": "Events" });
  let cards: HTMLButtonElement[] = [];
  let hour: number | undefined;

  list.addEventListener("keydown", (event) => {
    const at = cards.findIndex((card) => card.matches(":focus"));
    const to = at < 0 ? undefined : neighbour(cards, at, event.key);
    if (to === undefined || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    cards[to]?.focus();
  });

  return {
    list,
    clear() {
      cards = [];
      hour = undefined;
      list.replaceChildren();
    },
    add(events) {
      const items = document.createDocumentFragment();
      for (const event of events) {
        const itsHour = hourOf(event.startMs);
        if (itsHour !== hour) {
          items.append(element("li", { class: "hour" }, [element("h3", { text: clockTime(itsHour) })]));
          hour = itsHour;
        }
        const index = cards.length;
        const card = cardOf(event);
        card.addEventListener("click", () => open(index));
        cards.push(card);
        items.append(element("li", {}, [card]));
      }
      list.append(items);
    },
    focus: (index) => cards[index]?.focus(),
  };
}

function cardOf(event: PastEventSummary): HTMLButtonElement {
  const { id, label, camera, startMs, zones, score, hasPicture } = event;
  const picture = hasPicture
    ? element("img", { src: pictureAddress(id, "small"), alt: "", loading: "lazy", decoding: "async" })
    : trackSketch(event);
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

import { element } from "./element.ts";
import type { EventSummary } from "./protocol.ts";

/** So many stay in the list. */
const SHOWN = 50;

/** The latest events, newest first, each with its best picture. */
export function eventList(list: HTMLElement): { tell(news: EventSummary): void; clear(): void } {
  const items = new Map<string, HTMLLIElement>();
  const nothing = element("li", {
    class: "nothing",
    text: "Nothing yet. An event appears here when it begins.",
  });
  list.replaceChildren(nothing);
  // What scrolls must do so by the keyboard, too.
  if (list.parentElement !== null) list.parentElement.tabIndex = 0;
  return {
    tell(news) {
      const item = items.get(news.id) ?? element("li", { "data-event": news.id });
      item.replaceChildren(...contentOf(news, item.querySelector("img")));
      item.classList.toggle("going-on", news.endMs === null);
      if (items.has(news.id)) return;
      nothing.remove();
      items.set(news.id, item);
      list.prepend(item);
      const [oldest] = items.keys();
      if (items.size <= SHOWN || oldest === undefined) return;
      items.get(oldest)?.remove();
      items.delete(oldest);
    },
    clear() {
      items.clear();
      list.replaceChildren(nothing);
    },
  };
}

function contentOf(news: EventSummary, before: HTMLImageElement | null): readonly Node[] {
  const { id, camera, label, topScore, startMs, endMs, zones, still, picture } = news;
  const start = new Date(startMs);
  const time = element("time", { datetime: start.toISOString(), text: start.toLocaleTimeString() });
  const lasting = endMs === null ? "in view" : lastingWords(endMs - startMs);
  const where = zones.length === 0 ? camera : `${camera}: ${zones.join(", ")}`;
  const details = [lasting, `${Math.round(topScore * 100)} %`, ...(still && endMs === null ? ["still"] : [])];
  return [
    pictureOf(`events/${id}.jpg?${picture}`, picture > 0, `${label} at ${camera}`, before),
    element("div", {}, [
      element("p", { class: "what" }, [element("strong", { text: label }), time]),
      element("p", { text: where }),
      element("p", { class: "details", text: details.join(", ") }),
    ]),
  ];
}

/** The picture that is there already stays until the next is loaded: nothing flickers. */
function pictureOf(src: string, isThere: boolean, alt: string, before: HTMLImageElement | null): Node {
  if (!isThere) return element("div", { class: "no-picture" });
  // Fifty of them at once would keep the cameras' pictures waiting: those further down come when they are scrolled to.
  const picture = before ?? element("img", { alt, loading: "lazy", width: "72", height: "72" });
  if (picture.getAttribute("src") !== src) picture.src = src;
  return picture;
}

/** `12 s`, `3 min 5 s`, `2 h 10 min`. */
export function lastingWords(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  if (hours > 0) return `${hours} h ${minutes} min`;
  return minutes > 0 ? `${minutes} min ${seconds % 60} s` : `${seconds} s`;
}

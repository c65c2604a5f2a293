import { durationText } from "./duration-text.ts";
import { element } from "./element.ts";
import type { Decision } from "./insight-protocol.ts";

/** Lists what the detector found in the last minutes, and why it was an event or not. */
export function decisionList(): { readonly list: HTMLElement; show(decisions: readonly Decision[]): void } {
  const list = element("ol", { class: "decisions", tabindex: "0", "aria-label": "Decisions, newest first" });
  return {
    list,
    show(decisions) {
      list.replaceChildren(
        ...(decisions.length === 0
          ? [element("li", { class: "details", text: "The detector has found nothing in the last minutes." })]
          : decisions.map(item)),
      );
    },
  };
}

function item({ label, startMs, endMs, topScore, frames, event, why, key, zones }: Decision): HTMLElement {
  const time = element("time", { text: new Date(startMs).toLocaleTimeString() });
  const verdict = element("span", { text: event === null ? "No event" : "Event", class: "dot" });
  verdict.dataset.state = event === null ? "fair" : "good";
  const figures = `${durationText(endMs - startMs)}, ${frames} frames, up to ${Math.round(topScore * 100)} %`;
  const missed = zones.filter((zone) => zone.why !== null);
  const entered = zones.filter((zone) => zone.why === null).map(({ name }) => name);
  const reason = why === null ? [] : [element("p", { text: `${upper(why)}.` })];
  return element("li", {}, [
    element("p", { class: "what" }, [element("strong", { text: label }), verdict, time]),
    ...reason,
    ...(key === null ? [] : [element("p", { class: "details" }, [element("code", { text: key })])]),
    ...(entered.length === 0 ? [] : [element("p", { text: `Zones: ${entered.join(", ")}.` })]),
    ...missed.map((zone) => element("p", { class: "details", text: `Not in ${zone.name}: ${zone.why}.` })),
    element("p", { class: "details", text: figures }),
  ]);
}

function upper(sentence: string): string {
  return sentence.charAt(0).toUpperCase() + sentence.slice(1);
}

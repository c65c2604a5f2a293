import { element } from "./element.ts";
import { type Day, shortDate, weekdayName } from "./history-days.ts";

/** The days to choose from. */
export interface DayStrip {
  readonly nav: HTMLElement;
  show(shown: {
    readonly days: readonly Day[];
    /** The number of events on each day that match the filter. */
    readonly counts: readonly number[];
    readonly day: Day;
    readonly nowMs: number;
  }): void;
}

/** Shows a button for each day, with a bar for the number of its events. */
export function dayStrip(choose: (day: Day) => void): DayStrip {
  const nav = element("nav", { class: "day-strip", "aria-label": "Days" });
  let shownDay: number | undefined;
  return {
    nav,
    show({ days, counts, day, nowMs }) {
      const hadFocus = nav.contains(document.activeElement);
      const highest = Math.max(1, ...counts);
      const buttons = days.map((one, index) => {
        const count = counts[index] ?? 0;
        const bar = element("span", { class: "day-bar" });
        bar.style.setProperty("--share", String(count / highest));
        const button = element("button", { type: "button", class: "day" }, [
          element("span", { class: "day-name", text: `${weekdayName(one, nowMs)} ` }),
          element("span", { class: "day-date", text: `${shortDate(one.fromMs)} ` }),
          bar,
          element("span", { class: "day-count", text: String(count) }),
          element("span", { class: "hidden", text: count === 1 ? " event" : " events" }),
        ]);
        const isChosen = one.fromMs === day.fromMs;
        button.setAttribute("aria-pressed", String(isChosen));
        button.classList.toggle("none", count === 0);
        button.addEventListener("click", () => choose(one));
        return button;
      });
      nav.replaceChildren(...buttons);
      const chosen = nav.querySelector<HTMLElement>('[aria-pressed="true"]');
      if (hadFocus) chosen?.focus();
      if (chosen !== null && shownDay !== day.fromMs) {
        nav.scrollLeft = chosen.offsetLeft - nav.offsetLeft - (nav.clientWidth - chosen.offsetWidth) / 2;
      }
      shownDay = day.fromMs;
    },
  };
}

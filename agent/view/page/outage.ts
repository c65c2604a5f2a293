import { durationText } from "./duration-text.ts";
import { element } from "./element.ts";
import type { CameraHealth } from "./protocol.ts";

/** A note over the last frame of an offline camera: why it is offline, and since when. */
export function outageNote(): {
  readonly note: HTMLElement;
  show(outage: CameraHealth["outage"]): void;
} {
  const since = element("p", { class: "outage-since" });
  const reason = element("p");
  const remedy = element("p", { class: "details" });
  const note = element("div", { class: "outage", hidden: "" }, [since, reason, remedy]);
  return {
    note,
    show(outage) {
      note.hidden = outage === null;
      if (outage === null) return;
      since.textContent = `Offline since ${momentText(outage.sinceMs)} (${durationText(Date.now() - outage.sinceMs)})`;
      reason.textContent = outage.reason ?? "The camera has not answered yet.";
      remedy.textContent = outage.remedy ?? "";
    },
  };
}

/** The time of day, and the date unless it is today. */
function momentText(unixMs: number): string {
  const moment = new Date(unixMs);
  const isToday = moment.toDateString() === new Date().toDateString();
  return isToday ? moment.toLocaleTimeString() : moment.toLocaleString();
}

import { element } from "./element.ts";

/** Why a list of events is empty, and what a user can do. */
export interface EmptyList {
  /** Whether there are events on other days, or ones that do not match the filter. */
  readonly hasEvents: boolean;
  readonly hasFilter: boolean;
  /** By the text of their buttons. */
  readonly actions: Readonly<Record<string, () => void>>;
}

/** The message in place of an empty list. */
export function emptyMessage({ hasEvents, hasFilter, actions }: EmptyList): readonly Node[] {
  if (!hasEvents) {
    return [
      element("h3", { text: "No events yet" }),
      element("p", {
        text: "An event appears here when a camera sees an object whose label is in objects.track. Walk past a camera, and watch the boxes on the Live page. The history contains only events since the live view was enabled.",
      }),
    ];
  }
  return [
    element("h3", { text: hasFilter ? "No event matches the filter" : "No events on this day" }),
    actionRow(actions),
  ];
}

/** The message in place of events that cannot be loaded. */
export function problemMessage(text: string, tryAgain: () => void): readonly Node[] {
  return [
    element("h3", { text: "The events cannot be shown" }),
    element("p", { class: "bad", text }),
    actionRow({ "Try again": tryAgain }),
  ];
}

function actionRow(actions: EmptyList["actions"]): HTMLElement {
  const buttons = Object.entries(actions).map(([text, press]) => {
    const button = element("button", { type: "button", text });
    button.addEventListener("click", press);
    return button;
  });
  return element("p", { class: "row" }, buttons);
}

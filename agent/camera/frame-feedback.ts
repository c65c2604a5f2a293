import type { PlanEvent } from "./decode-plan.ts";

/** The reports of later stages about frames; `timeMs` as in `Frame`. */
export type FeedbackEvent = Extract<PlanEvent, { readonly type: "frame" | "tracks" }>;

/** Carries reports about frames back to the stream that is open. */
export interface FrameFeedback {
  report(event: FeedbackEvent): void;
  /** Reports go to this receiver until it is disposed of. */
  receive(receiver: (event: FeedbackEvent) => void): Disposable;
}

export function frameFeedback(): FrameFeedback {
  let current: ((event: FeedbackEvent) => void) | undefined;
  return {
    report: (event) => current?.(event),
    receive(receiver) {
      current = receiver;
      return {
        [Symbol.dispose]() {
          if (current === receiver) current = undefined;
        },
      };
    },
  };
}

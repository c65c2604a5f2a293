import { expect, test } from "vitest";
import { type FeedbackEvent, frameFeedback } from "../../../agent/camera/frame-feedback.ts";

const EVENT: FeedbackEvent = { type: "tracks", areMoving: true };

test("reports go to the receiver of the open stream until it is disposed of", () => {
  const feedback = frameFeedback();
  const received: string[] = [];
  feedback.report(EVENT);
  const first = feedback.receive(() => received.push("first"));
  feedback.report(EVENT);
  first[Symbol.dispose]();
  feedback.report(EVENT);
  feedback.receive(() => received.push("second"));
  feedback.report(EVENT);
  expect(received).toEqual(["first", "second"]);
});

test("a stream that closes late does not take the reports from the next one", () => {
  const feedback = frameFeedback();
  const received: string[] = [];
  const first = feedback.receive(() => received.push("first"));
  feedback.receive(() => received.push("second"));
  first[Symbol.dispose]();
  feedback.report(EVENT);
  expect(received).toEqual(["second"]);
});

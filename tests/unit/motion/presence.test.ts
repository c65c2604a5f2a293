import { expect, test } from "vitest";
import { advancePresence, NOTHING_MOVED, type Presence } from "../../../agent/motion/presence.ts";

/** What is told over time: [seconds, moving?] → messages with their times. */
function tell(frames: readonly (readonly [seconds: number, moving: boolean])[], offDelaySeconds: number) {
  let state: Presence = NOTHING_MOVED;
  return frames.flatMap(([seconds, moving]) => {
    const step = advancePresence(state, moving, seconds * 1000, offDelaySeconds * 1000);
    state = step.state;
    return step.message === undefined ? [] : [`${seconds} ${step.message}`];
  });
}

test("the first frame tells what is so: a retained message of an earlier run may say otherwise", () => {
  expect(tell([[0, false]], 30)).toEqual(["0 OFF"]);
  expect(tell([[0, true]], 30)).toEqual(["0 ON"]);
});

test("ON comes with the first motion, OFF after the delay without any", () => {
  const frames = Array.from({ length: 60 }, (_, second) => [second, second >= 5 && second < 10] as const);
  expect(tell(frames, 30)).toEqual(["0 OFF", "5 ON", "39 OFF"]);
});

test("motion again before the delay is over keeps it ON", () => {
  const frames = Array.from({ length: 100 }, (_, second) => [second, second % 20 === 5] as const);
  expect(tell(frames, 30)).toEqual(["0 OFF", "5 ON"]);
});

test("a delay of 0 tells every pause", () => {
  expect(
    tell(
      [
        [0, true],
        [1, false],
        [2, true],
      ],
      0,
    ),
  ).toEqual(["0 ON", "1 OFF", "2 ON"]);
});

test("a clock that goes back does not keep it ON for ever", () => {
  expect(
    tell(
      [
        [1000, true],
        [2, false],
      ],
      30,
    ),
  ).toEqual(["1000 ON", "2 OFF"]);
});

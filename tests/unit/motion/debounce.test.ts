import { expect, test } from "vitest";
import { debounceMotion, type MotionState, NO_MOTION } from "../../../agent/motion/debounce.ts";

/** The messages and their times for frames of [seconds, moving?]. */
function publish(frames: readonly (readonly [seconds: number, moving: boolean])[], offDelaySeconds: number) {
  let state: MotionState = NO_MOTION;
  return frames.flatMap(([seconds, moving]) => {
    const step = debounceMotion(state, moving, seconds * 1000, offDelaySeconds * 1000);
    state = step.state;
    return step.message === undefined ? [] : [`${seconds} ${step.message}`];
  });
}

test("publishes the state at the first frame, because a retained message may be outdated", () => {
  expect(publish([[0, false]], 30)).toEqual(["0 OFF"]);
  expect(publish([[0, true]], 30)).toEqual(["0 ON"]);
});

test("publishes ON at the first motion, and OFF after the delay without any", () => {
  const frames = Array.from({ length: 60 }, (_, second) => [second, second >= 5 && second < 10] as const);
  expect(publish(frames, 30)).toEqual(["0 OFF", "5 ON", "39 OFF"]);
});

test("stays ON when motion returns within the delay", () => {
  const frames = Array.from({ length: 100 }, (_, second) => [second, second % 20 === 5] as const);
  expect(publish(frames, 30)).toEqual(["0 OFF", "5 ON"]);
});

test("publishes every pause with a delay of 0", () => {
  expect(
    publish(
      [
        [0, true],
        [1, false],
        [2, true],
      ],
      0,
    ),
  ).toEqual(["0 ON", "1 OFF", "2 ON"]);
});

test("does not stay ON for ever when the clock goes back", () => {
  expect(
    publish(
      [
        [1000, true],
        [2, false],
      ],
      30,
    ),
  ).toEqual(["1000 ON", "2 OFF"]);
});

import { describe, expect, test } from "vitest";
import type { Sight } from "../../../../agent/view/page/protocol.ts";
import { type SightHistory, sightHistory } from "../../../../agent/view/page/sight-history.ts";

/** Frames of a person who moves by 10 pixels in 100 ms. */
function sightAt(timeMs: number, { still = false, found = true, left = timeMs / 10 } = {}): Sight {
  return {
    type: "sight",
    camera: "door",
    timeMs,
    width: 640,
    height: 360,
    motion: still ? [] : [[left, 0, left + 20, 40]],
    regions: [],
    objects: [
      {
        track: 1,
        label: "person",
        score: 0.9,
        box: [left, 0, left + 20, 40],
        colour: "#ffffff",
        ink: "#000000",
        sure: true,
        found,
        still,
        zones: [],
      },
    ],
  };
}

/** Results every 200 ms, each of which arrives this much later. */
function historyOf(seconds: number, delayMs: number): SightHistory {
  const history = sightHistory(5);
  for (let timeMs = 0; timeMs <= seconds * 1000; timeMs += 200)
    history.add(sightAt(timeMs), timeMs + delayMs);
  return history;
}

const leftAt = (history: SightHistory, timeMs: number) => history.at(timeMs)?.objects[0]?.box[0];

describe("the results for a frame of the video", () => {
  test("are those of this frame, however much later the video is", () => {
    const history = historyOf(20, 100);
    expect(leftAt(history, 4_000)).toBe(400);
    expect(leftAt(history, 20_000)).toBe(2_000);
  });

  test("have their boxes between those of two examined frames", () => {
    expect(leftAt(historyOf(2, 100), 1_050)).toBeCloseTo(105);
  });

  test("have no box of a moving object while it is not known where it is", () => {
    const history = historyOf(2, 100);
    expect(history.at(2_100)?.objects).toEqual([]);
    expect(history.at(2_100)?.motion).toEqual([]);
  });

  test("have no predicted box of a moving object", () => {
    const history = historyOf(2, 100);
    history.add(sightAt(2_200, { found: false, left: 500 }), 2_300);
    expect(history.at(2_200)?.objects).toEqual([]);
    expect(history.at(2_100)?.objects).toEqual([]);
  });

  test("have the box of an object that one detection missed between those that found it", () => {
    const history = historyOf(2, 100);
    history.add(sightAt(2_200, { found: false, left: 500 }), 2_300);
    history.add(sightAt(2_400), 2_500);
    expect(leftAt(history, 2_200)).toBeCloseTo(220);
    expect(leftAt(history, 2_300)).toBeCloseTo(230);
  });

  test("have no box of a moving object that was missed for long", () => {
    const history = historyOf(2, 100);
    for (let timeMs = 2_200; timeMs < 3_600; timeMs += 200)
      history.add(sightAt(timeMs, { found: false }), timeMs + 100);
    history.add(sightAt(3_600), 3_700);
    expect(history.at(2_400)?.objects).toEqual([]);
    expect(leftAt(history, 3_600)).toBe(360);
  });

  test("follow an object that turns round between two examined frames", () => {
    const history = sightHistory(5);
    const leftOf = (timeMs: number) => 300 - (timeMs - 1_000) ** 2 / 4_000;
    for (const timeMs of [0, 600, 1_400, 2_000])
      history.add(sightAt(timeMs, { left: leftOf(timeMs) }), timeMs + 100);
    expect(leftAt(history, 1_000)).toBeCloseTo(300);
  });

  test("have the box of an object that stands still, until it is too old", () => {
    const history = sightHistory(5);
    history.add(sightAt(1_000, { still: true }), 1_100);
    expect(leftAt(history, 3_000)).toBe(100);
    expect(history.at(9_000)).toBeUndefined();
  });

  test("do not exist before the first results", () => {
    expect(historyOf(1, 100).at(-500)).toBeUndefined();
  });

  test("start again when the clock of the agent is set back", () => {
    const history = historyOf(10, 100);
    history.add(sightAt(3_000), 10_300);
    expect(history.newestMs()).toBe(3_000);
    expect(history.at(2_000)).toBeUndefined();
  });
});

describe("a frame of the video waits", () => {
  test("as long as the results take, and the time between two examined frames", () => {
    const history = historyOf(5, 700);
    expect(history.dueInMs(6_000, 6_050)).toBe(850);
    expect(history.dueInMs(4_000, 6_050)).toBe(0);
  });

  test("not for the results of old frames that are examined after an idle period", () => {
    const history = historyOf(5, 100);
    for (let index = 0; index < 10; index++) history.add(sightAt(5_200 + index * 200), 7_200 + index * 20);
    for (let timeMs = 7_200; timeMs < 8_200; timeMs += 200) history.add(sightAt(timeMs), timeMs + 100);
    expect(history.dueInMs(8_300, 8_300)).toBe(300);
  });

  test("at most three seconds, and not at all where no results come", () => {
    expect(historyOf(5, 9_000).dueInMs(6_000, 6_000)).toBe(3_000);
    expect(sightHistory(5).dueInMs(1_000, 1_000)).toBe(0);
    expect(historyOf(5, 100).dueInMs(20_000, 20_000)).toBe(0);
  });
});

test("a still image waits until its own results are known", () => {
  const history = historyOf(5, 100);
  expect(history.isKnown(5_000, 5_100)).toBe(true);
  expect(history.isKnown(5_100, 5_100)).toBe(false);
  expect(history.isKnown(20_000, 20_000)).toBe(true);
});

test("the lateness of video is measured against the results", () => {
  const history = historyOf(5, 400);
  expect(history.lateMs(4_000, 10_000)).toBe(5_600);
});

import { describe, expect, test } from "vitest";
import { addInterval, type RecentIntervals } from "../../../agent/base/intervals.ts";
import { DetectSchema, ObjectsSchema } from "../../../agent/config/schema.ts";
import type { FrameDetection } from "../../../agent/detection/detect-regions.ts";
import { needsEveryFrame } from "../../../agent/tracking/track.ts";
import { NO_TRACKS, type Tracker, trackerOptions, updateTracks } from "../../../agent/tracking/tracker.ts";
import type { Box } from "../../../detectors/detector.ts";

const FRAME = { width: 1280, height: 720 };
const WHOLE: Box = [0, 0, 1280, 720];
const CAR: FrameDetection = { label: "car", score: 0.9, box: [400, 300, 600, 400], region: WHOLE };

/** A walker of 120 pixels' height, 0.8 heights a second. */
function walkerAt(second: number): FrameDetection {
  const x = 100 + 96 * second;
  return { label: "person", score: 0.9, box: [x, 300, x + 50, 420], region: WHOLE };
}

/** A camera with `detect.fps` and its tracker; frames come when the test sends them. */
function startTracker(fps = 5) {
  const detect = DetectSchema.parse({ fps });
  const objects = ObjectsSchema.parse({ track: ["person", "car"] });
  let tracker: Tracker = NO_TRACKS;
  let intervals: RecentIntervals = [];
  let before = 0;
  /** One frame: what the detector finds in it; undefined: it does not run. */
  const see = (second: number, found: readonly FrameDetection[] | undefined) => {
    intervals = addInterval(intervals, (second - before) * 1000);
    before = second;
    const options = trackerOptions({ detect, objects }, FRAME, intervals);
    tracker = updateTracks(tracker, found ?? [], second * 1000, options, found === undefined ? [] : [WHOLE]);
    return tracker.tracks;
  };
  /** Frames from one time to another, both included. */
  const seeAll = (from: number, to: number, every: number, at: (second: number) => FrameDetection[]) => {
    for (let frame = 0; from + frame * every <= to + 1e-6; frame++)
      see(from + frame * every, at(from + frame * every));
    return tracker.tracks;
  };
  return { see, seeAll };
}

describe("an object that stands still", () => {
  test.each([0.2, 0.5, 1, 2, 4])("is stationary after 10 seconds with a frame every %f s", (every) => {
    const { seeAll } = startTracker();
    expect(seeAll(0, 9, every, () => [CAR])).toMatchObject([{ stationary: false }]);
    const [track] = seeAll(9 + every, 10 + 2 * every, every, () => [CAR]);
    expect(track).toMatchObject({ id: 1, stationary: true });
    const { motionlessFrames = 0 } = track?.stationarity ?? {};
    expect(motionlessFrames).toBeGreaterThanOrEqual(50);
    expect(motionlessFrames).toBeLessThan(52 + 5 * 2 * every);
  });

  test("stays the same object across pauses as long as the interval of key frames, once it is stationary", () => {
    const { see, seeAll } = startTracker();
    seeAll(0, 20, 0.2, () => [CAR]);
    for (const second of [22, 26, 36, 60, 119]) {
      expect(see(second, undefined), `at ${second} s`).toMatchObject([{ id: 1, stationary: true }]);
    }
    expect(see(180, undefined)).toEqual([]);
  });

  test("stays the same object at 0.2 frames per second, before it is stationary", () => {
    const { seeAll } = startTracker();
    expect(seeAll(0, 5.2, 5.2, () => [CAR])).toMatchObject([{ id: 1, hits: 2, stationary: false }]);
    expect(seeAll(10.4, 40, 5.2, () => [CAR])).toMatchObject([{ id: 1, stationary: true }]);
  });
});

test("an object seen once is kept until the next frame of a camera of 0.2 frames per second", () => {
  const { see } = startTracker();
  see(0, []);
  see(5.2, []);
  see(10.4, [CAR]);
  expect(see(15.6, undefined)).toMatchObject([{ id: 1, confirmed: false }]);
  expect(see(20.8, [CAR])).toMatchObject([{ id: 1, confirmed: true }]);
});

describe("an object that moves", () => {
  test("is another object after a pause that is longer than usual", () => {
    const { see, seeAll } = startTracker();
    seeAll(0, 1, 0.2, (second) => [walkerAt(second)]);
    expect(see(6.5, [walkerAt(1.5)])).toMatchObject([{ id: 2 }]);
  });

  test.each([1, 1.5])("is one confirmed track with a frame every %f s", (every) => {
    const { seeAll } = startTracker();
    const tracks = seeAll(0, 6, every, (second) => [walkerAt(second)]);
    expect(tracks).toMatchObject([{ id: 1, confirmed: true, missed: 0 }]);
  });

  test("is gone after three passes that missed it, however long that takes", () => {
    const { see, seeAll } = startTracker();
    seeAll(0, 2, 1, (second) => [walkerAt(second)]);
    expect(see(6, [])).toMatchObject([{ missed: 1 }]);
    expect(see(10, [])).toMatchObject([{ missed: 2 }]);
    expect(see(14, [])).toEqual([]);
  });
});

describe("the confirmation of an object", () => {
  test("takes min_initialized detections at the nominal rate", () => {
    const { seeAll } = startTracker(10);
    expect(seeAll(0, 0.3, 0.1, () => [CAR])).toMatchObject([{ hits: 4, confirmed: false }]);
    expect(seeAll(0.4, 0.4, 0.1, () => [CAR])).toMatchObject([{ hits: 5, confirmed: true }]);
  });

  test("takes two detections where frames come more rarely, but not one", () => {
    const { see } = startTracker(10);
    expect(see(0, [CAR])).toMatchObject([{ confirmed: false }]);
    expect(see(2, [CAR])).toMatchObject([{ confirmed: true }]);
  });
});

describe("every frame is needed", () => {
  test("from the first detection of an object until it is stationary, and while it is lost", () => {
    const { see, seeAll } = startTracker();
    expect(needsEveryFrame([])).toBe(false);
    expect(needsEveryFrame(see(0, [CAR]))).toBe(true);
    expect(needsEveryFrame(seeAll(0.2, 9, 0.2, () => [CAR]))).toBe(true);
    expect(needsEveryFrame(see(9.2, []))).toBe(true);
    expect(needsEveryFrame(seeAll(9.4, 11, 0.2, () => [CAR]))).toBe(false);
  });

  test("while a person passes a parked car", () => {
    const { seeAll } = startTracker();
    seeAll(0, 20, 0.2, () => [CAR]);
    expect(needsEveryFrame(seeAll(20.2, 20.2, 0.2, () => [CAR, walkerAt(0)]))).toBe(true);
  });
});

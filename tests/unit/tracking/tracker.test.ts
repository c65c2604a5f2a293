import { describe, expect, test } from "vitest";
import type { FrameDetection } from "../../../agent/detection/detect-regions.ts";
import { medianScore } from "../../../agent/tracking/score-history.ts";
import { predictedBox, type Track } from "../../../agent/tracking/track.ts";
import {
  NO_TRACKS,
  type Tracker,
  type TrackerOptions,
  updateTracks,
} from "../../../agent/tracking/tracker.ts";
import type { Box } from "../../../detectors/detector.ts";

const FRAME_MS = 200;
const WHOLE: Box = [0, 0, 1280, 720];
const options: TrackerOptions = {
  minInitialized: 2,
  maxDisappearedMs: 5000,
  maxPauseMs: 5000,
  stationaryAfter: 50,
  intervalMs: FRAME_MS,
  frame: { width: 1280, height: 720 },
  minScore: () => 0.5,
  threshold: () => 0.7,
};

describe("the tracker", () => {
  test("follows a walker as one track", () => {
    const tracker = watch(frames(20, (i) => [person(100 + 15 * i, 100)]));
    expect(tracker.tracks).toHaveLength(1);
    expect(only(tracker)).toMatchObject({ id: 1, hits: 20, missed: 0, startTimeMs: 0, lastSeenMs: 3800 });
  });

  test("distinguishes two people whose paths cross", () => {
    const tracker = watch(frames(30, (i) => [person(100 + 15 * i, 100), person(550 - 15 * i, 160)]));
    expect(tracker.tracks.map((track) => [track.id, Math.round(track.box[0])])).toEqual([
      [1, 535],
      [2, 115],
    ]);
  });

  test("recovers a walker who was hidden for two seconds", () => {
    const hidden = (i: number) => i >= 10 && i < 20;
    const tracker = watch(frames(30, (i) => (hidden(i) ? [] : [person(100 + 15 * i, 100)])));
    expect(tracker.tracks.map((track) => track.id)).toEqual([1]);
  });

  test("starts a new track for a person who enters elsewhere", () => {
    const tracker = watch(
      frames(20, (i) => (i < 10 ? [person(500 + 20 * i, 100)] : i < 15 ? [] : [person(10 * i, 100)])),
    );
    expect(tracker.tracks.map((track) => track.id)).toEqual([1, 2]);
  });

  test("drops an object that was missed for longer than max_disappeared, and not a frame earlier", () => {
    const upTo = (count: number) => watch(frames(count, (i) => (i < 5 ? [person(100, 100)] : [])));
    expect(upTo(5 + 25).tracks).toHaveLength(1);
    expect(upTo(5 + 26).tracks).toHaveLength(0);
  });

  test("measures max_disappeared in time, so that no track survives a long outage of the camera", () => {
    const seen = watch(frames(5, () => [person(100, 100)]));
    const later = updateTracks(seen, [], 60_000, options, [WHOLE]);
    expect(later.tracks).toEqual([]);
  });

  test("confirms an object after min_initialized consecutive detections", () => {
    const flicker = watch(frames(9, (i) => (i % 2 === 0 ? [person(100, 100)] : [])));
    expect(flicker.tracks.every((track) => !track.confirmed)).toBe(true);
    const steady = watch(frames(2, () => [person(100, 100)]));
    expect(only(steady).confirmed).toBe(true);
  });

  test("does not start a track from a detection of low score", () => {
    expect(watch(frames(9, () => [person(100, 100, 0.49)])).tracks).toEqual([]);
  });

  test("continues a track with detections of low score at its position", () => {
    const tracker = watch(frames(60, (i) => [person(100, 100, i < 10 ? 0.9 : 0.3)]));
    expect(only(tracker)).toMatchObject({ id: 1, missed: 0 });
  });

  test("does not match a person with a dog", () => {
    const tracker = watch(frames(10, (i) => [{ ...person(100, 100), label: i < 5 ? "person" : "dog" }]));
    expect(tracker.tracks.map((track) => track.label)).toEqual(["person", "dog"]);
  });

  test("makes a track a true positive for ever once its median score reaches the threshold", () => {
    const scores = [0.65, 0.66, 0.75, 0.8, 0.8, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5];
    const judged = scores.map(
      (_, last) => only(watch(frames(last + 1, (i) => [person(100, 100, scores[i])]))).truePositive,
    );
    expect(judged).toEqual([...new Array(3).fill(false), ...new Array(12).fill(true)]);
  });

  test("counts motionless frames and changes of position", () => {
    const standing = only(watch(frames(11, () => [person(100, 100)])));
    expect(standing).toMatchObject({ stationarity: { motionlessFrames: 10, changes: 0 } });
    const moved = only(watch(frames(11, (i) => [person(i < 6 ? 100 : 130, 100)])));
    expect(moved).toMatchObject({ stationarity: { motionlessFrames: 2, changes: 1 } });
  });

  test("recovers a person who sat for long and jumps up", () => {
    const sitting: Box = [399, 10, 659, 397];
    const up: Box = [553, 16, 767, 393];
    const tracker = watch(frames(80, (i) => [{ ...person(0, 0), box: i < 75 ? sitting : up }]));
    expect(tracker.tracks.map((track) => track.id)).toEqual([1]);
  });

  test("predicts a track that no region covered, and misses it once a region does", () => {
    const seen = watch(frames(10, (i) => [person(100 + 15 * i, 100)]));
    const elsewhere: Box = [640, 0, 1280, 720];
    const coasted = updateTracks(seen, [], 2000, options, [elsewhere]);
    expect(only(coasted)).toMatchObject({ missed: 0, hits: 10, scoreHistory: only(seen).scoreHistory });
    expect(predictedBox(only(coasted))[0]).toBeGreaterThan(240);
    const missed = updateTracks(coasted, [], 2200, options, [elsewhere, [0, 0, 640, 720]]);
    expect(only(missed)).toMatchObject({ missed: 1, lostSinceMs: 2000 });
    expect(only(missed).scoreHistory.at(-1)).toBe(0);
  });

  test("reports the size of a walker with less change than the detector's boxes, around the same centre", () => {
    const wide = (i: number) => (i % 2 === 0 ? 0 : 10);
    const boxAt = (i: number): Box => [100 + 15 * i - wide(i), 100, 150 + 15 * i + wide(i), 220];
    const walk = (count: number) => only(watch(frames(count, (i) => [{ ...person(0, 0), box: boxAt(i) }])));
    const [narrower, wider] = [walk(21).box, walk(22).box];
    expect(wider[2] - wider[0] - (narrower[2] - narrower[0])).toBeLessThan(16);
    expect((wider[0] + wider[2]) / 2).toBeCloseTo(125 + 15 * 21, 10);
    expect(walk(22).visible).toEqual(boxAt(21));
  });

  test("drops an object that left the frame without examining that place", () => {
    let tracker = watch(frames(12, (i) => [person(1000 + 25 * i, 100)]));
    for (let frame = 12; frame < 45; frame++) {
      tracker = updateTracks(tracker, [], frame * FRAME_MS, options, []);
    }
    expect(tracker.tracks).toEqual([]);
  });

  test("drops a moving object after three misses, and a stationary one after more, the less reliably it was detected", () => {
    const missesUntilGone = (seenBefore: readonly FrameDetection[][]) => {
      let tracker = watch(seenBefore);
      let misses = 0;
      // One detection pass in ten seconds: time alone would end the track at once.
      for (let frame = seenBefore.length; tracker.tracks.length > 0; frame++) {
        const isExamined = frame % 50 === 0;
        if (isExamined) misses++;
        tracker = updateTracks(tracker, [], frame * FRAME_MS, options, isExamined ? [WHOLE] : []);
      }
      return misses;
    };
    const steady = frames(200, () => [person(100, 100)]);
    const flickering = frames(200, (i) => (i > 2 && i % 2 === 0 ? [] : [person(100, 100)]));
    const walking = frames(25, (i) => [person(100 + 3 * i, 100)]);
    expect(missesUntilGone(walking)).toBe(3);
    expect(missesUntilGone(steady)).toBe(4);
    expect(missesUntilGone(flickering)).toBe(17);
  });

  test("does not change its arguments and gives the same result twice", () => {
    const before = watch(frames(5, (i) => [person(100 + i, 100)]));
    const copy = structuredClone(before);
    const detections = [person(110, 100), person(400, 100)];
    const first = updateTracks(before, detections, 1000, options, [WHOLE]);
    expect(updateTracks(before, detections, 1000, options, [WHOLE])).toEqual(first);
    expect(before).toEqual(copy);
  });
});

test("the median of one score is 0, of two the lower one, then the middle", () => {
  expect([[0.9], [0.9, 0.8], [0.9, 0.8, 0.7], [0.9, 0.8, 0.7, 0.6]].map(medianScore)).toEqual([
    0, 0.8, 0.8, 0.75,
  ]);
});

function frames(count: number, detectionsIn: (index: number) => FrameDetection[]): FrameDetection[][] {
  return Array.from({ length: count }, (_, index) => detectionsIn(index));
}

function watch(seen: readonly FrameDetection[][]): Tracker {
  return seen.reduce(
    (tracker, detections, index) => updateTracks(tracker, detections, index * FRAME_MS, options, [WHOLE]),
    NO_TRACKS,
  );
}

function person(x: number, y: number, score = 0.9): FrameDetection {
  return { label: "person", score, box: [x, y, x + 50, y + 120], region: WHOLE };
}

function only(tracker: Tracker): Track {
  expect(tracker.tracks).toHaveLength(1);
  const [track] = tracker.tracks;
  if (track === undefined) throw new Error("no track");
  return track;
}

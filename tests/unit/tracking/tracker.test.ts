import { describe, expect, test } from "vitest";
import type { Finding } from "../../../agent/tracking/finding.ts";
import { medianScore } from "../../../agent/tracking/scores.ts";
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
  stationaryAfter: 50,
  picture: { width: 1280, height: 720 },
  minScore: () => 0.5,
  threshold: () => 0.7,
};

describe("the tracker", () => {
  test("follows a walker as one track", () => {
    const tracker = watch(frames(20, (i) => [person(100 + 15 * i, 100)]));
    expect(tracker.tracks).toHaveLength(1);
    expect(only(tracker)).toMatchObject({ id: 1, hits: 20, missed: 0, startTimeMs: 0, lastSeenMs: 3800 });
  });

  test("keeps two people apart who cross each other's way", () => {
    const tracker = watch(frames(30, (i) => [person(100 + 15 * i, 100), person(550 - 15 * i, 160)]));
    expect(tracker.tracks.map((track) => [track.id, Math.round(track.box[0])])).toEqual([
      [1, 535],
      [2, 115],
    ]);
  });

  test("knows a walker again who was hidden for two seconds", () => {
    const hidden = (i: number) => i >= 10 && i < 20;
    const tracker = watch(frames(30, (i) => (hidden(i) ? [] : [person(100 + 15 * i, 100)])));
    expect(tracker.tracks.map((track) => track.id)).toEqual([1]);
  });

  test("takes someone who enters elsewhere for someone new", () => {
    const tracker = watch(
      frames(20, (i) => (i < 10 ? [person(500 + 20 * i, 100)] : i < 15 ? [] : [person(10 * i, 100)])),
    );
    expect(tracker.tracks.map((track) => track.id)).toEqual([1, 2]);
  });

  test("forgets what has been out of sight for longer than max_disappeared, not a frame sooner", () => {
    const upTo = (count: number) => watch(frames(count, (i) => (i < 5 ? [person(100, 100)] : [])));
    expect(upTo(5 + 25).tracks).toHaveLength(1);
    expect(upTo(5 + 26).tracks).toHaveLength(0);
  });

  test("measures max_disappeared in time, so that a camera that was away for long comes back to a clean slate", () => {
    const seen = watch(frames(5, () => [person(100, 100)]));
    const later = updateTracks(seen, [], 60_000, options, [WHOLE]);
    expect(later.tracks).toEqual([]);
  });

  test("does not count an object before min_initialized detections in a row", () => {
    const flicker = watch(frames(9, (i) => (i % 2 === 0 ? [person(100, 100)] : [])));
    expect(flicker.tracks.every((track) => !track.confirmed)).toBe(true);
    const steady = watch(frames(2, () => [person(100, 100)]));
    expect(only(steady).confirmed).toBe(true);
  });

  test("does not start a track from a doubtful detection", () => {
    expect(watch(frames(9, () => [person(100, 100, 0.49)])).tracks).toEqual([]);
  });

  test("keeps a track through doubtful detections where it stands", () => {
    const tracker = watch(frames(60, (i) => [person(100, 100, i < 10 ? 0.9 : 0.3)]));
    expect(only(tracker)).toMatchObject({ id: 1, missed: 0 });
  });

  test("joins no person with a dog", () => {
    const tracker = watch(frames(10, (i) => [{ ...person(100, 100), label: i < 5 ? "person" : "dog" }]));
    expect(tracker.tracks.map((track) => track.label)).toEqual(["person", "dog"]);
  });

  test("believes an object when the median of its scores reaches the threshold, and for ever", () => {
    const scores = [0.65, 0.66, 0.75, 0.8, 0.8, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5];
    const believed = scores.map(
      (_, last) => only(watch(frames(last + 1, (i) => [person(100, 100, scores[i])]))).truePositive,
    );
    expect(believed).toEqual([...new Array(3).fill(false), ...new Array(12).fill(true)]);
  });

  test("counts how long something stands still and how often it moved on", () => {
    const standing = only(watch(frames(11, () => [person(100, 100)])));
    expect(standing).toMatchObject({ place: { motionlessFrames: 10, changes: 0 } });
    const moved = only(watch(frames(11, (i) => [person(i < 6 ? 100 : 130, 100)])));
    expect(moved).toMatchObject({ place: { motionlessFrames: 2, changes: 1 } });
  });

  test("knows somebody again who sat for long, jumps up and is gone", () => {
    const sitting: Box = [399, 10, 659, 397];
    const up: Box = [553, 16, 767, 393];
    const tracker = watch(frames(80, (i) => [{ ...person(0, 0), box: i < 75 ? sitting : up }]));
    expect(tracker.tracks.map((track) => track.id)).toEqual([1]);
  });

  test("carries a track forward where nobody looked, and asks after it again where somebody does", () => {
    const seen = watch(frames(10, (i) => [person(100 + 15 * i, 100)]));
    const elsewhere: Box = [640, 0, 1280, 720];
    const coasted = updateTracks(seen, [], 2000, options, [elsewhere]);
    expect(only(coasted)).toMatchObject({ missed: 0, hits: 10, scores: only(seen).scores });
    expect(predictedBox(only(coasted))[0]).toBeGreaterThan(240);
    const missed = updateTracks(coasted, [], 2200, options, [elsewhere, [0, 0, 640, 720]]);
    expect(only(missed)).toMatchObject({ missed: 1, lostSinceMs: 2000 });
    expect(only(missed).scores.at(-1)).toBe(0);
  });

  test("does not wait for whoever left the picture, though nobody looks there", () => {
    let tracker = watch(frames(12, (i) => [person(1000 + 25 * i, 100)]));
    for (let frame = 12; frame < 45; frame++) {
      tracker = updateTracks(tracker, [], frame * FRAME_MS, options, []);
    }
    expect(tracker.tracks).toEqual([]);
  });

  test("needs three looks in vain to lose what moves, and more for what stands, the worse it is seen", () => {
    const looksUntilGone = (seenBefore: readonly Finding[][]) => {
      let tracker = watch(seenBefore);
      let looks = 0;
      // One look in ten seconds: time alone would end it at once.
      for (let frame = seenBefore.length; tracker.tracks.length > 0; frame++) {
        const isLook = frame % 50 === 0;
        if (isLook) looks++;
        tracker = updateTracks(tracker, [], frame * FRAME_MS, options, isLook ? [WHOLE] : []);
      }
      return looks;
    };
    const steady = frames(200, () => [person(100, 100)]);
    const flickering = frames(200, (i) => (i > 2 && i % 2 === 0 ? [] : [person(100, 100)]));
    const walking = frames(25, (i) => [person(100 + 3 * i, 100)]);
    expect(looksUntilGone(walking)).toBe(3);
    expect(looksUntilGone(steady)).toBe(4);
    expect(looksUntilGone(flickering)).toBe(17);
  });

  test("leaves what it was given as it was and gives the same answer twice", () => {
    const before = watch(frames(5, (i) => [person(100 + i, 100)]));
    const copy = structuredClone(before);
    const detections = [person(110, 100), person(400, 100)];
    const first = updateTracks(before, detections, 1000, options, [WHOLE]);
    expect(updateTracks(before, detections, 1000, options, [WHOLE])).toEqual(first);
    expect(before).toEqual(copy);
  });
});

test("the median of a single score is nothing, of two the lower, then the middle", () => {
  expect([[0.9], [0.9, 0.8], [0.9, 0.8, 0.7], [0.9, 0.8, 0.7, 0.6]].map(medianScore)).toEqual([
    0, 0.8, 0.8, 0.75,
  ]);
});

function frames(count: number, seenIn: (index: number) => Finding[]): Finding[][] {
  return Array.from({ length: count }, (_, index) => seenIn(index));
}

function watch(seen: readonly Finding[][]): Tracker {
  return seen.reduce(
    (tracker, findings, index) => updateTracks(tracker, findings, index * FRAME_MS, options, [WHOLE]),
    NO_TRACKS,
  );
}

function person(x: number, y: number, score = 0.9): Finding {
  return { label: "person", score, box: [x, y, x + 50, y + 120], region: WHOLE };
}

function only(tracker: Tracker): Track {
  expect(tracker.tracks).toHaveLength(1);
  const [track] = tracker.tracks;
  if (track === undefined) throw new Error("no track");
  return track;
}

import { describe, expect, test } from "vitest";
import type { FrameDetection } from "../../../agent/detection/detect-regions.ts";
import { predictedBox, type Track } from "../../../agent/tracking/track.ts";
import {
  NO_TRACKS,
  type Tracker,
  type TrackerOptions,
  updateTracks,
} from "../../../agent/tracking/tracker.ts";
import type { Box } from "../../../detectors/detector.ts";

const FRAME_MS = 200;
const WHOLE: Box = [0, 0, 768, 432];
const options: TrackerOptions = {
  minInitialized: 2,
  maxDisappearedMs: 5000,
  maxPauseMs: 5000,
  stationaryAfter: 50,
  intervalMs: FRAME_MS,
  frame: { width: 768, height: 432 },
  minScore: () => 0.4,
  threshold: () => 0.5,
};
/** Two people walk towards each other and meet in this frame. */
const MEETING = 10;
const FARTHER = 1;

const walker = (x: number, height: number, label = "person"): FrameDetection => {
  return { label, score: 0.8, box: [x - 20, 300 - height, x + 20, 300], region: WHOLE };
};
const nearer = (frame: number) => walker(400 + 12 * (frame - MEETING), 120);
const farther = (frame: number, label?: string) => walker(400 - 12 * (frame - MEETING), 110, label);

function watch(count: number, seenIn: (frame: number) => readonly FrameDetection[]): Tracker {
  return Array.from({ length: count }, (_, frame) => frame).reduce(
    (tracker, frame) => updateTracks(tracker, seenIn(frame), frame * FRAME_MS, options, [WHOLE]),
    NO_TRACKS,
  );
}

function trackOf({ tracks }: Tracker, id: number): Track {
  const track = tracks.find((one) => one.id === id);
  if (track === undefined) throw new Error(`expected track ${id}`);
  return track;
}

describe("a person whom the detector does not find behind another one", () => {
  const isHidden = (frame: number) => Math.abs(frame - MEETING) < 1;
  const pass = (count: number) =>
    watch(count, (frame) => (isHidden(frame) ? [nearer(frame)] : [farther(frame), nearer(frame)]));

  test("is not missed while they pass each other", () => {
    const track = trackOf(pass(MEETING + 1), FARTHER);
    expect(track).toMatchObject({ missed: 0, lastSeenMs: (MEETING - 1) * FRAME_MS });
    expect(track.scoreHistory).not.toContain(0);
    const [x1, , x2] = predictedBox(track);
    expect((x1 + x2) / 2).toBeCloseTo(400, -1);
  });

  test("is the same person afterwards, and so is the other one", () => {
    const after = pass(2 * MEETING);
    expect(after.tracks.map(({ id }) => id)).toEqual([1, 2]);
    expect(after.tracks.map(({ box: [x1, , x2] }) => Math.round((x1 + x2) / 2))).toEqual([292, 508]);
  });

  test("is hidden if he stands there and the other one stops in front of him, from his last detection on", () => {
    const stops = (frame: number) => nearer(Math.min(frame, MEETING - 1.25));
    const stands = walker(400, 110);
    const seen = watch(MEETING + 5, (frame) =>
      frame < MEETING - 1 ? [stands, stops(frame)] : [stops(frame)],
    );
    expect(trackOf(seen, FARTHER)).toMatchObject({ missed: 3, lostSinceMs: (MEETING - 2) * FRAME_MS });
  });
});

test("a dog that is not found behind a person is missed: the detector would draw a box of its own", () => {
  const seen = watch(MEETING + 1, (frame) =>
    frame < MEETING ? [farther(frame, "dog"), nearer(frame)] : [nearer(frame)],
  );
  expect(trackOf(seen, FARTHER).missed).toBe(1);
});

test("a person who is not found beside another one is missed", () => {
  const seen = watch(MEETING - 1, (frame) =>
    frame < MEETING - 2 ? [farther(frame), nearer(frame)] : [nearer(frame)],
  );
  expect(trackOf(seen, FARTHER).missed).toBe(1);
});

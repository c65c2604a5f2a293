import { describe, expect, test } from "vitest";
import type { Box } from "../../../agent/base/box.ts";
import { judgeTracks } from "../../../agent/tracking/duplicate-tracks.ts";
import { startTrack, type Track, type TrackRules } from "../../../agent/tracking/track.ts";

const NOW_MS = 1000;
const WHOLE: Box = [0, 0, 1280, 720];
const RULES: TrackRules = {
  minInitialized: 2,
  stationaryAfter: 50,
  intervalMs: 200,
  frame: { width: 768, height: 432 },
  threshold: () => 0.7,
};
const PERSON: Box = [100, 100, 200, 300];

/** A track that was just detected and has the scores of a true positive. */
function track(id: number, box: Box, details: Partial<Track> = {}): Track {
  const started = startTrack(id, { label: "person", score: 0.9, box, region: WHOLE }, NOW_MS);
  return { ...started, hits: 3, scoreHistory: [0.9, 0.9, 0.9], ...details };
}

const truePositives = (...tracks: readonly Track[]) =>
  judgeTracks(tracks, NOW_MS, RULES).flatMap(({ id, truePositive }) => (truePositive ? [id] : []));

describe("judging tracks", () => {
  test("makes tracks on different objects true positives", () => {
    expect(truePositives(track(1, PERSON), track(2, [400, 100, 500, 300]))).toEqual([1, 2]);
  });

  test("makes only the oldest of two tracks on one object a true positive", () => {
    expect(truePositives(track(1, PERSON), track(2, [110, 105, 210, 305]))).toEqual([1]);
  });

  test("confirms a duplicate and keeps its top score all the same", () => {
    const [, duplicate] = judgeTracks([track(1, PERSON), track(2, PERSON)], NOW_MS, RULES);
    expect(duplicate).toMatchObject({ confirmed: true, truePositive: false, topScore: 0.9 });
  });

  test("takes boxes from an IoU of 0.5 for one object", () => {
    // Boxes of 100 pixels, shifted by a third of that, have an IoU of 0.5.
    expect(truePositives(track(1, PERSON), track(2, [133, 100, 233, 300]))).toEqual([1]);
    expect(truePositives(track(1, PERSON), track(2, [134, 100, 234, 300]))).toEqual([1, 2]);
  });

  test("takes the upper half of a person for a part of the person, but not a small object in front", () => {
    const upperHalf: Box = [105, 100, 195, 200];
    expect(truePositives(track(1, PERSON), track(2, upperHalf))).toEqual([1]);
    const small: Box = [120, 100, 180, 210];
    expect(truePositives(track(1, PERSON), track(2, small))).toEqual([1, 2]);
  });

  test("does not take a box that reaches out of the object for a part of it", () => {
    expect(truePositives(track(1, PERSON), track(2, [100, 220, 200, 320]))).toEqual([1, 2]);
  });

  test("compares only tracks of one label", () => {
    expect(truePositives(track(1, PERSON), track(2, PERSON, { label: "dog" }))).toEqual([1, 2]);
  });

  test("makes a duplicate a true positive once the other object was missed or has gone", () => {
    const missed = track(1, PERSON, { truePositive: true, missed: 1, lastSeenMs: NOW_MS - 200 });
    expect(truePositives(missed, track(2, PERSON))).toEqual([1, 2]);
    expect(truePositives(track(2, PERSON))).toEqual([2]);
  });

  test("makes two objects that part two true positives", () => {
    const [first, second] = judgeTracks([track(1, PERSON), track(2, PERSON)], NOW_MS, RULES);
    if (first === undefined || second === undefined) throw new Error("two tracks");
    expect(truePositives(first, { ...second, box: [300, 100, 400, 300] })).toEqual([1, 2]);
  });

  test("keeps a true positive that comes to lie on another one", () => {
    const both = [track(1, PERSON, { truePositive: true }), track(2, PERSON, { truePositive: true })];
    expect(truePositives(...both)).toEqual([1, 2]);
  });

  test("prefers a newer track that already is a true positive", () => {
    expect(truePositives(track(1, PERSON), track(2, PERSON, { truePositive: true }))).toEqual([2]);
  });

  test("does not judge tracks that were not detected in this frame", () => {
    const unseen = track(1, PERSON, { lastSeenMs: NOW_MS - 200 });
    expect(judgeTracks([unseen], NOW_MS, RULES)).toEqual([unseen]);
  });
});

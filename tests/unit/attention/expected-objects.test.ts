import { expect, test } from "vitest";
import { expectedObjects } from "../../../agent/attention/expected-objects.ts";
import { startTrack, type Track, trackedObject } from "../../../agent/tracking/track.ts";
import type { Box } from "../../../detectors/detector.ts";

const FRAME = { width: 640, height: 480 };
const RULES = { frame: FRAME, frameMs: 200, minScore: () => 0.5 };
const SOMEWHERE: Box = [300, 200, 340, 300];

/** A track that was detected at 0 s and moves at this speed, pixels per second. */
function trackAt(box: Box, speed = { x: 0, y: 0 }, score = 0.8): Track {
  const track = startTrack(7, { label: "person", score, box, region: [0, 0, 640, 480] }, 0);
  const { centreX, centreY } = track.motion;
  return {
    ...track,
    motion: {
      ...track.motion,
      centreX: { ...centreX, velocity: speed.x },
      centreY: { ...centreY, velocity: speed.y },
    },
  };
}

const expected = (track: Track, timeMs = 200) => expectedObjects([trackedObject(track, timeMs)], RULES)[0];

test("an object is expected where its velocity takes it", () => {
  expect(expected(trackAt(SOMEWHERE, { x: 40, y: 0 }))).toMatchObject({
    id: 7,
    label: "person",
    box: [308, 200, 348, 300],
    visible: true,
    seenMs: 0,
    steady: true,
  });
});

test("an object that leaves is expected at the edge, cut off at the frame", () => {
  const leaving = trackAt([580, 200, 620, 300], { x: 200, y: 0 });
  expect(expected(leaving)).toMatchObject({ box: [620, 200, 640, 300], visible: true });
  expect(expected(leaving, 1_000)?.visible).toBe(false);
});

test("an object that is fast, unsure or was missed is not steady", () => {
  expect(expected(trackAt(SOMEWHERE, { x: 150, y: 0 }))?.steady).toBe(false);
  expect(expected(trackAt(SOMEWHERE, undefined, 0.4))?.steady).toBe(false);
  expect(expected({ ...trackAt(SOMEWHERE), missed: 1 })).toMatchObject({ missed: true, steady: false });
});

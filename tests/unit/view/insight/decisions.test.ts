import { describe, expect, test } from "vitest";
import type { CameraConfig } from "../../../../agent/config/schema.ts";
import { eventIds, seededRandom } from "../../../../agent/events/event-id.ts";
import { recordDecisions } from "../../../../agent/view/insight/decisions.ts";
import { recordMotion } from "../../../../agent/view/insight/motion-record.ts";
import { watchCamera } from "../../../../agent/watch-camera.ts";
import type { Detection } from "../../../../detectors/detector.ts";
import { door } from "../../../support/agent/small-config.ts";
import { scriptedDetector } from "../../../support/detectors/scripted-detector.ts";
import { filmWalk } from "../../../support/scenes/walk-past.ts";

const START = 1_700_000_000_000;
const PERSON: Detection = { label: "person", score: 0.9, box: [4, 8, 10, 28] };

/** Everything that a camera decides about the frames of a walk. @param script detections in pixels of the model's input */
async function decide(camera: CameraConfig, script: readonly (readonly Detection[])[], frames = 20) {
  const decisions = recordDecisions(() => camera);
  async function* sightings() {
    for await (const frame of filmWalk("door", frames, START)) yield { frame, motion: undefined };
  }
  const outcomes = watchCamera(sightings(), camera, {
    detector: scriptedDetector(script),
    prefix: "sabrewing",
    signal: new AbortController().signal,
    newId: eventIds(seededRandom(1)),
    startMs: START,
  });
  for await (const outcome of outcomes) decisions.record(outcome);
  return decisions.all();
}

/** The person walks to the right. */
const walking = (changes: Partial<Detection> = {}) =>
  Array.from({ length: 20 }, (_, index): Detection[] => [
    { ...PERSON, box: [4 + index, 8, 10 + index, 28], ...changes },
  ]);

describe("the decisions about a camera", () => {
  test("contain an event, once, with the zones that it entered and those that it did not", async () => {
    const camera = door(`
objects: {track: [person]}
zones:
  right: {coordinates: "0.2,0,1,0,1,1,0.2,1", inertia: 2}
  far: {coordinates: "0.9,0,1,0,1,1,0.9,1"}
  cars: {coordinates: "0,0,1,0,1,1,0,1", loitering_time: 60}`);
    const [event, ...others] = await decide(camera, walking());
    expect(others).toEqual([]);
    expect(event).toMatchObject({ label: "person", topScore: 0.9, why: null, key: null, startMs: START });
    expect(event?.event).toMatch(/^\d+/);
    expect(event?.zones).toEqual([
      { name: "right", why: null },
      { name: "far", why: "it stands outside the zone" },
      { name: "cars", why: "it has been inside for 4 s; loitering_time is 60 s" },
    ]);
  });

  test.each([
    ["min_score", {}, { score: 0.4 }, "objects.filters.person.min_score", /^its score, 40 %, is below/],
    [
      "threshold",
      {},
      { score: 0.6 },
      "objects.filters.person.threshold",
      /^its median score, 60 %, is below/,
    ],
    ["label", {}, { label: "dog" }, "objects.track", /^the label is not tracked/],
  ] as const)("explain an object that is no event by its %s, once", async (_, __, changes, key, why) => {
    const all = await decide(door("objects: {track: [person]}"), walking(changes));
    expect(all).toHaveLength(1);
    expect(all[0]).toMatchObject({ event: null, key, why: expect.stringMatching(why) });
    expect(all[0]?.frames).toBeGreaterThan(10);
  });

  test("explain an object that was not detected often enough", async () => {
    const camera = door("objects: {track: [person]}\ndetect: {min_initialized: 4}");
    const all = await decide(camera, [[PERSON], [PERSON], []], 5);
    expect(all[0]).toMatchObject({
      event: null,
      key: "detect.min_initialized",
      why: "it was detected in 2 frames in a row; min_initialized is 4",
    });
  });

  test("are limited in number, and objects without an event are removed first", async () => {
    const camera = door("objects: {track: [person]}\ndetect: {min_initialized: 2}");
    // The person leaves; then the detector finds dogs in 72 places.
    const dogs = (left: number) =>
      Array.from({ length: 6 }, (_, row): Detection => {
        return { label: "dog", score: 0.9, box: [left, row * 5, left + 3, row * 5 + 3] };
      });
    const script = Array.from({ length: 60 }, (_, index) => {
      return index < 20
        ? [{ ...PERSON, box: [4 + index, 8, 10 + index, 28] as const }]
        : dogs((index % 12) * 5);
    });
    const all = await decide(camera, script, 60);
    expect(all).toHaveLength(60);
    expect(all.filter(({ event }) => event !== null)).toHaveLength(1);
  });
});

test("the motion of a camera is recorded by the second, for five minutes", () => {
  const motion = recordMotion();
  const frame = { width: 100, height: 100 };
  for (let timeMs = 0; timeMs < 400_000; timeMs += 500) {
    const seen = { motion: timeMs % 1000 === 0 ? [] : [[0, 0, 50, 50]], regions: [[0, 0, 9, 9]] };
    motion.record(Object({ timeMs, frame, seen, events: [], messages: [] }));
  }
  expect(motion.all()).toHaveLength(300);
  expect(motion.all().at(-1)).toEqual({ time: 399, share: 0.25, passes: 2 });
});

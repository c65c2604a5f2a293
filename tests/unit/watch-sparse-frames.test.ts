import { describe, expect, test } from "vitest";
import { MotionSchema } from "../../agent/config/motion-schema.ts";
import { ReviewSchema } from "../../agent/config/review-schema.ts";
import { DetectSchema, ObjectsSchema, SnapshotsSchema } from "../../agent/config/schema.ts";
import { eventIds, seededRandom } from "../../agent/events/event-id.ts";
import type { Motion } from "../../agent/motion/gate.ts";
import type { Sighting } from "../../agent/motion/watch-motion.ts";
import { needsEveryFrame } from "../../agent/tracking/track.ts";
import { watchCamera } from "../../agent/watch-camera.ts";
import type { Box, Detection, Detector } from "../../detectors/detector.ts";
import { greyFrame } from "../support/camera/raw-frames.ts";
import { SMALL_MODEL, scriptedDetector } from "../support/detectors/scripted-detector.ts";

/** The size of frames and of the model's input: every region is the whole frame. */
const SIZE = { width: 128, height: 64 };
const PARKED: Box = [40, 20, 80, 40];
const ARRIVES_S = 10;
const PARKS_S = 14;
const LEAVES_S = 700;

/** Where a car is that drives in from the left, parks, and leaves to the right; undefined: out of sight. */
function carAt(second: number): Box | undefined {
  const before = Math.min(0, second - PARKS_S) * 20;
  const shift = second < LEAVES_S ? before : (second - LEAVES_S) * 20;
  const [x1, y1, x2, y2] = PARKED;
  const isInView = second >= ARRIVES_S && x2 + shift > 0 && x1 + shift < SIZE.width;
  return isInView ? [x1 + shift, y1, x2 + shift, y2] : undefined;
}

/**
 * Watches the car. The camera delivers a frame every `idleS` seconds, and one every `awakeS` while something moves or a track
 * needs every frame.
 */
async function watchCar(idleS: number, awakeS: number, untilS: number) {
  let second = 0;
  let sequence = 0;
  let everyFrame = false;
  let passes = 0;
  let framesWhileParked = 0;
  let passesWhileParked = 0;
  const isIdleTime = () => second > PARKS_S + 30 && second < LEAVES_S;
  async function* camera(): AsyncGenerator<Sighting> {
    while (second < untilS) {
      const car = carAt(second);
      // To the gate, a parked car is motion until it has become background.
      const moves = car !== undefined && (second < PARKS_S + 20 || second >= LEAVES_S);
      const motion: Motion = { boxes: moves ? [car] : [], calibrating: false };
      if (isIdleTime()) framesWhileParked++;
      const image = greyFrame(SIZE.width, SIZE.height, new Uint8Array(SIZE.width * SIZE.height));
      yield {
        frame: { camera: "yard", sequence: sequence++, timeMs: second * 1000, ...image },
        motion,
      };
      // A motion gate or a packet size wakes the decoder as soon as the car leaves.
      const stepS = moves || everyFrame ? awakeS : idleS;
      second = second < LEAVES_S && second + stepS > LEAVES_S ? LEAVES_S : second + stepS;
    }
  }
  const detector: Detector = {
    ...scriptedDetector([]),
    model: { ...SMALL_MODEL, input: { ...SMALL_MODEL.input, ...SIZE }, labels: ["car"] },
    async detect() {
      passes++;
      if (isIdleTime()) passesWhileParked++;
      const box = carAt(second);
      const detections: Detection[] = box === undefined ? [] : [{ label: "car", score: 0.9, box }];
      return { detections, inferenceMs: 10 };
    },
  };
  const settings = {
    name: "yard",
    detect: DetectSchema.parse({}),
    motion: MotionSchema.parse({}),
    objects: ObjectsSchema.parse({ track: ["car"] }),
    zones: [],
    snapshots: SnapshotsSchema.parse({}),
    review: ReviewSchema.parse({}),
  };
  const events = [];
  const watching = watchCamera(camera(), settings, {
    detector,
    prefix: "sabrewing",
    signal: new AbortController().signal,
    newId: eventIds(seededRandom(1)),
    startMs: 0,
  });
  for await (const outcome of watching) {
    everyFrame = needsEveryFrame(outcome.seen?.tracks ?? []);
    events.push(...outcome.events);
  }
  return { events, passes, framesWhileParked, passesWhileParked };
}

describe("a car that parks, stands for eleven minutes and leaves", () => {
  test.each([0.2, 2, 4])("is one event with a frame every %f s while nothing moves", async (idleS) => {
    const { events, framesWhileParked, passesWhileParked } = await watchCar(idleS, 0.2, LEAVES_S + 60);
    expect(events.filter(({ type }) => type === "new")).toHaveLength(1);
    const ends = events.filter(({ type }) => type === "end");
    expect(ends).toMatchObject([{ reason: "gone" }]);
    const [end] = ends;
    expect(end?.after.start_time).toBeLessThan(ARRIVES_S + idleS + 1);
    expect(end?.after.end_time).toBeGreaterThan(LEAVES_S + 1);
    expect(end?.after.end_time).toBeLessThan(LEAVES_S + 6);
    const parkedS = LEAVES_S - PARKS_S - 30;
    expect(framesWhileParked).toBeLessThan(parkedS / idleS + 2);
    // A pass every ten seconds, on the next frame that comes.
    expect(passesWhileParked).toBeGreaterThan(parkedS / (10 + idleS) - 2);
    expect(passesWhileParked).toBeLessThan(parkedS / (10 - idleS) + 2);
  });

  test("is one event on a camera of 0.2 frames per second", async () => {
    const { events } = await watchCar(5, 5, LEAVES_S + 60);
    expect(events.map(({ type }) => type).filter((type) => type !== "update")).toEqual(["new", "end"]);
    const end = events.at(-1);
    expect(end).toMatchObject({ reason: "gone", after: { start_time: 15 } });
    expect(end?.after.end_time).toBeGreaterThan(LEAVES_S - 11);
    expect(end?.after.end_time).toBeLessThan(LEAVES_S + 6);
  });
});

import { describe, expect, test } from "vitest";
import { IDLE } from "../../agent/base/idle-timeout.ts";
import { MotionSchema } from "../../agent/config/motion-schema.ts";
import { ReviewSchema } from "../../agent/config/review-schema.ts";
import { DetectSchema, ObjectsSchema, SnapshotsSchema } from "../../agent/config/schema.ts";
import type { EndingSwitch, EndReason } from "../../agent/events/event.ts";
import { eventIds, seededRandom } from "../../agent/events/event-id.ts";
import type { Motion } from "../../agent/motion/gate.ts";
import type { Sighting } from "../../agent/motion/watch-motion.ts";
import type { Outcome } from "../../agent/outcome.ts";
import {
  begin,
  step,
  type WatchDependencies,
  type WatchedCamera,
  type WatchState,
  watchCamera,
} from "../../agent/watch-camera.ts";
import type { Box, Detection } from "../../detectors/detector.ts";
import { greyFrame } from "../support/camera/raw-frames.ts";
import { type Answer, scriptedDetector } from "../support/detectors/scripted-detector.ts";

const WIDTH = 128;
const HEIGHT = 64;
const FRAME_MS = 200;
const STILL: Motion = { boxes: [], calibrating: false };
/** The model receives the frame at half its size. */
const PERSON_IN_FRAME: Box = [20, 10, 40, 60];
const PERSON: Detection = { label: "person", score: 0.9, box: [10, 5, 20, 30] };

describe("a step", () => {
  const stepOn = (before: WatchState, sighting: Sighting, detector = scriptedDetector([[PERSON]])) =>
    step(before, sighting, door(), { ...dependencies, newId: eventIds(seededRandom(1)), detector });
  const [first, second] = frames(2);
  if (first === undefined || second === undefined) throw new Error("two frames");

  test("follows an object to the next frame and publishes it once it is confirmed", async () => {
    const start = begin(door(), { ...dependencies, detector: scriptedDetector([]) });
    const one = await stepOn(start.state, first);
    const two = await stepOn(one.state, second);
    expect(one.outcome.events).toEqual([]);
    expect(two.outcome.events.map(({ type }) => type)).toEqual(["new"]);
    expect(two.state).toMatchObject({
      timeMs: 2200,
      size: { width: WIDTH, height: HEIGHT },
      inferenceMs: 10,
    });
    expect(two.state.tracker.tracks).toMatchObject([{ id: 1, hits: 2 }]);
  });

  test("changes nothing in the state that it is given, and gives the same result twice", async () => {
    const start = begin(door(), { ...dependencies, detector: scriptedDetector([]) });
    const { state } = await stepOn(start.state, first);
    const copy = structuredClone(state);
    const once = await stepOn(state, second);
    expect(state).toEqual(copy);
    expect(await stepOn(state, second)).toEqual(once);
  });
});

describe("watching a camera", () => {
  test("publishes counts of zero before the first frame", async () => {
    const [first] = await watch([], []);
    expect(first).toMatchObject({ timeMs: 1000, events: [] });
    expect(lines(first)).toEqual([
      "door/person 0",
      "door/person/active 0",
      "door/all 0",
      "door/all/active 0",
    ]);
  });

  test("publishes the event, then the counts, with boxes in pixels of the frame", async () => {
    const outcomes = await watch([[PERSON]], frames(2));
    expect(outcomes.map(({ events }) => events.map(({ type }) => type))).toEqual([[], [], ["new"], ["end"]]);
    const [event] = outcomes[2]?.events ?? [];
    expect(event?.after).toMatchObject({
      camera: "door",
      box: [20, 10, 40, 60],
      region: [0, 0, WIDTH, HEIGHT],
      detector: {
        name: "scripted",
        sha256: "ab".repeat(32),
        licence: "none",
        precision: "f32",
        runtime: "wasmer",
        inference_ms: 10,
      },
    });
    expect(lines(outcomes[2])).toEqual([
      "events new",
      "door/person 1",
      "door/person/active 1",
      "door/all 1",
      "door/all/active 1",
    ]);
    expect(lines(outcomes[3])).toEqual([
      "events end",
      "door/person 0",
      "door/person/active 0",
      "door/all 0",
      "door/all/active 0",
    ]);
  });

  test("publishes nothing while nothing changes", async () => {
    const outcomes = await watch([[PERSON]], frames(10));
    expect(outcomes.slice(3, -1).flatMap(lines)).toEqual([]);
  });

  test("keeps the object in view through a fault of the detector", async () => {
    const examined: number[] = [];
    const outcomes = await watch([[PERSON], [PERSON], "fault", [PERSON]], frames(5), {
      onFrame: (regions) => examined.push(regions),
    });
    expect(typesIn(outcomes)).toEqual(["new", "end"]);
    expect(examined).toEqual([1, 1, 0, 1, 1]);
  });

  test.each([
    { jump: "back", startMs: 3_700_000, afterMs: 100_000, reason: "clock_set_back" },
    { jump: "forth", startMs: 100_000, afterMs: 3_700_000, reason: "gone" },
  ])(
    "ends the objects in view when the machine's clock jumps $jump, and starts new events",
    async ({ startMs, afterMs, reason }) => {
      const outcomes = await watch([[PERSON]], [...frames(5, startMs), ...frames(10, afterMs)]);
      expect(typesIn(outcomes)).toEqual(["new", "end", "new", "end"]);
      const [, end, again] = outcomes.flatMap(({ events }) => events);
      expect(end).toMatchObject({ reason, after: { end_time: (startMs + 4 * FRAME_MS) / 1000 } });
      expect(again?.after.start_time).toBe(afterMs / 1000);
    },
  );

  test.each([
    { end: "no frames arrive", items: [IDLE], reason: "silence" },
    { end: "the agent stops", items: [], reason: "shutdown" },
  ] as const)(
    "publishes a review of an object that moves, which ends when $end",
    async ({ items, reason }) => {
      const walk = Array.from({ length: 20 }, (_, i): Detection[] => [
        { ...PERSON, box: [i, 5, 10 + i, 30] },
      ]);
      const outcomes = await watch(walk, [...frames(20), ...items]);
      const messages = outcomes.flatMap((outcome) => outcome.messages.filter(({ qos }) => qos === 1));
      expect(messages.map(({ topic }) => topic).slice(0, 2)).toEqual([
        "sabrewing/events",
        "sabrewing/reviews",
      ]);
      const read = messages.map(({ topic, payload }) => ({ topic, ...JSON.parse(String(payload)) }));
      const [begun, ended, ...more] = read.filter(({ topic }) => topic === "sabrewing/reviews");
      const event = read.find(({ topic, type }) => topic === "sabrewing/events" && type === "end");
      expect(begun).toMatchObject({
        type: "new",
        after: {
          camera: "door",
          severity: "alert",
          data: { detections: [event.after.id], objects: ["person"] },
        },
      });
      expect(ended).toMatchObject({ type: "end", reason, after: { end_time: event.after.end_time } });
      expect(ended.after.id).toBe(begun.after.id);
      expect(more).toEqual([]);
    },
  );

  test("ends the objects in view when no frames arrive, and starts again later", async () => {
    const outcomes = await watch([[PERSON]], [...frames(3), IDLE, ...frames(3, 20_000)]);
    expect(typesIn(outcomes)).toEqual(["new", "end", "new", "end"]);
    expect(reasonsIn(outcomes)).toEqual(["silence", "shutdown"]);
    const ids = outcomes.flatMap(({ events }) => events.map(({ after }) => after.id));
    expect(new Set(ids).size).toBe(2);
  });

  test("ends the objects in view when the detector keeps failing, still detects motion, and starts again later", async () => {
    const detector = scriptedDetector([[PERSON], [PERSON], [PERSON], "fault", "fault", [PERSON]]);
    const failing = {
      ...detector,
      stats: () => ({
        ...detector.stats(),
        state: detector.asked() === 5 ? ("failing" as const) : ("working" as const),
      }),
    };
    const moving: Motion = { boxes: [PERSON_IN_FRAME], calibrating: false };
    const outcomes = await watch(failing, frames(9, 2000, moving));
    expect(typesIn(outcomes)).toEqual(["new", "end", "new", "end"]);
    expect(outcomes.flatMap(({ events }) => events)[1]).toMatchObject({ reason: "detector_failed" });
    expect(outcomes.flatMap(lines).filter((line) => line.startsWith("door/motion"))).toEqual([
      "door/motion ON",
    ]);
  });

  test("ends the objects in view when the frames change their size", async () => {
    const small = frames(4, 3000).map(({ frame, motion }) => ({
      frame: { ...frame, height: HEIGHT / 2 },
      motion,
    }));
    const outcomes = await watch([[PERSON]], [...frames(4), ...small]);
    expect(reasonsIn(outcomes)).toEqual(["size_changed", "shutdown"]);
  });

  test("ends at once when it is aborted during a detection pass", async () => {
    const stop = new AbortController();
    const detector = scriptedDetector([[PERSON], [PERSON], "silence"]);
    const outcomes: Outcome[] = [];
    const watching = watchCamera(stream(frames(3)), door(), {
      ...dependencies,
      detector,
      signal: stop.signal,
    });
    for await (const outcome of watching) {
      outcomes.push(outcome);
      if (outcomes.length === 3) setTimeout(() => stop.abort(), 10);
    }
    expect(typesIn(outcomes)).toEqual(["new", "end"]);
  });

  test("frees the memory of each frame after its outcome, with detection on or off", async () => {
    for (const enabled of [true, false]) {
      const sightings = frames(3);
      await watch([[PERSON]], sightings, {}, door({ detect: DetectSchema.parse({ enabled }) }));
      expect(sightings.map(({ frame }) => frame.planes.length)).toEqual([0, 0, 0]);
    }
  });

  test("does not run the detector where detection is switched off", async () => {
    const detector = scriptedDetector([[PERSON]]);
    await watch(detector, frames(5), {}, door({ detect: DetectSchema.parse({ enabled: false }) }));
    expect(detector.asked()).toBe(0);
  });

  test("runs the detector once on a scene without motion, and publishes no events for objects that stand there", async () => {
    const detector = scriptedDetector([[PERSON]]);
    const outcomes = await watch(detector, frames(50, 2000, STILL));
    expect(detector.asked()).toBe(1);
    expect(typesIn(outcomes)).toEqual([]);
  });

  test("publishes an event for an object that stood there from the beginning as soon as it moves", async () => {
    const moving = { boxes: [PERSON_IN_FRAME], calibrating: false };
    const items = [...frames(20, 2000, STILL), ...frames(20, 6000, moving)];
    expect(typesIn(await watch([[PERSON]], items))).toEqual(["new", "end"]);
  });

  test("publishes when motion begins, and when there was none for a while", async () => {
    const moving = { boxes: [PERSON_IN_FRAME], calibrating: false };
    const outcomes = await watch(
      [[]],
      [...frames(2, 2000, STILL), ...frames(2, 3000, moving), ...frames(1, 34_000, STILL)],
    );
    const published = outcomes.flatMap(({ timeMs, messages }) =>
      messages.filter(({ topic }) => topic.endsWith("/motion")).map(({ payload }) => [timeMs, payload]),
    );
    expect(published).toEqual([
      [2000, "OFF"],
      [3000, "ON"],
      [34_000, "OFF"],
    ]);
  });

  test("ends the objects in view when detection is switched off, and starts again when it is on", async () => {
    let isOn = true;
    let frame = 0;
    const outcomes = await watch([[PERSON]], frames(15), {
      isOn: (name) => name !== "detect" || isOn,
      onFrame: () => {
        frame++;
        isOn = frame < 5 || frame >= 10;
      },
    });
    expect(typesIn(outcomes)).toEqual(["new", "end", "new", "end"]);
    const reasons = outcomes.flatMap(({ events }) => events.map(({ reason }) => reason));
    expect(reasons).toEqual([undefined, "switched_off", undefined, "shutdown"]);
    expect(switchesIn(outcomes)).toEqual([undefined, "detect", undefined, undefined]);
    const ended = outcomes.find(({ events }) => events.some(({ reason }) => reason === "switched_off"));
    expect(lines(ended)).toContain("door/person 0");
  });

  test("ignores labels that are not tracked and boxes that the filters reject", async () => {
    const dog: Detection = { ...PERSON, label: "dog" };
    expect(typesIn(await watch([[dog]], frames(5)))).toEqual([]);
    const filters = { person: { min_area: 2000 } };
    const filtered = door({ objects: ObjectsSchema.parse({ filters }) });
    expect(typesIn(await watch([[PERSON]], frames(5), {}, filtered))).toEqual([]);
  });

  test("publishes a snapshot with `new` only where snapshots are on", async () => {
    const open = door({ snapshots: SnapshotsSchema.parse({ enabled: true }) });
    const outcomes = await watch([[PERSON]], frames(5), {}, open);
    const snapshots = outcomes
      .flatMap(({ messages }) => messages)
      .filter(({ topic }) => topic.endsWith("/snapshot"));
    expect(snapshots.map(({ topic, retain }) => [topic, retain])).toEqual([
      ["sabrewing/door/person/snapshot", true],
    ]);
    expect([...(snapshots[0]?.payload ?? []).slice(0, 3)]).toEqual([0xff, 0xd8, 0xff]);
    expect(outcomes.flatMap(({ events }) => events).every(({ after }) => after.has_snapshot)).toBe(true);
    const closed = await watch([[PERSON]], frames(5));
    expect(closed.flatMap(({ messages }) => messages).some(({ topic }) => topic.endsWith("/snapshot"))).toBe(
      false,
    );
  });
});

test("keeps the first snapshot of each object and every better one", async () => {
  const surer: Detection = { ...PERSON, score: 0.97 };
  const script = [[PERSON], [PERSON], [PERSON], [PERSON], [surer], [PERSON]];
  const kept: { readonly id: string; readonly jpeg: Uint8Array }[] = [];
  const outcomes = await watch(script, frames(8), {
    keepSnapshot: async (id, jpeg) => {
      kept.push({ id, jpeg });
    },
  });
  const published = outcomes.flatMap(({ events }) => events.map(({ after }) => after));
  expect(kept.map(({ id }) => id)).toEqual([published[0]?.id, published[0]?.id]);
  expect(kept.every(({ jpeg }) => jpeg[0] === 0xff && jpeg[1] === 0xd8)).toBe(true);
  expect(published.every(({ has_snapshot }) => has_snapshot)).toBe(true);
});

describe("changed settings", () => {
  const porch = {
    ...{ name: "porch", inertia: 1, loitering_time: 0, objects: [], filters: {} },
    coordinates: [
      [0, 0],
      [1, 0],
      [1, 1],
      [0, 1],
    ] as const,
  };
  /** Changes the settings before this frame. */
  const changeAt = (frame: number, changed: WatchedCamera) => {
    const configured = door();
    let asked = 0;
    return { camera: configured, settings: () => (asked++ < frame ? configured : changed) };
  };

  test("put an object into a new zone without ending its event", async () => {
    const { camera, settings } = changeAt(4, door({ zones: [porch] }));
    const outcomes = await watch(Array(8).fill([PERSON]), frames(8), { settings }, camera);
    const events = outcomes.flatMap(({ events }) => events);
    expect(typesIn(outcomes)).toEqual(["new", "update", "end"]);
    expect(new Set(events.map(({ after }) => after.id)).size).toBe(1);
    expect(events.map(({ after }) => after.entered_zones)).toEqual([[], ["porch"], ["porch"]]);
    expect(outcomes.flatMap(lines)).toContain("porch/person 1");
  });

  test("end the event of a label that is no longer tracked, and its counts", async () => {
    const { camera, settings } = changeAt(4, door({ objects: ObjectsSchema.parse({ track: ["car"] }) }));
    const outcomes = await watch(Array(6).fill([PERSON]), frames(6), { settings }, camera);
    expect(typesIn(outcomes)).toEqual(["new", "end"]);
    expect(reasonsIn(outcomes)).toEqual(["gone"]);
    expect(outcomes.slice(5, 6).flatMap(lines)).toEqual([
      ...["events end", "door/person 0", "door/person/active 0", "door/all 0", "door/all/active 0"],
      ...["door/car 0", "door/car/active 0"],
    ]);
  });
});

const dependencies = {
  prefix: "sabrewing",
  signal: new AbortController().signal,
  newId: eventIds(seededRandom(1)),
  startMs: 1000,
};

async function watch(
  script: readonly Answer[] | ReturnType<typeof scriptedDetector>,
  items: readonly (Sighting | typeof IDLE)[],
  extra: Partial<WatchDependencies> = {},
  camera = door(),
): Promise<Outcome[]> {
  const detector = "detect" in script ? script : scriptedDetector(script);
  const outcomes: Outcome[] = [];
  const watching = watchCamera(stream(items), camera, { ...dependencies, ...extra, detector });
  for await (const outcome of watching) outcomes.push(outcome);
  return outcomes;
}

function door(settings: Partial<WatchedCamera> = {}): WatchedCamera {
  return {
    name: "door",
    detect: DetectSchema.parse({}),
    motion: MotionSchema.parse({}),
    objects: ObjectsSchema.parse({}),
    zones: [],
    snapshots: SnapshotsSchema.parse({}),
    review: ReviewSchema.parse({}),
    ...settings,
  };
}

/** Frames with this motion, or of a camera whose motion detection is off: then every frame is examined as a whole. */
function frames(count: number, startMs = 2000, motion?: Motion): Sighting[] {
  return Array.from({ length: count }, (_, sequence) => ({
    frame: {
      camera: "door",
      sequence,
      timeMs: startMs + sequence * FRAME_MS,
      ...greyFrame(WIDTH, HEIGHT, new Uint8Array(WIDTH * HEIGHT)),
    },
    motion,
  }));
}

async function* stream<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}

function typesIn(outcomes: readonly Outcome[]): readonly string[] {
  return outcomes.flatMap(({ events }) => events.map(({ type }) => type));
}

/** The switches that ended the events. */
function switchesIn(outcomes: readonly Outcome[]): readonly (EndingSwitch | undefined)[] {
  return outcomes.flatMap(({ events }) => events.map((message) => message.switch));
}

function reasonsIn(outcomes: readonly Outcome[]): readonly (EndReason | undefined)[] {
  return outcomes
    .flatMap(({ events }) => events)
    .flatMap(({ type, reason }) => (type === "end" ? [reason] : []));
}

/** Topic without the prefix, and the payload or an event's type. */
function lines(outcome: Outcome | undefined): readonly string[] {
  return (outcome?.messages ?? []).map(({ topic, payload }) => {
    const text = String(payload);
    return `${topic.replace("sabrewing/", "")} ${text.startsWith("{") ? JSON.parse(text).type : text}`;
  });
}

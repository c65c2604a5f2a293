import { describe, expect, test } from "vitest";
import { SILENCE } from "../../agent/base/or-silence.ts";
import { MotionSchema } from "../../agent/config/motion-schema.ts";
import { DetectSchema, ObjectsSchema, SnapshotsSchema } from "../../agent/config/schema.ts";
import { eventIds, seededRandom } from "../../agent/events/event-id.ts";
import type { Motion } from "../../agent/motion/gate.ts";
import type { Sighting } from "../../agent/motion/watch-motion.ts";
import {
  type Outcome,
  type WatchDependencies,
  type WatchedCamera,
  watchCamera,
} from "../../agent/watch-camera.ts";
import type { Box, Detection } from "../../detectors/detector.ts";
import { greyPicture } from "../support/camera/video-picture.ts";
import { type Answer, scriptedDetector } from "../support/scripted-detector.ts";

const WIDTH = 128;
const HEIGHT = 64;
const FRAME_MS = 200;
const STILL: Motion = { boxes: [], calibrating: false };
/** The model sees the frame at half its size. */
const SOMEBODY_IN_FRAME: Box = [20, 10, 40, 60];
const SOMEBODY: Detection = { label: "person", score: 0.9, box: [10, 5, 20, 30] };

describe("watching a camera", () => {
  test("tells counts of zero before the first frame", async () => {
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
    const outcomes = await watch([[SOMEBODY]], frames(2));
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

  test("says nothing while nothing changes", async () => {
    const outcomes = await watch([[SOMEBODY]], frames(10));
    expect(outcomes.slice(3, -1).flatMap(lines)).toEqual([]);
  });

  test("loses one frame to a fault of the detector, not the object in view", async () => {
    const answered: number[] = [];
    const outcomes = await watch([[SOMEBODY], [SOMEBODY], "fault", [SOMEBODY]], frames(5), {
      onLooked: (regions) => answered.push(regions),
    });
    expect(typesIn(outcomes)).toEqual(["new", "end"]);
    expect(answered).toEqual([1, 1, 0, 1, 1]);
  });

  test.each([
    { jump: "back", startMs: 3_700_000, afterMs: 100_000, reason: "silence" },
    { jump: "forth", startMs: 100_000, afterMs: 3_700_000, reason: "gone" },
  ])(
    "ends what is in view when the machine's clock jumps $jump, and tells of it anew",
    async ({ startMs, afterMs, reason }) => {
      const outcomes = await watch([[SOMEBODY]], [...frames(5, startMs), ...frames(10, afterMs)]);
      expect(typesIn(outcomes)).toEqual(["new", "end", "new", "end"]);
      const [, end, again] = outcomes.flatMap(({ events }) => events);
      expect(end).toMatchObject({ reason, after: { end_time: (startMs + 4 * FRAME_MS) / 1000 } });
      expect(again?.after.start_time).toBe(afterMs / 1000);
    },
  );

  test("ends everything in view when the camera falls silent, and starts afresh after", async () => {
    const outcomes = await watch([[SOMEBODY]], [...frames(3), SILENCE, ...frames(3, 20_000)]);
    expect(typesIn(outcomes)).toEqual(["new", "end", "new", "end"]);
    const ids = outcomes.flatMap(({ events }) => events.map(({ after }) => after.id));
    expect(new Set(ids).size).toBe(2);
  });

  test("ends everything in view when the detector keeps failing, watches motion on and starts afresh after", async () => {
    const detector = scriptedDetector([[SOMEBODY], [SOMEBODY], [SOMEBODY], "fault", "fault", [SOMEBODY]]);
    const failing = {
      ...detector,
      stats: () => ({
        ...detector.stats(),
        state: detector.asked() === 5 ? ("failing" as const) : ("working" as const),
      }),
    };
    const moving: Motion = { boxes: [SOMEBODY_IN_FRAME], calibrating: false };
    const outcomes = await watch(failing, frames(9, 2000, moving));
    expect(typesIn(outcomes)).toEqual(["new", "end", "new", "end"]);
    expect(outcomes.flatMap(({ events }) => events)[1]).toMatchObject({ reason: "detector_failed" });
    expect(outcomes.flatMap(lines).filter((line) => line.startsWith("door/motion"))).toEqual([
      "door/motion ON",
    ]);
  });

  test("ends everything in view when the pictures change their size: places in them mean something else", async () => {
    const small = frames(4, 3000).map(({ frame, motion }) => ({
      frame: { ...frame, height: HEIGHT / 2 },
      motion,
    }));
    const outcomes = await watch([[SOMEBODY]], [...frames(4), ...small]);
    expect(outcomes.flatMap(({ events }) => events).map(({ reason }) => reason)).toContain("silence");
  });

  test("ends at once when it is told to stop while the detector is thinking", async () => {
    const stop = new AbortController();
    const detector = scriptedDetector([[SOMEBODY], [SOMEBODY], "silence"]);
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

  test("does not ask the detector where detection is switched off", async () => {
    const detector = scriptedDetector([[SOMEBODY]]);
    await watch(detector, frames(5), {}, door({ detect: DetectSchema.parse({ enabled: false }) }));
    expect(detector.asked()).toBe(0);
  });

  test("asks the detector once about a scene in which nothing moves, and tells nothing of what stands there", async () => {
    const detector = scriptedDetector([[SOMEBODY]]);
    const outcomes = await watch(detector, frames(50, 2000, STILL));
    expect(detector.asked()).toBe(1);
    expect(typesIn(outcomes)).toEqual([]);
  });

  test("tells of what stood there all the time as soon as it moves", async () => {
    const moving = { boxes: [SOMEBODY_IN_FRAME], calibrating: false };
    const items = [...frames(20, 2000, STILL), ...frames(20, 6000, moving)];
    expect(typesIn(await watch([[SOMEBODY]], items))).toEqual(["new", "end"]);
  });

  test("says when something begins to move, and when nothing has for a while", async () => {
    const moving = { boxes: [SOMEBODY_IN_FRAME], calibrating: false };
    const outcomes = await watch(
      [[]],
      [...frames(2, 2000, STILL), ...frames(2, 3000, moving), ...frames(1, 34_000, STILL)],
    );
    const told = outcomes.flatMap(({ timeMs, messages }) =>
      messages.filter(({ topic }) => topic.endsWith("/motion")).map(({ payload }) => [timeMs, payload]),
    );
    expect(told).toEqual([
      [2000, "OFF"],
      [3000, "ON"],
      [34_000, "OFF"],
    ]);
  });

  test("ends what is in view when detection is switched off, and begins anew when it is on again", async () => {
    let isOn = true;
    let frame = 0;
    const outcomes = await watch([[SOMEBODY]], frames(15), {
      isDetecting: () => isOn,
      onLooked: () => {
        frame++;
        isOn = frame < 5 || frame >= 10;
      },
    });
    expect(typesIn(outcomes)).toEqual(["new", "end", "new", "end"]);
    const reasons = outcomes.flatMap(({ events }) => events.map(({ reason }) => reason));
    expect(reasons).toEqual([undefined, "switched_off", undefined, "shutdown"]);
    const ended = outcomes.find(({ events }) => events.some(({ reason }) => reason === "switched_off"));
    expect(lines(ended)).toContain("door/person 0");
  });

  test("hears nothing of labels it does not track, nor of boxes its filters shut out", async () => {
    const dog: Detection = { ...SOMEBODY, label: "dog" };
    expect(typesIn(await watch([[dog]], frames(5)))).toEqual([]);
    const filters = { person: { min_area: 2000 } };
    const choosy = door({ objects: ObjectsSchema.parse({ filters }) });
    expect(typesIn(await watch([[SOMEBODY]], frames(5), {}, choosy))).toEqual([]);
  });

  test("sends a picture with `new` where snapshots are on, and none otherwise", async () => {
    const open = door({ snapshots: SnapshotsSchema.parse({ enabled: true }) });
    const outcomes = await watch([[SOMEBODY]], frames(5), {}, open);
    const pictures = outcomes
      .flatMap(({ messages }) => messages)
      .filter(({ topic }) => topic.endsWith("/snapshot"));
    expect(pictures.map(({ topic, retain }) => [topic, retain])).toEqual([
      ["sabrewing/door/person/snapshot", true],
    ]);
    expect([...(pictures[0]?.payload ?? []).slice(0, 3)]).toEqual([0xff, 0xd8, 0xff]);
    expect(outcomes.flatMap(({ events }) => events).every(({ after }) => after.has_snapshot)).toBe(true);
    const closed = await watch([[SOMEBODY]], frames(5));
    expect(closed.flatMap(({ messages }) => messages).some(({ topic }) => topic.endsWith("/snapshot"))).toBe(
      false,
    );
  });
});

test("keeps the first picture of each object and every better one, where pictures are kept", async () => {
  const surer: Detection = { ...SOMEBODY, score: 0.97 };
  const script = [[SOMEBODY], [SOMEBODY], [SOMEBODY], [SOMEBODY], [surer], [SOMEBODY]];
  const kept: { readonly id: string; readonly jpeg: Uint8Array }[] = [];
  const outcomes = await watch(script, frames(8), {
    keepSnapshot: async (id, jpeg) => {
      kept.push({ id, jpeg });
    },
  });
  const told = outcomes.flatMap(({ events }) => events.map(({ after }) => after));
  expect(kept.map(({ id }) => id)).toEqual([told[0]?.id, told[0]?.id]);
  expect(kept.every(({ jpeg }) => jpeg[0] === 0xff && jpeg[1] === 0xd8)).toBe(true);
  expect(told.every(({ has_snapshot }) => has_snapshot)).toBe(true);
});

const dependencies = {
  prefix: "sabrewing",
  signal: new AbortController().signal,
  newId: eventIds(seededRandom(1)),
  startMs: 1000,
};

async function watch(
  script: readonly Answer[] | ReturnType<typeof scriptedDetector>,
  items: readonly (Sighting | typeof SILENCE)[],
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
    ...settings,
  };
}

/** Frames of a camera whose motion detection is off (every one is looked at in full), or that moves like this. */
function frames(count: number, startMs = 2000, motion?: Motion): Sighting[] {
  return Array.from({ length: count }, (_, sequence) => ({
    frame: {
      camera: "door",
      sequence,
      timeMs: startMs + sequence * FRAME_MS,
      ...greyPicture(WIDTH, HEIGHT, new Uint8Array(WIDTH * HEIGHT)),
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

/** Topic without the prefix, and the payload or an event's type. */
function lines(outcome: Outcome | undefined): readonly string[] {
  return (outcome?.messages ?? []).map(({ topic, payload }) => {
    const text = String(payload);
    return `${topic.replace("sabrewing/", "")} ${text.startsWith("{") ? JSON.parse(text).type : text}`;
  });
}

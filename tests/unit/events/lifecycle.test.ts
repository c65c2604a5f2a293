import { describe, expect, test } from "vitest";
import { ReviewSchema } from "../../../agent/config/review-schema.ts";
import { ObjectsSchema } from "../../../agent/config/schema.ts";
import { ZonesSchema } from "../../../agent/config/zones-schema.ts";
import { countObjects } from "../../../agent/events/counts.ts";
import type { FrameContext } from "../../../agent/events/describe.ts";
import type { EventMessage } from "../../../agent/events/event.ts";
import { eventIds, seededRandom } from "../../../agent/events/event-id.ts";
import { advanceLifecycle, endAll, type Lifecycle, NO_OBJECTS } from "../../../agent/events/lifecycle.ts";
import { NO_TRACKS, type TrackerOptions, updateTracks } from "../../../agent/tracking/tracker.ts";
import type { Box, Detection } from "../../../detectors/detector.ts";

const START_MS = 1_000_000;
const FRAME_MS = 200;
const WHOLE: Box = [0, 0, 640, 360];
const rules: TrackerOptions = {
  minInitialized: 2,
  maxDisappearedMs: 5000,
  maxPauseMs: 5000,
  intervalMs: 200,
  stationaryAfter: 50,
  frame: { width: 640, height: 360 },
  minScore: () => 0.5,
  threshold: () => 0.7,
};
const context: FrameContext = {
  camera: "door",
  width: 640,
  height: 360,
  zones: [],
  review: ReviewSchema.parse({}),
  hasSnapshot: false,
  detector: {
    name: "yolov5n",
    sha256: "ab12",
    licence: "MIT",
    precision: "f32",
    runtime: "wasmer",
    inference_ms: 12.5,
  },
};

describe("the life of an event", () => {
  test("starts with the first true positive and ends when the object is gone", () => {
    const { messages } = watch([...times(30, person(100)), ...times(30)]);
    expect(types(messages)).toEqual(["new", "end"]);
    const [first, last] = messages;
    expect(first?.before).toMatchObject({ false_positive: true, revision: 0 });
    expect(first?.after).toMatchObject({
      camera: "door",
      label: "person",
      start_time: 1000,
      frame_time: 1000.2,
      end_time: null,
      false_positive: false,
      box: [100, 100, 150, 220],
      area: 6000,
      ratio: 0.42,
      region: [0, 0, 640, 360],
      active: true,
      stationary: false,
      revision: 1,
      detector: context.detector,
    });
    expect(last?.before).toEqual(first?.after);
    expect(last?.after).toMatchObject({
      id: first?.after.id,
      frame_time: 1005.8,
      end_time: 1005.8,
      revision: 2,
    });
  });

  test("is not published for an object that never was a true positive", () => {
    const doubtful = watch([...times(40, person(100, 0.6)), ...times(30)]);
    expect(doubtful.messages).toEqual([]);
    expect(endAll(doubtful.lifecycle, { reason: "shutdown" })).toEqual([]);
  });

  test("has an id of the start time and six characters, reproducible with the seed", () => {
    const ids = () => watch(times(3, person(100), person(400))).messages.map((message) => message.after.id);
    expect(ids()).toEqual(ids());
    expect(new Set(ids()).size).toBe(2);
    for (const id of ids()) expect(id).toMatch(/^1000\.000000-[a-z0-9]{6}$/);
  });

  test("is updated when a walker starts to move or approaches, at most every five seconds", () => {
    const nearer = (i: number): Box => [10 + 5 * i, 200 - i, 60 + 5 * i, 300 + i];
    const { messages } = watch(Array.from({ length: 60 }, (_, i) => [box(nearer(i))]));
    expect(types(messages)).toEqual(["new", "update", "update"]);
    expect(messages.map((message) => message.after.frame_time)).toEqual([1000.2, 1005.2, 1010.2]);
    expect(messages.map((message) => message.after.revision)).toEqual([1, 2, 3]);
    expect(messages.map((message) => message.after.position_changes)).toEqual([0, 1, 1]);
  });

  test("is not updated while a walker is out of sight", () => {
    const walk = Array.from({ length: 24 }, (_, i) => [person(10 + 9 * i)]);
    const { messages } = watch([...walk, ...times(30)]);
    expect(types(messages)).toEqual(["new", "end"]);
  });

  test("is updated at once when the object becomes stationary, then once a minute", () => {
    const { messages } = watch(times(700, person(100)));
    expect(
      messages.map((message) => [message.type, message.after.frame_time, message.after.stationary]),
    ).toEqual([
      ["new", 1000.2, false],
      ["update", 1010, true],
      ["update", 1070, true],
      ["update", 1130, true],
    ]);
  });

  test("keeps the best frame as its snapshot: the whole object first, then the larger one", () => {
    const cut: Detection = { label: "person", score: 0.9, box: [0, 0, 300, 360] };
    const { messages } = watch([
      [cut],
      [cut],
      ...times(30, box([10, 10, 60, 130])),
      ...times(30, box([12, 10, 62, 190])),
    ]);
    const snapshots = messages.map((message) => message.after.snapshot?.box);
    expect(snapshots[0]).toEqual([0, 0, 300, 360]);
    expect(messages.at(-1)?.after.snapshot?.box).toEqual([12, 10, 62, 190]);
  });

  test("has every field of Frigate's events that automations read, also those that never change here", () => {
    const [message] = watch(times(10, person(100))).messages;
    for (const object of [message?.before, message?.after]) {
      expect(object).toMatchObject({
        sub_label: null,
        recognized_license_plate: null,
        attributes: {},
        current_attributes: [],
        has_clip: false,
        thumbnail: null,
        current_estimated_speed: 0,
        average_estimated_speed: 0,
        velocity_angle: 0,
        path_data: [],
        snapshot: { attributes: [] },
      });
    }
  });

  test("ends for every object in view when the agent stops", () => {
    const { lifecycle, messages } = watch(times(10, person(100), person(400)));
    expect(types(messages)).toEqual(["new", "new"]);
    const ends = endAll(lifecycle, { reason: "shutdown" });
    expect(types(ends)).toEqual(["end", "end"]);
    expect(ends.map((message) => message.after.end_time)).toEqual([1001.8, 1001.8]);
  });

  test("counts the objects in view by label, with zeros and the sum", () => {
    const { lifecycle } = watch(times(60, person(100), { ...person(400), label: "dog" }));
    const camera = { name: "door", objects: ObjectsSchema.parse({ track: ["person", "car"] }), zones: [] };
    expect([...(countObjects(lifecycle, camera).get("door") ?? [])]).toEqual([
      ["person", { inView: 1, active: 0 }],
      ["car", { inView: 0, active: 0 }],
      ["all", { inView: 2, active: 0 }],
    ]);
    expect(countObjects(NO_OBJECTS, camera).get("door")?.get("all")).toEqual({ inView: 0, active: 0 });
  });
});

test("a zone counts the objects in it, by the labels it accepts", () => {
  const zones = ZonesSchema.parse({
    left: { coordinates: "0,0,0.5,0,0.5,1,0,1" },
    cars: { coordinates: "0,0,1,0,1,1,0,1", objects: ["car"] },
  });
  const seen = times(60, person(100), person(500), { ...person(200), label: "car" });
  const { lifecycle } = watch(seen, { ...context, zones });
  const camera = { name: "door", objects: ObjectsSchema.parse({ track: ["person", "car"] }), zones };
  const counts = countObjects(lifecycle, camera);
  const inView = (place: string) =>
    [...(counts.get(place) ?? [])].map(([label, count]) => [label, count.inView]);
  expect([...counts.keys()]).toEqual(["door", "left", "cars"]);
  expect(inView("door")).toEqual([
    ["person", 2],
    ["car", 1],
    ["all", 3],
  ]);
  expect(inView("left")).toEqual([
    ["person", 1],
    ["car", 1],
    ["all", 2],
  ]);
  expect(inView("cars")).toEqual([
    ["car", 1],
    ["all", 1],
  ]);
});

test("only an end has a reason", () => {
  const { messages, lifecycle } = watch([...times(10, person(100), person(400)), ...times(30, person(100))]);
  expect(messages.map(({ type, reason }) => [type, reason])).toEqual([
    ["new", undefined],
    ["new", undefined],
    ["end", "gone"],
  ]);
  expect(endAll(lifecycle, { reason: "silence" }).map(({ reason }) => reason)).toEqual(["silence"]);
});

function watch(frames: readonly (readonly Detection[])[], where = context) {
  const newId = eventIds(seededRandom(1));
  let tracker = NO_TRACKS;
  let lifecycle: Lifecycle = NO_OBJECTS;
  const messages: EventMessage[] = [];
  for (const [index, detections] of frames.entries()) {
    const timeMs = START_MS + index * FRAME_MS;
    const inFrame = detections.map((detection) => ({ ...detection, region: WHOLE }));
    tracker = updateTracks(tracker, inFrame, timeMs, rules, [WHOLE]);
    const confirmed = tracker.tracks.filter((track) => track.confirmed);
    const step = advanceLifecycle(lifecycle, confirmed, timeMs, where, newId);
    lifecycle = step.lifecycle;
    messages.push(...step.messages);
  }
  return { lifecycle, messages };
}

function times(count: number, ...detections: Detection[]): Detection[][] {
  return Array.from({ length: count }, () => detections);
}

function person(x: number, score = 0.9): Detection {
  return { label: "person", score, box: [x, 100, x + 50, 220] };
}

function box(of: Box): Detection {
  return { label: "person", score: 0.9, box: of };
}

function types(messages: readonly EventMessage[]): readonly string[] {
  return messages.map((message) => message.type);
}

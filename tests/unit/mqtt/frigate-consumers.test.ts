/**
 * What clients of Frigate read from its messages is in ours, with the types that they expect. The fields are those of the
 * public sources: Frigate's MQTT documentation, SgtBatten's blueprint for Home Assistant, 0x2142/frigate-notify, double-take.
 */
import { beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { parseConfig } from "../../../agent/config/load.ts";
import type { Message } from "../../../agent/mqtt/message.ts";
import { walkPast } from "../../support/scenes/walk-past.ts";

const number = z.number();
const text = z.string();
const texts = z.array(text);
const box = z.tuple([number, number, number, number]);

/** A message on a topic of JSON. */
interface Published {
  readonly type: string;
  readonly before: Record<string, unknown>;
  readonly after: Record<string, unknown>;
}

let messages: readonly Message[] = [];
const on = (topic: string) =>
  messages
    .filter((message) => message.topic === topic)
    .map(({ payload }): Published => JSON.parse(String(payload)));

beforeAll(async () => {
  const [camera] = parseConfig(
    `
mqtt: {host: broker, topic_prefix: frigate}
model: {path: m.wasm}
cameras:
  front_door:
    ffmpeg: {inputs: [{path: "rtsp://10.0.0.7/1"}]}
    detect: {width: 640, height: 320}
    zones: {street: {coordinates: "0,0,0.3,0,0.3,1,0,1"}, porch: {coordinates: "0.3,0,1,0,1,1,0.3,1"}}
    review: {alerts: {required_zones: [porch]}}
    snapshots: {enabled: true}
`,
    "frigate.yml",
    {},
  ).cameras;
  if (camera === undefined) throw new Error("expected a camera");
  const walk: Message[] = [];
  for await (const outcome of walkPast(camera, { frames: 30, prefix: "frigate" })) {
    walk.push(...outcome.messages);
  }
  messages = walk;
});

test("the walk that is published begins as a detection and becomes an alert", () => {
  const brief = on("frigate/reviews").map(({ type, after }) => `${type} ${after.severity}`);
  expect(brief[0]).toBe("new detection");
  expect(brief).toContain("update alert");
  expect(brief.at(-1)).toBe("end alert");
  expect(on("frigate/events").map(({ type }) => type)).toContain("update");
});

describe("Frigate's documentation", () => {
  const Snapshot = z.object({
    frame_time: number,
    box,
    area: number,
    region: box,
    score: number,
    attributes: z.array(z.unknown()),
  });
  const Tracked = z.object({
    id: z.string().regex(/^\d+\.\d+-[a-z0-9]{6}$/),
    camera: text,
    frame_time: number,
    snapshot: Snapshot,
    label: text,
    sub_label: z.tuple([text, number]).nullable(),
    top_score: number,
    false_positive: z.boolean(),
    start_time: number,
    end_time: number.nullable(),
    score: number,
    box,
    area: number,
    ratio: number,
    region: box,
    current_zones: texts,
    entered_zones: texts,
    thumbnail: text.nullable(),
    has_snapshot: z.boolean(),
    has_clip: z.boolean(),
    active: z.boolean(),
    stationary: z.boolean(),
    motionless_count: number,
    position_changes: number,
    attributes: z.record(text, number),
    current_attributes: z.array(z.object({ label: text, box, score: number })),
    current_estimated_speed: number,
    average_estimated_speed: number,
    velocity_angle: number,
    recognized_license_plate: text.nullable(),
    max_severity: z.enum(["alert", "detection"]).nullable(),
    pending_loitering: z.boolean(),
    path_data: z.array(z.tuple([z.tuple([number, number]), number])),
  });
  const Reviewed = z.object({
    id: z.string().regex(/^\d+\.\d+-[a-z0-9]{6}$/),
    camera: text,
    start_time: number,
    end_time: number.nullable(),
    severity: z.enum(["alert", "detection"]),
    thumb_path: text,
    data: z.object({
      detections: texts,
      objects: texts,
      sub_labels: texts,
      zones: texts,
      audio: texts,
      verified_objects: texts,
      thumb_time: number.nullable(),
      metadata: z.record(text, z.unknown()).nullable(),
    }),
  });

  test.each([
    ["events", Tracked],
    ["reviews", Reviewed],
  ])("describes the messages on %s", (topic, schema) => {
    const Change = z.object({ type: z.enum(["new", "update", "end"]), before: schema, after: schema });
    const published = on(`frigate/${topic}`);
    expect(published.length).toBeGreaterThanOrEqual(3);
    for (const message of published) expect(Change.safeParse(message).error).toBeUndefined();
    expect(published.at(-1)?.after.end_time).toEqual(expect.any(Number));
  });
});

describe("the blueprint for Home Assistant", () => {
  /** Its templates read these paths of `trigger.payload_json`. */
  const READ: Readonly<Record<string, z.ZodType>> = {
    "['type']": z.enum(["new", "update", "end"]),
    "['after']['id']": text,
    "['after']['camera']": text,
    "['after']['severity']": z.enum(["alert", "detection"]),
    "['after']['start_time']": number,
    "['before']['start_time']": number,
    "['after']['data']['objects']": texts.min(1),
    "['after']['data']['detections']": texts.min(1),
    "['after']['data']['detections'][0]": text,
    "['after']['data']['sub_labels']": texts,
    "['after']['data']['zones']": texts,
    "['before']['data']['zones']": texts,
    "['after']['data']['metadata']": z.record(text, z.unknown()).nullable(),
  };

  test.each(Object.entries(READ))("finds %s in every review", (path, type) => {
    for (const review of on("frigate/reviews"))
      expect(type.safeParse(valueAt(review, path)).error).toBeUndefined();
  });

  test("starts with `new`, follows the same id to `end`, and sees severity, objects and zones change", () => {
    const [first, ...rest] = on("frigate/reviews");
    expect(first?.type).toBe("new");
    expect(new Set(rest.map(({ after }) => after.id))).toEqual(new Set([first?.after.id]));
    expect(rest.at(-1)?.type).toBe("end");
    const zones = on("frigate/reviews").map((review) => valueAt(review, "['after']['data']['zones']"));
    expect(zones.at(-1)).toEqual(["street", "porch"]);
  });

  test("finds the events of a review by its detections", () => {
    const ids = on("frigate/events").map(({ after }) => after.id);
    const named = on("frigate/reviews").flatMap((review) =>
      texts.parse(valueAt(review, "['after']['data']['detections']")),
    );
    expect(named.filter((id) => !ids.includes(id))).toEqual([]);
  });
});

describe("frigate-notify", () => {
  // It decodes into typed fields. null leaves a field empty, and any other type makes the whole message unreadable.
  const Event = z.object({
    id: text,
    camera: text,
    label: text,
    sub_label: text.nullable(),
    start_time: number,
    top_score: number,
    has_clip: z.boolean(),
    has_snapshot: z.boolean(),
    current_zones: texts,
    entered_zones: texts,
    thumbnail: text.nullable(),
  });

  test("decodes every event, and does not drop it for having neither clip nor snapshot", () => {
    for (const { before, after } of on("frigate/events")) {
      for (const object of [before, after]) expect(Event.safeParse(object).error).toBeUndefined();
      expect(after.has_clip || after.has_snapshot).toBe(true);
    }
  });

  test("decodes every review", () => {
    const Review = z.object({
      id: text,
      camera: text,
      start_time: number,
      end_time: number.nullable(),
      severity: text,
      thumb_path: text,
      data: z.object({ detections: texts, objects: texts, sub_labels: texts, zones: texts, audio: texts }),
    });
    for (const { after } of on("frigate/reviews")) expect(Review.safeParse(after).error).toBeUndefined();
  });
});

describe("double-take", () => {
  test("finds what it checks in every event", () => {
    const Checked = z.object({ id: text, label: text, camera: text, area: number, current_zones: texts });
    for (const { before, after } of on("frigate/events")) {
      expect(Checked.safeParse(after ?? before).error).toBeUndefined();
    }
  });

  test("receives a JPEG of a person on the topic that names the camera", () => {
    const [snapshot] = messages.filter(({ topic }) => topic.endsWith("/person/snapshot"));
    expect(snapshot?.topic.split("/")[1]).toBe("front_door");
    expect(Buffer.from(snapshot?.payload ?? "").subarray(0, 3)).toEqual(Buffer.from([0xff, 0xd8, 0xff]));
  });
});

/** The value of a path like `['after']['data']['detections'][0]`, as Jinja finds it; undefined if it does not exist. */
function valueAt(root: unknown, path: string): unknown {
  const keys = [...path.matchAll(/\['(\w+)'\]|\[(\d+)\]/g)].map(([, name, index]) => name ?? Number(index));
  return keys.reduce<unknown>((at, key) => {
    return typeof at === "object" && at !== null ? Reflect.get(at, key) : undefined;
  }, root);
}

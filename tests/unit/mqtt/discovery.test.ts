import { describe, expect, test } from "vitest";
import { AgentConfigSchema } from "../../../agent/config/schema.ts";
import { type Announced, announce, type DiscoveryInput } from "../../../agent/mqtt/discovery.ts";
import { discoveryMistakes, homeEntities, type Received } from "../../support/mqtt/home-assistant.ts";

const FRAME = { ffmpeg: { inputs: [{ path: "rtsp://camera/1" }] } };
const PORCH = { coordinates: "0,0,1,0,1,1" };

function discoveryInput(cameras: object, more: object = {}): DiscoveryInput {
  const config = AgentConfigSchema.parse({
    mqtt: { host: "broker" },
    model: { path: "m.wasm" },
    homeassistant: { enabled: true },
    cameras,
    ...more,
  });
  return { ...config, detector: "yolov5n", version: "1.2.3" };
}

function announcedMessages(input: DiscoveryInput, before: Announced = {}): readonly Received[] {
  return announce(input, before).messages.map(({ topic, payload }) => ({ topic, payload: String(payload) }));
}

const DOOR = discoveryInput({
  door: {
    ...FRAME,
    objects: { track: ["person", "teddy bear"] },
    zones: { porch: { ...PORCH, objects: ["person"] } },
    snapshots: { enabled: true },
  },
});

describe("an announcement", () => {
  test("is valid for Home Assistant: one retained message per device", () => {
    const { messages } = announce(DOOR, {});
    expect(messages.map(({ topic }) => topic)).toEqual([
      "homeassistant/device/sabrewing/config",
      "homeassistant/device/sabrewing_door/config",
    ]);
    expect(messages.every(({ retain, qos }) => retain && qos === 1)).toBe(true);
    expect(announcedMessages(DOOR).flatMap(discoveryMistakes)).toEqual([]);
  });

  test("lists all entities of a camera", () => {
    const entities = homeEntities(announcedMessages(DOOR)).filter(({ device }) => device === "door");
    expect(entities.map(({ platform, name }) => `${platform} ${name}`)).toEqual([
      "binary_sensor Motion",
      "binary_sensor Occupancy",
      "sensor Object count",
      "sensor Active object count",
      "binary_sensor Person occupancy",
      "sensor Person count",
      "sensor Active person count",
      "binary_sensor Teddy bear occupancy",
      "sensor Teddy bear count",
      "sensor Active teddy bear count",
      "binary_sensor Porch occupancy",
      "sensor Porch object count",
      "sensor Porch active object count",
      "binary_sensor Porch person occupancy",
      "sensor Porch person count",
      "sensor Porch active person count",
      "image Person",
      "image Teddy bear",
      "switch Detect",
      "switch Enabled",
      "switch Motion detection",
      "switch Snapshots",
      "binary_sensor Connection",
      "binary_sensor Detector problem",
      "sensor Frames per second",
      "sensor Detections per second",
      "sensor Skipped frames per second",
    ]);
  });

  test("contains no image if snapshots are off, and no motion if motion detection is off", () => {
    const quiet = discoveryInput({ door: { ...FRAME, motion: { enabled: false } } });
    const platforms = homeEntities(announcedMessages(quiet)).map(
      ({ platform, name }) => `${platform} ${name}`,
    );
    expect(platforms.filter((name) => /^image|Motion/.test(name))).toEqual([]);
  });

  test("shows a camera whose detector fails as connected with a problem, and its counts as unavailable", () => {
    const states = [
      { topic: "sabrewing/available", payload: "online" },
      { topic: "sabrewing/door/status", payload: "motion_only" },
      { topic: "sabrewing/door/motion", payload: "ON" },
      { topic: "sabrewing/porch/person", payload: "0" },
    ];
    const shown = homeEntities([...announcedMessages(DOOR), ...states]).filter(
      ({ device }) => device === "door",
    );
    const state = (wanted: string) => {
      const { available, state } = shown.find(({ name }) => name === wanted) ?? {};
      return available === true ? state : "unavailable";
    };
    expect(["Connection", "Detector problem", "Motion", "Porch person occupancy"].map(state)).toEqual([
      "on",
      "on",
      "on",
      "unavailable",
    ]);
  });

  test("separates two agents at one broker", () => {
    const yard = discoveryInput(
      { door: FRAME },
      { mqtt: { host: "broker", client_id: "yard/1", topic_prefix: "yard" } },
    );
    const topics = [...announcedMessages(DOOR), ...announcedMessages(yard)].map(({ topic }) => topic);
    expect(topics.slice(2)).toEqual([
      "homeassistant/device/yard_1/config",
      "homeassistant/device/yard_1_door/config",
    ]);
    expect(announcedMessages(yard).flatMap(discoveryMistakes)).toEqual([]);
  });

  test("is empty while discovery is off", () => {
    expect(announcedMessages(discoveryInput({ door: FRAME }, { homeassistant: {} }))).toEqual([]);
  });
});

describe("removal", () => {
  const plain = discoveryInput({ door: FRAME });

  test("removes an entity with a message that contains only its platform", () => {
    const { messages, announced } = announce(DOOR, {});
    const later = announcedMessages(plain, announced);
    const names = homeEntities([...asReceived(messages), ...later]).map(({ name }) => name);
    expect(names).toEqual(homeEntities(announcedMessages(plain)).map(({ name }) => name));
    expect(later.flatMap(discoveryMistakes)).toEqual([]);
  });

  test("restores an entity that is configured again", () => {
    const { announced } = announce(plain, announce(DOOR, {}).announced);
    const again = announcedMessages(DOOR, announced);
    expect(
      homeEntities(again)
        .map(({ name }) => name)
        .toSorted(),
    ).toEqual(
      homeEntities(announcedMessages(DOOR))
        .map(({ name }) => name)
        .toSorted(),
    );
  });

  test("removes a camera with an empty message at every start", () => {
    const both = announce(discoveryInput({ door: FRAME, yard: FRAME }), {});
    const first = announce(plain, both.announced);
    const second = announce(plain, first.announced);
    for (const { messages } of [first, second]) {
      expect(messages.at(-1)).toEqual({
        topic: "homeassistant/device/sabrewing_yard/config",
        payload: "",
        retain: true,
        qos: 1,
      });
    }
  });

  test("removes all devices when discovery is switched off or its prefix changes", () => {
    const { announced } = announce(plain, {});
    const off = announcedMessages(discoveryInput({ door: FRAME }, { homeassistant: {} }), announced);
    expect(off.map(({ payload }) => payload)).toEqual(["", ""]);
    const moved = announcedMessages(
      discoveryInput({ door: FRAME }, { homeassistant: { enabled: true, discovery_prefix: "ha" } }),
      announced,
    );
    expect(moved.map(({ topic, payload }) => `${topic} ${payload === "" ? "gone" : "there"}`)).toEqual([
      "homeassistant/device/sabrewing/config gone",
      "homeassistant/device/sabrewing_door/config gone",
      "ha/device/sabrewing/config there",
      "ha/device/sabrewing_door/config there",
    ]);
  });
});

describe("the checks of these tests", () => {
  const [, camera] = announcedMessages(DOOR);
  const broken = (change: (payload: Record<string, Record<string, unknown>>) => void): readonly string[] => {
    const payload = JSON.parse(camera?.payload ?? "");
    change(payload);
    return discoveryMistakes({ topic: camera?.topic ?? "", payload: JSON.stringify(payload) });
  };

  test.each([
    ["no device", (p: Record<string, unknown>) => delete p.dev, "dev has no ids"],
    ["no origin", (p: Record<string, unknown>) => delete p.o, "o has no name"],
    [
      "no identity",
      (p: Record<string, Record<string, Record<string, unknown>>>) => delete p.cmps?.motion?.unique_id,
      "motion: no unique_id",
    ],
    [
      "an unknown class",
      (p: Record<string, Record<string, Record<string, unknown>>>) => {
        if (p.cmps?.motion) p.cmps.motion.dev_cla = "ghost";
      },
      "motion: device_class ghost",
    ],
    [
      "an option of another platform",
      (p: Record<string, Record<string, Record<string, unknown>>>) => {
        if (p.cmps?.motion) p.cmps.motion.image_topic = "t";
      },
      "motion: unknown image_topic",
    ],
  ])("notice %s", (_, change, mistake) => {
    expect(broken((payload) => void change(payload as never))).toContain(mistake);
  });
});

function asReceived(
  messages: readonly { topic: string; payload: string | Uint8Array }[],
): readonly Received[] {
  return messages.map(({ topic, payload }) => ({ topic, payload: String(payload) }));
}

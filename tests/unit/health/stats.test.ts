import { expect, test } from "vitest";
import { systemClock } from "../../../agent/base/clock.ts";
import { AgentConfigSchema } from "../../../agent/config/schema.ts";
import { agentStats, cameraStats } from "../../../agent/health/stats.ts";
import { tellStats } from "../../../agent/health/tell-stats.ts";
import type { Message } from "../../../agent/mqtt/message.ts";
import { scriptedDetector } from "../../support/scripted-detector.ts";

const NOTHING = { seen: 0, skipped: 0, looked: 0, regions: 0 };
const service = { uptime: 60, version: "1.2.3", last_updated: 1_700_000_000 };

test("a camera's figures are frames per second since the last look", () => {
  const before = { seen: 100, skipped: 20, looked: 70, regions: 90 };
  const now = { seen: 150, skipped: 30, looked: 105, regions: 125 };
  expect(cameraStats(before, now, 10, true)).toEqual({
    camera_fps: 5,
    process_fps: 4,
    skipped_fps: 1,
    detection_fps: 3.5,
    detection_enabled: true,
    frames: { seen: 150, gated: 15, looked: 105, skipped: 30, regions: 125 },
  });
});

test("no time passed: no figures rather than infinite ones", () => {
  expect(cameraStats(NOTHING, { ...NOTHING, seen: 5 }, 0, true).camera_fps).toBe(0);
});

test("the agent's figures add up its cameras and name its detectors", () => {
  const camera = cameraStats(NOTHING, { seen: 10, skipped: 2, looked: 5, regions: 6 }, 2, true);
  const detector = scriptedDetector([]);
  const model = { ...detector.model, name: "yolov5n" };
  const stats = agentStats(
    { door: camera, yard: camera },
    [{ model, stats: { ...detector.stats(), inferenceMs: 12.34 } }],
    service,
  );
  expect(stats).toMatchObject({
    camera_fps: 10,
    process_fps: 8,
    skipped_fps: 2,
    detection_fps: 6,
    detectors: { yolov5n: { licence: "none", inference_speed: 12.3, restarts: 0, faults: { trap: 0 } } },
    service,
  });
});

test("figures are published after every interval until the agent stops", async () => {
  const config = AgentConfigSchema.parse({
    mqtt: { host: "broker", stats_interval: 7 },
    model: { path: "m.wasm" },
    cameras: { door: { ffmpeg: { inputs: [{ path: "rtsp://camera/1" }] } } },
  });
  const stop = new AbortController();
  const published: Message[] = [];
  let nowMs = 0;
  let seen = 0;
  const clock = {
    ...systemClock,
    monotonicMs: () => nowMs,
    sleep: async (ms: number) => {
      nowMs += ms;
      seen += 35;
      if (published.length === 2) stop.abort();
    },
  };
  const cameras = config.cameras.map((camera) => ({
    camera,
    counters: () => ({ ...NOTHING, seen }),
    isDetecting: () => false,
  }));
  await tellStats(cameras, {
    clock,
    version: "1.2.3",
    signal: stop.signal,
    detector: scriptedDetector([]),
    broker: { publish: (message) => published.push(message), [Symbol.asyncDispose]: async () => {} },
    mqtt: config.mqtt,
  });
  expect(published.map(({ topic, retain, qos }) => [topic, retain, qos])).toEqual([
    ["sabrewing/stats", false, 0],
    ["sabrewing/stats", false, 0],
  ]);
  const [, second] = published.map(({ payload }) => JSON.parse(String(payload)));
  expect(second.cameras.door).toMatchObject({
    camera_fps: 5,
    detection_fps: 0,
    detection_enabled: false,
  });
  expect(second.service).toMatchObject({ uptime: 14, version: "1.2.3" });
});

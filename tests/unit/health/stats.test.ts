import { expect, test } from "vitest";
import { agentStats, cameraStats } from "../../../agent/health/stats.ts";
import { scriptedDetector } from "../../support/detectors/scripted-detector.ts";

const NOTHING = { received: 0, seen: 0, skipped: 0, looked: 0, regions: 0 };
const service = { uptime: 60, version: "1.2.3", last_updated: 1_700_000_000, pid: 42, rss_mb: 150 };
const WELL = { isOnline: true, isDetecting: true, expectedFps: 5, reconnectsLastHour: 1 };

test("a camera's figures are frames per second since the last sample", () => {
  const before = { received: 500, seen: 100, skipped: 20, looked: 70, regions: 90 };
  const now = { received: 750, seen: 150, skipped: 30, looked: 105, regions: 125 };
  expect(cameraStats(before, now, 10, WELL)).toEqual({
    camera_fps: 25,
    process_fps: 4,
    skipped_fps: 1,
    detection_fps: 3.5,
    detection_enabled: true,
    expected_fps: 5,
    connection_quality: "excellent",
    reconnects_last_hour: 1,
    frames: { seen: 150, gated: 15, looked: 105, skipped: 30, regions: 125 },
  });
});

test("a camera is judged by what arrives, although only its key frames are decoded", () => {
  const now = { ...NOTHING, received: 250, seen: 5 };
  expect(cameraStats(NOTHING, now, 10, WELL)).toMatchObject({
    camera_fps: 25,
    process_fps: 0.5,
    connection_quality: "excellent",
  });
  const slow = { ...NOTHING, received: 20, seen: 20 };
  expect(cameraStats(NOTHING, slow, 10, WELL)).toMatchObject({ connection_quality: "poor" });
});

test("rates are 0 rather than infinite if no time has passed", () => {
  expect(cameraStats(NOTHING, { ...NOTHING, received: 5 }, 0, WELL).camera_fps).toBe(0);
});

test("the agent's figures contain the sums over its cameras, and its detectors by name", () => {
  const camera = cameraStats(NOTHING, { received: 10, seen: 10, skipped: 2, looked: 5, regions: 6 }, 2, WELL);
  const detector = scriptedDetector([]);
  const model = { ...detector.model, name: "yolov5n" };
  const stats = agentStats(
    { door: camera, yard: camera },
    [{ model, stats: { ...detector.stats(), inferenceMs: 12.34 } }],
    service,
    { waiting: 3, held_back: 0, dropped: 1, damaged: 0 },
  );
  expect(stats).toMatchObject({
    camera_fps: 10,
    process_fps: 8,
    skipped_fps: 2,
    detection_fps: 6,
    detectors: {
      yolov5n: { licence: "none", state: "working", inference_speed: 12.3, restarts: 0, faults: { trap: 0 } },
    },
    service,
    outbox: { waiting: 3, held_back: 0, dropped: 1, damaged: 0 },
  });
});

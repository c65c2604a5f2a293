import { expect, test } from "vitest";
import { openMeter } from "../../../agent/health/meter.ts";
import { publishStats } from "../../../agent/health/publish-stats.ts";
import type { Message } from "../../../agent/mqtt/message.ts";
import { scriptedDetector } from "../../support/detectors/scripted-detector.ts";
import { type ManualClock, manualClock } from "../../support/time/manual-clock.ts";

/** A meter of one camera that delivers four frames a second, until `send` changes the rate. */
function meterOf(clock: ManualClock, windowMs: number) {
  let fps = 4;
  let received = 0;
  let sinceMs = 0;
  const count = () => {
    received += ((clock.monotonicMs() - sinceMs) / 1000) * fps;
    sinceMs = clock.monotonicMs();
    return { received, seen: 0, skipped: 0, looked: 0, regions: 0 };
  };
  const condition = () => ({ isOnline: true, isDetecting: false, expectedFps: 5, reconnectsLastHour: 0 });
  const meter = openMeter([{ camera: { name: "door" }, counters: count, condition }], {
    clock,
    version: "1.2.3",
    detector: scriptedDetector([]),
    outbox: { size: () => 2, heldBack: () => 0, dropped: () => 1, damaged: () => 0 },
    windowMs,
  });
  return {
    meter,
    fps: () => meter.stats().cameras.door?.camera_fps,
    send(next: number) {
      count();
      fps = next;
    },
  };
}

test("reports the rate since the start during the first window", async () => {
  const clock = manualClock();
  const { fps } = meterOf(clock, 60_000);
  await clock.pass(2_000);
  expect(fps()).toBe(4);
});

test("reports the rate of the last window to every caller, regardless of other calls", async () => {
  const clock = manualClock();
  const { fps, send } = meterOf(clock, 10_000);
  await clock.pass(10_000);
  send(1);
  for (let second = 0; second < 10; second++) {
    fps();
    await clock.pass(1_000);
  }
  expect(fps()).toBe(1);
});

test("publishes figures after every interval until the agent stops", async () => {
  const clock = manualClock();
  const stop = new AbortController();
  const published: Message[] = [];
  const mqtt = { topic_prefix: "sabrewing", stats_interval: 7 };
  const { meter } = meterOf(clock, 7_000);
  const publishing = publishStats(meter, {
    clock,
    signal: stop.signal,
    publish: (message) => published.push(message),
    mqtt,
  });
  await clock.pass(20_000);
  stop.abort();
  await publishing;
  expect(published.map(({ topic, retain, qos }) => [topic, retain, qos])).toEqual([
    ["sabrewing/stats", false, 0],
    ["sabrewing/stats", false, 0],
  ]);
  const [, second] = published.map(({ payload }) => JSON.parse(String(payload)));
  expect(second).toMatchObject({
    cameras: { door: { camera_fps: 4, detection_fps: 0, detection_enabled: false } },
    service: { uptime: 14, version: "1.2.3", last_updated: 1_000_014, pid: process.pid },
    outbox: { waiting: 2, dropped: 1 },
  });
});

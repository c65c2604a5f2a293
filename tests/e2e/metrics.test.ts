import { request } from "node:http";
import { describe, expect, test } from "vitest";
import { ConfigError } from "../../agent/base/errors.ts";
import { prometheusMetrics } from "../../agent/health/metrics.ts";
import { serveMetrics } from "../../agent/health/serve-metrics.ts";
import { agentStats, cameraStats } from "../../agent/health/stats.ts";
import { recordingLog } from "../support/agent/log-lines.ts";
import { freePort } from "../support/mqtt/brokers.ts";
import { scriptedDetector } from "../support/scripted-detector.ts";

/** Figures of an agent that has been running for `frames` frames of one camera. */
function statsAfter(frames: number) {
  const nothing = { seen: 0, skipped: 0, looked: 0, regions: 0 };
  const now = { seen: frames, skipped: 1, looked: 2, regions: 3 };
  const condition = { isOnline: true, isDetecting: true, expectedFps: 5, reconnectsLastHour: 1 };
  const detector = scriptedDetector([]);
  const stats = { ...detector.stats(), frames: 2, restarts: 1 };
  return agentStats(
    { door: cameraStats(nothing, now, 2, condition) },
    [{ model: detector.model, stats }],
    { uptime: 60, version: "1.2.3", last_updated: 1_700_000_000, pid: 42, rss_mb: 150 },
    { waiting: 4, held_back: 0, dropped: 0, damaged: 0 },
  );
}

async function startServer(host = "127.0.0.1") {
  let frames = 10;
  const metrics = prometheusMetrics({
    stats: () => statsAfter(frames),
    seen: () => [{ camera: "door", label: "teddy bear", objects: 3 }],
    isOnline: () => true,
  });
  const server = await serveMetrics({ host, port: 0 }, metrics, recordingLog().log);
  return {
    ...server,
    advance(to: number) {
      frames = to;
    },
  };
}

/** Samples by name and labels, as Prometheus reads them; a line it would not take throws. */
async function scrape(url: string): Promise<ReadonlyMap<string, number>> {
  const response = await fetch(url);
  expect(response.headers.get("content-type")).toMatch(/^text\/plain; version=0\.0\.4/);
  const lines = (await response.text()).split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(
    lines.map((line) => {
      const sample = /^([a-zA-Z_:][a-zA-Z0-9_:]*(?:\{[^}]*\})?) (\S+)$/.exec(line);
      if (sample === null) throw new Error(`no sample: ${line}`);
      return [sample[1] ?? "", Number(sample[2])];
    }),
  );
}

describe("a Prometheus that scrapes", () => {
  test("reads every figure under the name Frigate gives it, with our prefix", async () => {
    await using server = await startServer();
    const samples = await scrape(server.url);
    expect(Object.fromEntries(samples)).toMatchObject({
      'sabrewing_camera_fps{camera_name="door"}': 5,
      'sabrewing_process_fps{camera_name="door"}': 4.5,
      'sabrewing_skipped_fps{camera_name="door"}': 0.5,
      'sabrewing_detection_fps{camera_name="door"}': 1.5,
      'sabrewing_detection_enabled{camera_name="door"}': 1,
      'sabrewing_camera_up{camera_name="door"}': 1,
      'sabrewing_camera_reconnects_last_hour{camera_name="door"}': 1,
      'sabrewing_camera_frames_total{camera_name="door",outcome="gated"}': 7,
      'sabrewing_camera_events_total{camera_name="door",label="teddy bear"}': 3,
      'sabrewing_detector_inference_speed_seconds{name="scripted"}': 0.01,
      'sabrewing_detector_faults_total{name="scripted",fault="trap"}': 0,
      'sabrewing_detector_restarts_total{name="scripted"}': 1,
      sabrewing_detection_total_fps: 1.5,
      sabrewing_service_uptime_seconds: 60,
      'sabrewing_service_info{version="1.2.3"}': 1,
      sabrewing_outbox_messages: 4,
      sabrewing_outbox_dropped_total: 0,
    });
    expect(samples.get("process_resident_memory_bytes")).toBeGreaterThan(0);
  });

  test("sees counters go on, not start anew", async () => {
    await using server = await startServer();
    await scrape(server.url);
    server.advance(20);
    const samples = await scrape(server.url);
    expect(samples.get('sabrewing_camera_frames_total{camera_name="door",outcome="gated"}')).toBe(17);
    expect(samples.get('sabrewing_camera_events_total{camera_name="door",label="teddy bear"}')).toBe(3);
  });

  test("finds nothing else there, and can change nothing", async () => {
    await using server = await startServer();
    expect((await fetch(server.url.replace("/metrics", "/"))).status).toBe(404);
    expect((await fetch(server.url, { method: "POST" })).status).toBe(405);
    const head = await new Promise((resolve) => {
      request(server.url, { method: "HEAD" }, (response) => resolve(response.statusCode)).end();
    });
    expect(head).toBe(200);
  });
});

test("a port that is taken is told with the remedy", async () => {
  const port = await freePort();
  const metrics = { read: async () => "", contentType: "text/plain" };
  await using _first = await serveMetrics({ host: "127.0.0.1", port }, metrics, recordingLog().log);
  const second = serveMetrics({ host: "127.0.0.1", port }, metrics, recordingLog().log);
  await expect(second).rejects.toThrow(ConfigError);
  await expect(second).rejects.toThrow(/EADDRINUSE/);
});

import { once } from "node:events";
import { request } from "node:http";
import { createConnection } from "node:net";
import { hostname } from "node:os";
import { text } from "node:stream/consumers";
import { describe, expect, test } from "vitest";
import { systemClock } from "../../agent/base/clock.ts";
import { ConfigError } from "../../agent/base/errors.ts";
import { prometheusMetrics } from "../../agent/health/metrics.ts";
import { serveMetrics } from "../../agent/health/serve-metrics.ts";
import { agentStats, cameraStats } from "../../agent/health/stats.ts";
import { recordingLog } from "../support/agent/log-lines.ts";
import { scriptedDetector } from "../support/detectors/scripted-detector.ts";
import { freePort } from "../support/mqtt/brokers.ts";
import { manualClock } from "../support/time/manual-clock.ts";

const LOOPBACK = { host: "127.0.0.1", port: 0, allowed_hosts: [] };

/** Figures of an agent after `frames` frames of one camera. */
function statsAfter(frames: number) {
  const nothing = { received: 0, seen: 0, skipped: 0, looked: 0, regions: 0 };
  const now = { received: frames, seen: frames, skipped: 1, looked: 2, regions: 3 };
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

const dependencies = () => ({ clock: systemClock, log: recordingLog().log });

async function startServer(settings: { readonly allowed_hosts?: string[] } = {}) {
  let frames = 10;
  const metrics = prometheusMetrics({
    stats: () => statsAfter(frames),
    seen: () => [{ camera: "door", label: "teddy bear", objects: 3 }],
    isOnline: () => true,
  });
  const clock = manualClock();
  const server = await serveMetrics({ ...LOOPBACK, ...settings }, metrics, { ...dependencies(), clock });
  return {
    ...server,
    async advance(to: number) {
      frames = to;
      await clock.pass(500);
    },
  };
}

/** Parses samples by name and labels, like Prometheus; throws on an invalid line. */
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

describe("the metrics server", () => {
  test("serves figures with Frigate's names and the prefix sabrewing", async () => {
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

  test("serves counters that continue between scrapes", async () => {
    await using server = await startServer();
    await scrape(server.url);
    await server.advance(20);
    const samples = await scrape(server.url);
    expect(samples.get('sabrewing_camera_frames_total{camera_name="door",outcome="gated"}')).toBe(17);
    expect(samples.get('sabrewing_camera_events_total{camera_name="door",label="teddy bear"}')).toBe(3);
  });

  test("serves no other path and refuses other methods", async () => {
    await using server = await startServer();
    expect((await fetch(server.url.replace("/metrics", "/"))).status).toBe(404);
    expect((await fetch(server.url, { method: "POST" })).status).toBe(405);
    const head = await new Promise((resolve) => {
      request(server.url, { method: "HEAD" }, (response) => resolve(response.statusCode)).end();
    });
    expect(head).toBe(200);
  });
});

/** The status and text of the answer to a request with this `Host` header; undefined: an HTTP/1.0 request without one. */
async function askFor(url: string, host: string | undefined): Promise<string> {
  const { port } = new URL(url);
  const socket = createConnection(Number(port), "127.0.0.1");
  const version = host === undefined ? "1.0" : `1.1\r\nHost: ${host}`;
  socket.write(`GET /metrics HTTP/${version}\r\n\r\n`);
  const answer = await text(socket);
  return `${answer.split(" ")[1]} ${answer.split("\r\n\r\n")[1]}`;
}

describe("a request for the figures", () => {
  test("is answered for IP addresses, localhost, this machine's name and the names in metrics.allowed_hosts", async () => {
    await using server = await startServer({ allowed_hosts: ["cam.lan"] });
    for (const host of ["10.0.0.7:9464", "[fd00::7]", "localhost:1", hostname(), "CAM.lan.:9464"]) {
      expect(await askFor(server.url, host)).toMatch(/^200 /);
    }
  });

  test("for any other host is refused with the key that would allow it", async () => {
    await using server = await startServer();
    const refused = await askFor(server.url, "evil.example:9464");
    expect(refused).toMatch(/^421 /);
    expect(refused).toContain(
      "The metrics server does not answer to this host name. Use an IP address of this machine instead of " +
        'a host name, or add "evil.example" to metrics.allowed_hosts in sabrewing.yml.\n',
    );
    expect(await askFor(server.url, undefined)).toMatch(/^421 .*add its host name to metrics.allowed_hosts/s);
  });

  test("is answered while other clients hold as many silent connections as they can", async () => {
    await using server = await startServer();
    const { port } = new URL(server.url);
    const silent = Array.from({ length: 300 }, () => createConnection(Number(port), "127.0.0.1"));
    await Promise.all(
      silent.map((socket) =>
        once(
          socket.on("error", () => {}),
          "connect",
        ),
      ),
    );
    expect((await fetch(server.url)).status).toBe(200);
    for (const socket of silent) socket.destroy();
  });

  test("is answered with cached figures for half a second, which limits the cost of a flood", async () => {
    let reads = 0;
    const read = async () => String(reads++);
    const clock = manualClock();
    const settings = { ...dependencies(), clock };
    await using server = await serveMetrics(LOOPBACK, { read, contentType: "text/plain" }, settings);
    const ask = async () => (await fetch(server.url)).text();
    expect(await Promise.all(Array.from({ length: 50 }, ask))).toEqual(new Array(50).fill("0"));
    await clock.pass(500);
    expect(await ask()).toBe("1");
  });

  test("is read once per connection; later requests on it are ignored", async () => {
    let reads = 0;
    const read = async () => String(reads++);
    let nowMs = 0;
    // All cached figures are too old.
    const clock = { ...manualClock(), monotonicMs: () => (nowMs += 1_000) };
    const settings = { ...dependencies(), clock };
    await using server = await serveMetrics(LOOPBACK, { read, contentType: "text/plain" }, settings);
    const socket = createConnection(Number(new URL(server.url).port), "127.0.0.1");
    socket.write("GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".repeat(50));
    await text(socket.on("error", () => {}));
    expect(reads).toBe(1);
  });

  test("closes its connection after the answer", async () => {
    await using server = await startServer();
    expect((await fetch(server.url)).headers.get("connection")).toBe("close");
  });
});

test("a used port causes a ConfigError", async () => {
  const port = await freePort();
  const metrics = { read: async () => "", contentType: "text/plain" };
  await using _first = await serveMetrics({ ...LOOPBACK, port }, metrics, dependencies());
  const second = serveMetrics({ ...LOOPBACK, port }, metrics, dependencies());
  await expect(second).rejects.toThrow(ConfigError);
  await expect(second).rejects.toThrow(/EADDRINUSE/);
});

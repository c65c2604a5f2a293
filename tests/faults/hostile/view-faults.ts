/** Strangers hold hundreds of connections to the live view and to /metrics of a real agent. */
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { Agent, get } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { WebSocket } from "ws";
import type { LogEntry } from "../../support/agent/agent-process.ts";
import { processFigures } from "../../support/agent/process-figures.ts";
import { serviceEnvironment, serviceOptions } from "../../support/agent/service-options.ts";
import { hasRtspServer, startRtspCamera } from "../../support/camera/rtsp-camera.ts";
import { brightAreaModule } from "../../support/detectors/bright-area-module.ts";
import { freePort, mosquittoIsInstalled } from "../../support/mqtt/brokers.ts";
import { openStubbornPeers } from "../../support/network/stubborn-peers.ts";
import { waitUntil } from "../../support/time/wait-until.ts";
import type { Fault, FaultResult } from "../fault.ts";
import { SIGNAL_FPS, SIGNAL_SIZE, squareAndSignal } from "../watching/clips.ts";
import { startWatchWorld, type WatchWorld, watched } from "../watching/watch-world.ts";

interface ViewFault {
  readonly fault: string;
  readonly at: "view" | "metrics";
  /** Sent on each connection. */
  readonly sent: string;
}

const MAIN = fileURLToPath(new URL("../../../agent/main.ts", import.meta.url));
const TOKEN = "0123456789abcdef";
const CONNECTIONS = 300;
/** In a hurry other tests run at the same time: then only a page that cannot be loaded counts. */
const PAGE_WITHIN_MS = 2_000;
const METRICS_WITHIN_MS = 1_000;
const STOP_WITHIN_MS = 5_000;
const CLOSES_WITHIN_MS = 10_000;
const MOST_MB = 60;
/** A flood that lasts a minute causes one line at once and a few later ones with counts. */
const MOST_LINES = 8;
/** The same limit as browsers. */
const AT_A_TIME = 6;

const HOST = "Host: 127.0.0.1\r\n";
const FORM = `POST /enter HTTP/1.1\r\n${HOST}Content-Type: application/x-www-form-urlencoded\r\nContent-Length:`;
/** 60 kB: what Node reads at once. */
const PIPELINED = `GET / HTTP/1.1\r\n${HOST}\r\n`.repeat(1_500);
const UPGRADE = [
  `GET /live HTTP/1.1\r\n${HOST}Connection: Upgrade\r\nUpgrade: websocket\r\n`,
  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
].join("");

const ROWS: readonly ViewFault[] = [
  { fault: "live view: 300 half-open upgrades", at: "view", sent: UPGRADE },
  { fault: "live view: flood of 300 silent connections", at: "view", sent: "" },
  {
    fault: "live view: flood of 300 unfinished headers",
    at: "view",
    sent: `GET / HTTP/1.1\r\n${HOST}X-Slow: `,
  },
  { fault: "live view: flood of 300 unfinished forms", at: "view", sent: `${FORM} 4000\r\n\r\ntoken=` },
  { fault: "live view: flood of 300 wrong tokens", at: "view", sent: `${FORM} 11\r\n\r\ntoken=wrong` },
  { fault: "live view: flood of 300 pipelined requests", at: "view", sent: PIPELINED },
  { fault: "metrics: flood of 300 silent connections", at: "metrics", sent: "" },
  { fault: "metrics: flood of 300 pipelined requests", at: "metrics", sent: PIPELINED },
  { fault: "metrics: flood of 300 requests", at: "metrics", sent: `GET /metrics HTTP/1.1\r\n${HOST}\r\n` },
];

/** All connections come from the address of the signed-in viewers, as through a tunnel. */
export const VIEW_FAULTS: readonly Fault[] = ROWS.map((row) => ({
  fault: row.fault,
  times: 20,
  lacks() {
    if (!mosquittoIsInstalled) return "mosquitto";
    return hasRtspServer() ? undefined : "GStreamer's RTSP server";
  },
  async inflict(times, hurry) {
    await using stack = new AsyncDisposableStack();
    const folder = mkdtempSync(join(tmpdir(), "sabrewing-view-"));
    stack.defer(() => rmSync(folder, { recursive: true }));
    const modulePath = join(folder, "seeing.wasm");
    writeFileSync(modulePath, brightAreaModule("trap"));
    const camera = stack.use(await startRtspCamera({ clip: squareAndSignal(folder, { signals: 0 }).file }));
    const ports = { view: await freePort(), metrics: await freePort() };
    const detect = { ...SIGNAL_SIZE, fps: SIGNAL_FPS };
    const world = stack.use(
      await startWatchWorld({
        modulePath,
        sabrewing: [process.execPath, ...serviceOptions(), MAIN],
        env: serviceEnvironment(),
        cameras: { door: watched(camera.address, { detect }) },
        view: { enabled: true, port: ports.view, token: TOKEN },
        metrics: { enabled: true, port: ports.metrics },
      }),
    );
    await world.untilFrames("door", 60_000);
    return await hold(world, row, ports, times, hurry);
  },
}));

/** Holds the connections and loads the page repeatedly; a load that fails or takes too long counts as lost. */
async function hold(
  world: WatchWorld,
  { at, sent }: ViewFault,
  ports: { readonly view: number; readonly metrics: number },
  times: number,
  hurry: boolean,
): Promise<FaultResult> {
  const broken: string[] = [];
  const view = `http://127.0.0.1:${ports.view}`;
  const cookie = await signIn(view);
  await loadPage(view, cookie);
  await readMetrics(ports.metrics);
  const before = processFigures(world.pid).rssMb;
  const linesBefore = world.log.length;
  using peers = openStubbornPeers(ports[at], CONNECTIONS, sent);
  await delay(500);

  let lost = 0;
  const page: number[] = [];
  const metrics: number[] = [];
  const memory: number[] = [];
  for (let time = 0; time < times; time++) {
    try {
      page.push(await milliseconds(() => loadPage(view, cookie)));
      metrics.push(await milliseconds(() => readMetrics(ports.metrics)));
      await signIn(view);
    } catch (error) {
      lost++;
      broken.push(String(error));
    }
    memory.push(processFigures(world.pid).rssMb);
    await delay(hurry ? 200 : 3_000);
  }
  const figures = {
    page_ms: Math.round(Math.max(...page)),
    metrics_ms: Math.round(Math.max(...metrics)),
    agent_mb: Math.round(Math.max(...memory) - before),
  };
  if (!hurry && figures.page_ms > PAGE_WITHIN_MS) broken.push(`the page took ${figures.page_ms} ms`);
  if (!hurry && figures.metrics_ms > METRICS_WITHIN_MS) broken.push(`/metrics took ${figures.metrics_ms} ms`);
  if (figures.agent_mb > MOST_MB) broken.push(`the agent grew by ${figures.agent_mb} MB`);
  const lines = world.log.slice(linesBefore).filter(isAboutStrangers).length;
  if (lines > MOST_LINES) broken.push(`${lines} lines in the log`);
  if (world.statuses("door").at(-1) !== "online") broken.push("the camera is not online");
  await waitUntil("a connection is closed", () => peers.closed() > 0, CLOSES_WITHIN_MS);
  const closed = peers.closed();

  let how = "";
  const stop_ms = Math.round(
    await milliseconds(async () => {
      how = await world.stop();
    }),
  );
  if (how !== "exit code 0") broken.push(`the agent ended with ${how}`);
  if (stop_ms > STOP_WITHIN_MS) broken.push(`the agent took ${stop_ms} ms to stop`);
  return { lost, broken, ...figures, stop_ms, closed, log_lines: lines };
}

function isAboutStrangers({ level, msg }: LogEntry): boolean {
  return level === "warn" && /^the (live view|metrics server)/.test(msg);
}

async function milliseconds(work: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  await work();
  return performance.now() - startMs;
}

/** @returns the cookie for the token */
async function signIn(view: string): Promise<string> {
  const reply = await fetch(`${view}/?token=${TOKEN}`, {
    redirect: "manual",
    headers: { connection: "close" },
    signal: AbortSignal.timeout(5_000),
  });
  const [cookie = ""] = reply.headers.get("set-cookie")?.split(";") ?? [];
  if (reply.status !== 303 || cookie === "")
    throw new Error(`the right token was answered with ${reply.status}`);
  return cookie;
}

/** Loads the page like a browser with an empty cache: all files, with new connections, and the WebSocket. */
async function loadPage(view: string, cookie: string): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: AT_A_TIME });
  const load = async (path: string): Promise<string> => {
    const [response] = await once(
      get(`${view}/${path}`, { agent, headers: { cookie }, timeout: 10_000 }),
      "response",
    );
    if (response.statusCode !== 200) throw new Error(`/${path} was answered with ${response.statusCode}`);
    return (await buffer(response)).toString();
  };
  try {
    const html = await load("");
    const names = [...html.matchAll(/(?:href|src)="([\w.-]+)"/g)].map(([, name = ""]) => name);
    await Promise.all([...new Set(names)].map(load));
  } finally {
    agent.destroy();
  }
  const socket = new WebSocket(`${view.replace("http", "ws")}/live`, {
    headers: { cookie, origin: view },
    handshakeTimeout: 10_000,
  });
  const [greeting] = await once(socket, "message");
  socket.terminate();
  if (!String(greeting).includes('"greeting"')) throw new Error("the live view did not send a greeting");
}

async function readMetrics(port: number): Promise<void> {
  const reply = await fetch(`http://127.0.0.1:${port}/metrics`, {
    headers: { connection: "close" },
    signal: AbortSignal.timeout(10_000),
  });
  if (!(await reply.text()).includes("sabrewing_camera_fps"))
    throw new Error("/metrics contains no camera metrics");
}

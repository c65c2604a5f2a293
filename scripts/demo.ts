/**
 * Runs the whole chain on this machine: an RTSP server plays a clip, the agent runs in its own process, and the demo prints
 * the events that the broker delivers.
 */
import { basename } from "node:path";
import { AgentConfigSchema } from "../agent/config/schema.ts";
import { jsonLine } from "../agent/mqtt/json-line.ts";
import { readModel } from "../detectors/detector.ts";
import { startAgentProcess } from "./demonstration/agent.ts";
import { CAMERA } from "./demonstration/agent-config.ts";
import { startEmbeddedBroker } from "./demonstration/broker.ts";
import { buildAgent } from "./demonstration/build.ts";
import { startCamera } from "./demonstration/camera.ts";
import type { Child } from "./demonstration/child.ts";
import { findClip } from "./demonstration/clip.ts";
import { eventLine } from "./demonstration/event-line.ts";
import { listen, type Message } from "./demonstration/listener.ts";
import { logLine } from "./demonstration/log-line.ts";
import { prepareModule } from "./demonstration/model.ts";
import { parseOptions } from "./demonstration/options.ts";
import { pause, watchFor } from "./demonstration/patience.ts";
import { saveSnapshots } from "./demonstration/snapshots.ts";
import { readEvent, startCounters } from "./demonstration/summary.ts";
import { closingWords, openingWords } from "./demonstration/words.ts";

const PREFIX = "sabrewing";
/** The agent's default time limit for a frame. */
const { deadline_ms: DEADLINE_MS } = AgentConfigSchema.shape.detector.parse({});
const LAST_MESSAGES_MS = 2_000;

const options = parseOptions(process.argv.slice(2), process.stdout.isTTY === true);
const interrupted = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => interrupted.abort());
// The reader of the output has exited (`scripts/demo | head`): stop the camera and the agent as well.
process.stdout.on("error", () => interrupted.abort());

try {
  process.exitCode = await demo();
} catch (error) {
  console.error(`demo: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}

async function demo(): Promise<number> {
  const say = options.json ? console.error : console.log;
  const clip = findClip(options.clip, say);
  const sabrewing = buildAgent();
  const modulePath = await prepareModule(sabrewing, { model: options.model, size: options.size }, say);
  const model = await readModel(modulePath);
  if (interrupted.signal.aborted) return 1;

  await using stack = new AsyncDisposableStack();
  const broker = options.broker ?? stack.use(await startEmbeddedBroker()).address;
  const camera = stack.use(await startCamera(clip));

  const counters = startCounters(PREFIX);
  const snapshots = options.save === undefined ? undefined : saveSnapshots(options.save, PREFIX, say);
  const cameraOnline = Promise.withResolvers<void>();
  const agentOffline = Promise.withResolvers<void>();
  const onMessage = (message: Message) => {
    // Retained messages are those of an earlier run.
    if (message.retained) return;
    counters.add(message);
    snapshots?.add(message);
    if (options.json) console.log(toJson(message));
    else if (message.topic === `${PREFIX}/events`) console.log(eventLine(readEvent(message.payload)));
    const is = (topic: string, payload: string) =>
      message.topic === `${PREFIX}/${topic}` && message.payload.toString() === payload;
    if (is(`${CAMERA}/status`, "online")) cameraOnline.resolve();
    if (is("available", "offline")) agentOffline.resolve();
  };
  stack.use(await listen(broker, PREFIX, onMessage, console.error));

  const settings = {
    broker,
    prefix: PREFIX,
    modulePath,
    cameraUrl: camera.url,
    labels: options.track,
    snapshots: snapshots !== undefined,
    statsIntervalSeconds: 1,
    detector: { runtime: options.runtime, deadlineMs: DEADLINE_MS * options.patience },
  };
  const agent = stack.use(startAgentProcess(sabrewing, settings, showWarning));
  say(
    openingWords(settings, {
      clip: basename(clip),
      licence: model.licence,
      embedded: options.broker === undefined,
      forSeconds: options.seconds,
    }),
  );

  await Promise.race([
    watchFor(options.seconds, cameraOnline.promise, options.patience, interrupted.signal),
    ...[agent, camera.process].map(async (part) => {
      throw unexpectedEnd(part, await part.ended);
    }),
  ]);
  await agent.stop();
  // The broker has the agent's last messages, the ends of objects in view, and delivers them now.
  await Promise.race([agentOffline.promise, pause(LAST_MESSAGES_MS * options.patience)]);
  snapshots?.finish();

  const summary = counters.summary();
  if (options.json) console.log(JSON.stringify({ summary }));
  say(closingWords(summary, modulePath, model));
  return Object.keys(summary.events).length > 0 ? 0 : 1;
}

function showWarning(line: string): void {
  const text = logLine(line);
  if (text !== undefined) console.error(text);
}

/** The error for a process that ended too early. */
function unexpectedEnd(part: Child, how: string): Error {
  const lines = part
    .lastLines()
    .slice(-5)
    .map((line) => `\n  ${line}`);
  return new Error(`${part.name} ended unexpectedly (${how})${lines.join("")}`);
}

/** A line as `replay --json` prints it. All payloads but snapshots are text. */
function toJson({ time, topic, payload }: Message): string {
  const content = topic.endsWith("/snapshot") ? payload : payload.toString();
  return jsonLine(time * 1000, { topic, payload: content, retain: false, qos: 1 });
}

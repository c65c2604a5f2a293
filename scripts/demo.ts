/**
 * Somebody walks past a camera and an event arrives, with nothing left out: an RTSP server plays a clip, the agent runs
 * as a process of its own, and what is printed is what a broker delivered.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { jsonLine } from "../agent/mqtt/json-line.ts";
import { agentConfig, PASSWORD_VARIABLE } from "./demonstration/agent-config.ts";
import { startEmbeddedBroker } from "./demonstration/broker.ts";
import { buildAgent } from "./demonstration/build.ts";
import { startCamera } from "./demonstration/camera.ts";
import { type Child, startChild } from "./demonstration/child.ts";
import { eventLine } from "./demonstration/event-line.ts";
import { listen, type Message } from "./demonstration/listener.ts";
import { logLine } from "./demonstration/log-line.ts";
import { prepareModule } from "./demonstration/model.ts";
import { parseOptions } from "./demonstration/options.ts";
import { savePictures } from "./demonstration/pictures.ts";
import { readEvent, startTally } from "./demonstration/summary.ts";
import { closingWords, openingWords } from "./demonstration/words.ts";
import { findMedia } from "./materials.ts";

const PREFIX = "sabrewing";
/** The longest a timer can wait: 2³¹ − 1 ms, 24 days. */
const LONGEST_DELAY_SECONDS = 2_147_483;

const options = parseOptions(process.argv.slice(2), process.stdout.isTTY === true);
const interrupted = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => interrupted.abort());

try {
  process.exitCode = await demo();
} catch (error) {
  console.error(`demo: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}

async function demo(): Promise<number> {
  const say = options.json ? console.error : console.log;
  const clip = options.clip ?? findMedia("person.mp4");
  if (clip === undefined)
    throw new Error("no clip: put person.mp4 into $SABREWING_HOME, or name an MP4: --clip FILE");
  const sabrewing = buildAgent();
  const modulePath = prepareModule(sabrewing, options.model, options.size);
  if (interrupted.signal.aborted) return 1;

  await using stack = new AsyncDisposableStack();
  const folder = stack.adopt(mkdtempSync(join(tmpdir(), "sabrewing-demo-")), (path) =>
    rmSync(path, { recursive: true }),
  );
  const broker = options.broker ?? stack.use(await startEmbeddedBroker()).address;
  const camera = stack.use(await startCamera(clip));

  const tally = startTally(PREFIX);
  const pictures = options.save === undefined ? undefined : savePictures(options.save, PREFIX, say);
  const offline = Promise.withResolvers<void>();
  const onMessage = (message: Message) => {
    // What the broker kept from an earlier run says nothing about this one.
    if (message.retained) return;
    tally.add(message);
    pictures?.add(message);
    if (options.json) console.log(toJson(message));
    else if (message.topic === `${PREFIX}/events`) console.log(eventLine(readEvent(message.payload)));
    if (message.topic === `${PREFIX}/available` && message.payload.toString() === "offline")
      offline.resolve();
  };
  stack.use(await listen(broker, PREFIX, onMessage, console.error));

  const configPath = join(folder, "sabrewing.yml");
  writeFileSync(
    configPath,
    agentConfig({
      broker,
      prefix: PREFIX,
      modulePath,
      cameraUrl: camera.url,
      labels: options.track,
      snapshots: pictures !== undefined,
      statsIntervalSeconds: 1,
    }),
  );
  const [program, ...words] = sabrewing;
  const agent = stack.use(
    startChild("the agent", [program, ...words, "run", "-c", configPath], {
      env: broker.password === undefined ? {} : { [PASSWORD_VARIABLE]: broker.password },
      onLine: (line) => {
        const text = logLine(line);
        if (text !== undefined) console.error(text);
      },
    }),
  );
  say(
    openingWords({
      clip: basename(clip),
      cameraUrl: camera.url,
      broker,
      embedded: options.broker === undefined,
      prefix: PREFIX,
      modulePath,
      forSeconds: options.seconds,
    }),
  );

  await Promise.race([
    timeIsUp(options.seconds),
    ...[agent, camera.process].map(async (part) => {
      throw unexpectedEnd(part, await part.ended);
    }),
  ]);
  await agent.stop();
  // Its last words, the ends of what was in view, are with the broker now and on their way here.
  await Promise.race([offline.promise, delay(2000)]);
  pictures?.finish();

  const summary = tally.summary();
  if (options.json) console.log(JSON.stringify({ summary }));
  say(closingWords(summary));
  return Object.keys(summary.events).length > 0 ? 0 : 1;
}

/** Resolves after so many seconds or at Ctrl-C, whichever comes first. */
async function timeIsUp(forSeconds = LONGEST_DELAY_SECONDS): Promise<undefined> {
  await delay(forSeconds * 1000, undefined, { ref: false, signal: interrupted.signal }).catch(
    () => undefined,
  );
}

/** What to tell when a part ended that should have gone on. */
function unexpectedEnd(part: Child, how: string): Error {
  const words = part
    .lastLines()
    .slice(-5)
    .map((line) => `\n  ${line}`);
  return new Error(`${part.name} ended by itself (${how})${words.join("")}`);
}

/** As `replay --json` prints it: only a picture is no text. */
function toJson({ time, topic, payload }: Message): string {
  const content = topic.endsWith("/snapshot") ? payload : payload.toString();
  return jsonLine(time * 1000, { topic, payload: content, retain: false, qos: 1 });
}

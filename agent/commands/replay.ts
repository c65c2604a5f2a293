import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Command, Option } from "commander";
import { type Detector, openDetector } from "../../detectors/detector.ts";
import { systemClock } from "../base/clock.ts";
import { openLog } from "../base/log.ts";
import { readClip } from "../camera/clip.ts";
import { requireKnownLabels } from "../detector-for-cameras.ts";
import { eventIds, seededRandom } from "../events/event-id.ts";
import { jsonLine } from "../mqtt/json-line.ts";
import { annotate } from "../view/annotate.ts";
import { type Outcome, watchCamera } from "../watch-camera.ts";
import { replayLine, replaySummary } from "./replay-line.ts";
import { type ReplayOptions, replaySettings } from "./replay-settings.ts";
import { untilInterrupted } from "./until-interrupted.ts";

const EXAMPLES = `
Examples:
  sabrewing replay yesterday.mp4                          with the configured or pulled model
  sabrewing replay yard.mp4 --model yolov5n.wasm --track person,dog --save seen/
  sabrewing replay yard.mp4 -c sabrewing.yml --camera door --json | jq -c 'select(.payload.type == "new")'

The same clip, module and options print the same lines every time: times are positions in the clip (seconds),
identifiers come from a fixed seed, no frame is dropped, and detector.inference_ms is 0.`;

/** `sabrewing replay CLIP`: the whole pipeline over a recorded file. */
export function replayCommand(): Command {
  return new Command("replay")
    .description("the whole pipeline over a recorded file; prints what `run` would publish")
    .argument("<clip>", "a video file")
    .option(
      "-m, --model <file>",
      "detector module (default: the configured one, else the newest in $SABREWING_HOME)",
    )
    .option("-t, --track <labels>", "labels to follow, separated by commas (default: person)")
    .option("--fps <n>", "frames looked at per second of the clip (default: 5)")
    .option("-c, --config <file>", "take the camera's settings from this configuration")
    .option("--camera <name>", "which camera of the configuration (default: the only one)")
    .addOption(new Option("--runtime <name>", "what executes the module").choices(["wasmer", "v8"]))
    .option("--realtime", "as fast as the clip was recorded, not as fast as it goes")
    .option("--json", "one line of JSON per message: {time, topic, payload}")
    .option("--save <dir>", "write a picture of each new object, box drawn in, into this folder")
    .addHelpText("after", EXAMPLES)
    .action((clip: string, options: ReplayOptions) => replay(clip, options));
}

/** Replays a clip and prints the outcome: the same for the same clip, module and options. */
async function replay(clip: string, options: ReplayOptions): Promise<void> {
  const { camera, runtime, modelPath, prefix } = replaySettings(options, process.env);
  const log = openLog("warn", process.stderr);
  using interrupted = untilInterrupted();
  const { signal } = interrupted;

  await using detector = await openDetector(modelPath, {
    runtime,
    instances: 1,
    deadlineMs: DEADLINE_MS,
    log: ({ level, message }) => log[level](message),
  });
  requireKnownLabels([camera], detector.model);
  if (options.save !== undefined) await mkdir(options.save, { recursive: true });

  const { width, height, fps } = camera.detect;
  const size = width === undefined || height === undefined ? undefined : { width, height };
  const frames = readClip(
    { camera: camera.name, file: clip, size, fps, realTime: options.realtime === true },
    { signal },
  );
  const outcomes = watchCamera(frames, camera, {
    detector: untimed(detector),
    prefix,
    signal,
    newId: eventIds(seededRandom(SEED)),
    startMs: 0,
  });

  const summary = replaySummary(systemClock);
  for await (const outcome of outcomes) {
    summary.add(outcome);
    const lines = options.json
      ? outcome.messages.map((message) => jsonLine(outcome.timeMs, message))
      : outcome.events.map(replayLine);
    for (const line of lines) process.stdout.write(`${line}\n`);
    if (options.save !== undefined) await savePictures(options.save, outcome);
  }
  if (!options.json) process.stdout.write(`${summary.line()}\n`);
}

const SEED = 1;
/** Nobody waits for a recording: a slow machine takes its time rather than to lose a frame. */
const DEADLINE_MS = 60_000;

/** The same detector, except that it never tells how long it took: that differs from run to run. */
function untimed(detector: Detector): Detector {
  return {
    model: detector.model,
    runtime: detector.runtime,
    detect: async (pixels, thresholds) => ({
      ...(await detector.detect(pixels, thresholds)),
      inferenceMs: 0,
    }),
    stats: () => detector.stats(),
    [Symbol.asyncDispose]: () => detector[Symbol.asyncDispose](),
  };
}

async function savePictures(folder: string, { frame, events }: Outcome): Promise<void> {
  if (frame === undefined) return;
  for (const { type, after } of events) {
    if (type !== "new") continue;
    await writeFile(join(folder, `${after.id}-${after.label}.jpg`), await annotate(frame, [after]));
  }
}

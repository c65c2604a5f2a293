import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Command, InvalidArgumentError } from "commander";
import { type Detector, openDetector } from "../../../detectors/detector.ts";
import { isStreamAddress } from "../../base/address.ts";
import { systemClock } from "../../base/clock.ts";
import { EXIT } from "../../base/errors.ts";
import { openLog } from "../../base/log.ts";
import { printed } from "../../base/plain-text.ts";
import { topicLevel } from "../../config/topic-name.ts";
import { requireKnownLabels } from "../../detector-for-cameras.ts";
import type { EventMessage } from "../../events/event.ts";
import { eventIds, seededRandom } from "../../events/event-id.ts";
import { jsonLine } from "../../mqtt/json-line.ts";
import type { Outcome } from "../../outcome.ts";
import { rgbOf } from "../../preprocess/rgb.ts";
import { annotate } from "../../view/annotate.ts";
import { requireWritableVideo } from "../../view/video-file.ts";
import { watchCamera } from "../../watch-camera.ts";
import { filePath } from "../shared/input-images.ts";
import { modelOption, runtimeOption } from "../shared/module-options.ts";
import { rotateOption } from "../shared/rotate-option.ts";
import { untilInterrupted } from "../shared/until-interrupted.ts";
import { compareVisits } from "./compare-visits.ts";
import { comparisonJson, comparisonLines } from "./comparison-lines.ts";
import { replayLine, replaySummary } from "./event-lines.ts";
import { EXPECTED_HELP, readExpected } from "./expected-visits.ts";
import { replayedSightings, requireClipFor } from "./frames.ts";
import { type ReplayProgress, replayProgress } from "./progress-line.ts";
import { type ReplayOptions, replaySettings } from "./settings.ts";
import { replayVideo } from "./video.ts";
import { visitsOf } from "./visits.ts";

const EXAMPLES = `
Examples:
  sabrewing replay yesterday.mp4                          use the configured model, else the newest in $SABREWING_HOME
  sabrewing replay yard.mp4 --model yolov5n.wasm --track person,dog --save seen/
  sabrewing replay yard.mp4 -c sabrewing.yml --camera door --json | jq -c 'select(.payload.type == "new")'
  sabrewing replay yard.mp4 -c sabrewing.yml --video seen.mp4          show why an event was reported or not
  sabrewing replay yard.mp4 -c sabrewing.yml --against expected.txt    show the effect of changed settings
  sabrewing replay rtsp://user:pass@10.0.0.7/stream2 --track person,car    watch a camera until Ctrl-C

Of a clip, the output is reproducible: the same clip, module and options print the same lines. Times are positions in the clip
in seconds, identifiers come from a fixed seed, no frame is dropped, and detector.inference_ms is 0.`;

/** All options of the command. */
interface ReplayWords extends ReplayOptions {
  readonly realtime?: boolean;
  readonly json?: boolean;
  readonly save?: string;
  readonly video?: string;
  readonly against?: string;
  /** Seconds. */
  readonly tolerance: number;
}

/** `sabrewing replay CLIP`: runs the whole pipeline on a recorded file, or on a camera until Ctrl-C. */
export function replayCommand(): Command {
  return new Command("replay")
    .description("runs the whole pipeline on a clip or camera and prints the events that `run` would publish")
    .argument("<clip>", "video file, or the rtsp:// URL of a camera, which is watched until Ctrl-C")
    .addOption(modelOption())
    .option("-t, --track <labels>", "labels to track, separated by commas (default: person)")
    .option("--fps <n>", "frames per second to analyse (default: 5)")
    .option("-c, --config <file>", "use the camera settings of this configuration file")
    .option("--camera <name>", "camera of the configuration (default: the only one)")
    .addOption(rotateOption("of the frames (default: the camera's)"))
    .addOption(runtimeOption())
    .option("--realtime", "replay at the clip's own speed instead of as fast as possible")
    .option("--json", "print a JSON line per message: {time, topic, payload}")
    .option("--save <dir>", "write a JPEG of each new object, with its box, to this folder")
    .option("--video <file.mp4>", "write the clip with motion, regions, tracks and events drawn in")
    .option("--against <expected>", "compare the events with this file and print the differences (see below)")
    .option(
      "--tolerance <seconds>",
      "with --against: times that differ by no more than this count as equal",
      toSeconds,
      1,
    )
    .addHelpText("after", `${EXAMPLES}\n${EXPECTED_HELP}`)
    .action((clip: string, options: ReplayWords) => replay(clip, options));
}

/** Replays a clip and prints the outcome, which is reproducible. */
async function replay(input: string, options: ReplayWords): Promise<void> {
  requireClipFor(input, options);
  const isLive = isStreamAddress(input);
  const clip = isLive ? input : filePath(input);
  const { camera, rotate, runtime, module, prefix } = replaySettings(options, process.env);
  const expected = options.against === undefined ? undefined : readExpected(options.against);
  if (options.video !== undefined) await requireWritableVideo(options.video);
  const log = openLog("warn", process.stderr);
  using interrupted = untilInterrupted();
  const { signal } = interrupted;

  using progress = await replayProgress(isLive ? undefined : clip, process.stderr, signal);
  await using detector = await openDetector(module.path, {
    trust: module.trust,
    runtime,
    instances: 1,
    deadlineMs: DEADLINE_MS,
    log: ({ level, message }) => log[level](message),
  });
  requireKnownLabels([camera], detector.model);
  if (options.save !== undefined) await mkdir(options.save, { recursive: true });

  const sightings = replayedSightings(clip, camera, { rotate, realTime: options.realtime === true, signal });
  const outcomes = watchCamera(sightings, camera, {
    detector: untimed(detector),
    prefix,
    signal,
    newId: eventIds(seededRandom(SEED)),
    newReviewId: eventIds(seededRandom(REVIEW_SEED)),
    startMs: 0,
  });

  await using video = options.video === undefined ? undefined : replayVideo(options.video, camera);
  const summary = replaySummary(systemClock);
  const events: EventMessage[] = [];
  for await (const outcome of outcomes) {
    summary.add(outcome);
    if (signal.aborted && !isLive) break;
    if (expected !== undefined) events.push(...outcome.events);
    else print(linesOf(outcome, options.json === true), progress);
    if (options.save !== undefined) await saveNewObjects(options.save, outcome);
    await video?.add(outcome);
    progress.update(outcome.timeMs);
  }
  if (signal.aborted && !isLive) return;
  await video?.finish();
  if (expected !== undefined) {
    const comparisons = compareVisits(expected, visitsOf(events), options.tolerance);
    print(options.json ? comparisonJson(comparisons) : comparisonLines(comparisons), progress);
    if (comparisons.some(({ kind }) => kind !== "same")) process.exitCode = EXIT.different;
  } else if (!options.json) print([summary.line()], progress);
}

function linesOf({ timeMs, messages, events }: Outcome, asJson: boolean): readonly string[] {
  return asJson ? messages.map((message) => jsonLine(timeMs, message)) : events.map(replayLine);
}

function print(lines: readonly string[], progress: ReplayProgress): void {
  if (lines.length === 0) return;
  progress.stepAside();
  process.stdout.write(printed(lines.join("\n")));
}

/** Two seeds, so that reviews do not change the ids of events. */
const [SEED, REVIEW_SEED] = [1, 2];
/** Generous: a slow machine takes longer, but does not lose a frame of a recording. */
const DEADLINE_MS = 60_000;

/** The same detector with an inference time of 0, because the real time differs from run to run. */
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

async function saveNewObjects(folder: string, { frame, events }: Outcome): Promise<void> {
  if (frame === undefined) return;
  for (const { type, after } of events) {
    if (type !== "new") continue;
    await writeFile(
      join(folder, `${after.id}-${topicLevel(after.label)}.jpg`),
      await annotate(rgbOf(frame), [after]),
    );
  }
}

function toSeconds(text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && value >= 0 && Number.isFinite(value)) return value;
  throw new InvalidArgumentError("Expected seconds, 0 or more.");
}

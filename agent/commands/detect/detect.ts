import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import {
  type Detection,
  DetectorFault,
  openDetector,
  type Runtime,
  type Thresholds,
} from "../../../detectors/detector.ts";
import { systemClock } from "../../base/clock.ts";
import { TransientError } from "../../base/errors.ts";
import { plainJson, plainText, printed } from "../../base/plain-text.ts";
import { withoutCredentials } from "../../camera/address.ts";
import { detectImage } from "../../detection/detect-image.ts";
import { annotate } from "../../view/annotate.ts";
import { findModule } from "../shared/find-module.ts";
import { type PictureChoice, picturesOf, requireInputs } from "../shared/input-images.ts";
import { untilInterrupted } from "../shared/until-interrupted.ts";
import { contactSheets } from "./contact-sheet.ts";

/** Characters of an input that are shown. */
const LONGEST_NAME = 1000;

/** Someone waits for the answer: a slow board may take its time for a large model. */
const DEADLINE_MS = 60_000;

const EXAMPLES = `
Examples:
  sabrewing detect holiday.jpg                          with the configured or pulled model
  sabrewing detect *.jpg --model yolov5n.wasm --output seen/
  sabrewing detect street.mp4 --every 2 --json          a line per picture, one every two seconds
  sabrewing detect rtsp://user:pass@10.0.0.7/stream2 --frames 3 --output seen/

With --json each picture is one line: {input, width, height, ms, detections: [{label, score, box: [x1, y1, x2, y2]}]},
boxes in pixels of the input; pictures of a video or stream also have time, in seconds. ms is the time for scaling
the picture and running the detector.`;

interface DetectOptions {
  readonly model?: string;
  readonly config?: string;
  readonly output?: string;
  readonly json: boolean;
  readonly score: number;
  readonly iou: number;
  readonly runtime: Runtime;
  readonly frames?: number;
  readonly every?: number;
}

/** `sabrewing detect`: objects in images, videos and streams. */
export function detectCommand(): Command {
  return new Command("detect")
    .description("find objects in images, video files and rtsp streams")
    .argument("<input...>", "images, video files, rtsp:// addresses")
    .option(
      "-m, --model <file>",
      "detector module (default: the configured one, else the newest in $SABREWING_HOME)",
    )
    .option("-c, --config <file>", "configuration that names the model")
    .option("-o, --output <dir>", "write each picture there as a JPEG with boxes, and contact sheets of many")
    .option("--json", "a JSON line per picture", false)
    .option("--score <0..1>", "lowest score", between(0, 1), 0.25)
    .option(
      "--iou <0..1>",
      "overlap above which the weaker of two boxes of a label goes",
      between(0, 1),
      0.45,
    )
    .addOption(
      new Option("--runtime <name>", "what executes the module").choices(["wasmer", "v8"]).default("wasmer"),
    )
    .option("--frames <n>", "at most so many pictures of a video or stream (stream: 1)", wholeNumber)
    .option("--every <seconds>", "one picture of a video or stream every so many seconds", between(0.02, 10))
    .addHelpText("after", EXAMPLES)
    .action(detect);
}

async function detect(inputs: readonly string[], options: DetectOptions): Promise<void> {
  requireInputs(inputs);
  const { model, config, output, runtime, score, iou } = options;
  const { path, trust } = findModule({ named: model, configFile: config, env: process.env });
  if (output !== undefined) mkdirSync(output, { recursive: true });
  using interrupted = untilInterrupted();
  const { signal } = interrupted;
  await using detector = await openDetector(path, {
    runtime,
    trust,
    instances: 1,
    deadlineMs: DEADLINE_MS,
    // The first picture is proof enough, and its answer comes sooner.
    warmUp: false,
  });

  const thresholds: Thresholds = { score, iou };
  const choice: PictureChoice = { frames: options.frames, everySeconds: options.every };
  const freeName = fileNames();
  const sheets =
    output === undefined
      ? undefined
      : contactSheets((page) => {
          return join(output, `${freeName(`contact-sheet-${String(page).padStart(2, "0")}`)}.jpg`);
        });
  for (const input of inputs) {
    for await (const { picture, time, name } of picturesOf(input, choice, { clock: systemClock, signal })) {
      const startedMs = performance.now();
      const { detections } = await detectImage(picture, detector, thresholds).catch(explainFault(input));
      const { width, height } = picture;
      const ms = round(performance.now() - startedMs, 1);
      const found = {
        input: withoutCredentials(input),
        ...(time === undefined ? {} : { time }),
        width,
        height,
        ms,
      };
      const rounded = detections.map(roundDetection);
      const line = options.json
        ? plainJson({ ...found, detections: rounded })
        : forPeople({ ...found, input: plainText(found.input, LONGEST_NAME) }, rounded);
      process.stdout.write(printed(line));
      if (output !== undefined) {
        writeFileSync(join(output, `${freeName(name)}.jpg`), await annotate(picture, detections));
        await sheets?.add(picture, detections, `${name}  ${tally(detections)}`);
      }
      if (signal.aborted) break;
    }
    if (signal.aborted) break;
  }
  await sheets?.finish();
}

/** `2 person, 1 dog`, or `nothing`. */
function tally(detections: readonly Detection[]): string {
  const counts = new Map<string, number>();
  for (const { label } of detections) counts.set(label, (counts.get(label) ?? 0) + 1);
  return counts.size === 0 ? "nothing" : [...counts].map(([label, count]) => `${count} ${label}`).join(", ");
}

/** The daemon would go on with the next frame; here somebody waits for this one. */
function explainFault(input: string): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof DetectorFault)) throw error;
    throw new TransientError(
      `${withoutCredentials(input)}: the detector gave no answer: ${error.message}`,
      "Try again, or with --runtime v8; `sabrewing inspect` tells more of the module.",
      { cause: error },
    );
  };
}

function roundDetection({ label, score, box }: Detection) {
  return { label, score: round(score, 4), box: box.map((edge) => round(edge, 2)) };
}

interface Found {
  readonly input: string;
  readonly time?: number;
  readonly width: number;
  readonly height: number;
  readonly ms: number;
}

function forPeople(
  { input, time, width, height, ms }: Found,
  detections: readonly ReturnType<typeof roundDetection>[],
): string {
  const when = time === undefined ? "" : ` at ${time.toFixed(2)} s`;
  const lines = detections.map(({ label, score, box }) => {
    const [x1, y1, x2, y2] = box.map(Math.round);
    return `  ${label.padEnd(14)} ${score.toFixed(2)}   ${x1},${y1} to ${x2},${y2}`;
  });
  return [
    `${input}${when}  ${width}×${height}, ${ms.toFixed(0)} ms`,
    ...(lines.length > 0 ? lines : ["  nothing"]),
  ].join("\n");
}

/** Two inputs may share a name: the second picture called `a` becomes `a-2`. */
function fileNames(): (name: string) => string {
  const used = new Map<string, number>();
  return (name) => {
    const times = (used.get(name) ?? 0) + 1;
    used.set(name, times);
    return times === 1 ? name : `${name}-${times}`;
  };
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

function between(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== "" && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`Expected a number from ${least} to ${most}.`);
  };
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1) return value;
  throw new InvalidArgumentError("Expected a whole number, 1 or more.");
}

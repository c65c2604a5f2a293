import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import {
  type Detection,
  DetectorFault,
  openDetector,
  type Runtime,
  type Thresholds,
} from "../../../detectors/detector.ts";
import { withoutCredentials } from "../../base/address.ts";
import { systemClock } from "../../base/clock.ts";
import { TransientError } from "../../base/errors.ts";
import { plainJson, plainText, printed } from "../../base/plain-text.ts";
import type { Rotation } from "../../base/rotation.ts";
import { detectImage } from "../../detection/detect-image.ts";
import { annotate } from "../../view/annotate.ts";
import { findModule } from "../shared/find-module.ts";
import { between, everyOption, fileNames, framesOption } from "../shared/frame-options.ts";
import { type FrameChoice, filesOf, imagesOf, requireInputs } from "../shared/input-images.ts";
import { modelOption, runtimeOption } from "../shared/module-options.ts";
import { rotateOption } from "../shared/rotate-option.ts";
import { untilInterrupted } from "../shared/until-interrupted.ts";
import { contactSheets } from "./contact-sheet.ts";

/** Longest input name that is shown, in characters. */
const LONGEST_NAME = 1000;

/** Generous: a large model on a slow board takes seconds. */
const DEADLINE_MS = 60_000;

const EXAMPLES = `
Examples:
  sabrewing detect holiday.jpg                          use the configured model, else the newest in $SABREWING_HOME
  sabrewing detect *.jpg --model yolov5n.wasm --output seen/
  sabrewing detect photos/ --output seen/               every image and clip in the folder
  sabrewing detect street.mp4 --every 2 --json          one frame every two seconds, a JSON line each
  sabrewing detect rtsp://user:pass@10.0.0.7/stream2 --frames 3 --output seen/

--json prints a line per image or frame: {input, width, height, ms, detections: [{label, score, box: [x1, y1, x2, y2]}]}.
Boxes are in pixels of the input. Frames of a clip or stream also have time, in seconds. ms is the time to scale the
image and run the detector.`;

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
  readonly rotate?: Rotation;
}

/** `sabrewing detect`: detects objects in images, clips and streams. */
export function detectCommand(): Command {
  return new Command("detect")
    .description("detects objects in images, clips and RTSP streams")
    .argument("<input...>", "image, clip (video file), folder of images and clips, or rtsp:// URL")
    .addOption(modelOption())
    .option("-c, --config <file>", "configuration file that names the model")
    .option("-o, --output <dir>", "write a JPEG with boxes for each image or frame, and contact sheets")
    .option("--json", "print a JSON line per image or frame", false)
    .option("--score <0..1>", "minimum score of a detection", between(0, 1), 0.25)
    .option(
      "--iou <0..1>",
      "overlap (IoU) above which the weaker of two boxes with the same label is removed",
      between(0, 1),
      0.45,
    )
    .addOption(runtimeOption().default("wasmer"))
    .addOption(framesOption())
    .addOption(everyOption())
    .addOption(rotateOption("of the inputs (default: 0)"))
    .addHelpText("after", EXAMPLES)
    .action(detect);
}

async function detect(inputs: readonly string[], options: DetectOptions): Promise<void> {
  requireInputs(inputs);
  const files = await filesOf(inputs);
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
    // The first image tests the detector just as well, and its result comes sooner.
    warmUp: false,
  });

  const thresholds: Thresholds = { score, iou };
  const choice: FrameChoice = { frames: options.frames, everySeconds: options.every, rotate: options.rotate };
  const freeName = fileNames();
  const sheets =
    output === undefined
      ? undefined
      : contactSheets((page) => {
          return join(output, `${freeName(`contact-sheet-${String(page).padStart(2, "0")}`)}.jpg`);
        });
  for (const input of files) {
    for await (const { image, time, name } of imagesOf(input, choice, { clock: systemClock, signal })) {
      const startedMs = performance.now();
      const { detections } = await detectImage(image, detector, thresholds).catch(explainFault(input));
      if (signal.aborted) return;
      const { width, height } = image;
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
        writeFileSync(join(output, `${freeName(name)}.jpg`), await annotate(image, detections));
        await sheets?.add(image, detections, `${name}  ${countLabels(detections)}`);
      }
    }
    if (signal.aborted) return;
  }
  await sheets?.finish();
}

/** `2 person, 1 dog`, or `nothing`. */
function countLabels(detections: readonly Detection[]): string {
  const counts = new Map<string, number>();
  for (const { label } of detections) counts.set(label, (counts.get(label) ?? 0) + 1);
  return counts.size === 0 ? "nothing" : [...counts].map(([label, count]) => `${count} ${label}`).join(", ");
}

/** The daemon continues with the next frame; this command reports the failure. */
function explainFault(input: string): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof DetectorFault)) throw error;
    throw new TransientError(
      `${withoutCredentials(input)}: the detector did not answer: ${error.message}`,
      "Try again, try --runtime v8, or check the module with `sabrewing inspect`.",
      { cause: error },
    );
  };
}

function roundDetection({ label, score, box }: Detection) {
  return { label, score: round(score, 4), box: box.map((edge) => round(edge, 2)) };
}

interface InputResult {
  readonly input: string;
  readonly time?: number;
  readonly width: number;
  readonly height: number;
  readonly ms: number;
}

function forPeople(
  { input, time, width, height, ms }: InputResult,
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

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

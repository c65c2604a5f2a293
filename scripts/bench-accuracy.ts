/**
 * Measures how far the detections of a model's variants differ from those of its f32 variant.
 *
 *   npm run -s bench:accuracy                                        every variant of YOLOv5n against f32
 *   npm run -s bench:accuracy -- --size 320x320 --variants i8,i16 --json
 *   npm run -s bench:accuracy -- --modules truth.wasm other.wasm     your own modules; the first one is the truth
 *   npm run -s bench:accuracy -- --clips yard.mp4 --every 5          on your own recordings
 *
 * The f32 detections count as the truth. The benchmark measures agreement, not accuracy against labelled data: a variant
 * loses points for an object that f32 overlooks. i8 is calibrated on the first 40 % of each clip and compared on the last
 * 55 % and the photographs. Calibrate your own modules on other frames than these.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { Command, Option } from "commander";
import { parseSize } from "../agent/commands/shared/size-option.ts";
import { type Detector, ModelError, openDetector, VARIANTS, variantFile } from "../detectors/detector.ts";
import { type Agreement, agreement, type Sighting } from "./benchmark/average-precision.ts";
import { compileModule } from "./benchmark/compile-module.ts";
import { found, MODELS, type Model, type Size } from "./benchmark/contestants.ts";
import { framesOf, usualMedia } from "./benchmark/frames.ts";

interface Options {
  readonly model: Model;
  readonly size: Size;
  readonly variants: readonly string[];
  readonly modules?: readonly string[];
  readonly clips?: readonly string[];
  readonly every: number;
  readonly score: number;
  readonly json: boolean;
}

const list = (text: string): string[] => text.split(",");
const options = new Command("bench:accuracy")
  .description("Measures how well the variants of a model agree with its f32 variant.")
  .addOption(new Option("--model <name>", "model to measure").choices(Object.keys(MODELS)).default("yolov5n"))
  .option("--size <WxH>", "model input size", parseSize, { width: 640, height: 640 })
  .option("--variants <name,…>", "variants to compare with f32", list, ["i8", "i16", "f32-relaxed"])
  .option("--modules <file...>", "compare these modules with the first one instead")
  .option("--clips <file...>", "use frames of these clips instead of the project's clips and photographs")
  .option("--every <seconds>", "seconds between two frames of a clip", Number, 1)
  .option("--score <0..1>", "minimum score of a detection", Number, 0.25)
  .option("--json", "print one line of JSON per variant", false)
  .parse()
  .opts<Options>();

/** Average precision needs the whole list of detections, down to low scores. */
const LEAST_SCORE = 0.01;
const IOU = 0.45;
/** i8 is calibrated on the beginning of each clip. The frames that are compared come later. */
const CALIBRATED_ON = { from: 0, to: 0.4, everySeconds: 2 };
const COMPARED_ON = { from: 0.45, to: 1 };
const WHOLE = { from: 0, to: 1 };

const folder = mkdtempSync(join(tmpdir(), "sabrewing-accuracy-"));
try {
  const modules = options.modules ?? (await compileVariants());
  await using stack = new AsyncDisposableStack();
  const detectors: Detector[] = [];
  for (const path of modules) {
    detectors.push(stack.use(await openDetector(path, { runtime: "v8", instances: 1, deadlineMs: 60_000 })));
  }
  const [truth, ...others] = detectors;
  if (truth === undefined || others.length === 0) throw new Error("expected a module to compare with f32");
  const sightings = await compare(truth, others);
  for (const [index, detector] of others.entries()) {
    const name = basename(modules[index + 1] ?? "");
    report(name, detector, agreement(sightings[index] ?? [], options.score));
  }
} finally {
  rmSync(folder, { recursive: true });
}

/** Compiles the variants. @returns paths of the modules, f32 first */
async function compileVariants(): Promise<string[]> {
  const { model, size, variants } = options;
  const weights = found(...MODELS[model].weights);
  const set = join(folder, `${model}-${size.width}x${size.height}.wasm`);
  const paths: string[] = [];
  const calibration = async (): Promise<readonly Uint8Array[]> => {
    const media = { clips: usualMedia().clips, images: [] };
    const images: Uint8Array[] = [];
    for await (const pixels of framesOf(media, size, CALIBRATED_ON, new AbortController().signal)) {
      images.push(pixels);
    }
    return images;
  };
  for (const variant of VARIANTS.toReversed()) {
    if (variant.name !== "f32" && !variants.includes(variant.name)) continue;
    const path = variantFile(set, variant);
    try {
      await compileModule(weights, path, size, variant, variant.name === "i8" ? calibration : undefined);
      paths.push(path);
    } catch (error) {
      if (!(error instanceof ModelError)) throw error;
      console.error(`${variant.name} is omitted: ${error.message}`);
    }
  }
  return paths;
}

/** Runs all detectors on every frame. @returns for each of the others, its detections and those of the truth */
async function compare(truth: Detector, others: readonly Detector[]): Promise<Sighting[][]> {
  const media = options.clips === undefined ? usualMedia() : { clips: options.clips, images: [] };
  const seen: Sighting[][] = others.map(() => []);
  const { signal } = new AbortController();
  const thresholds = { score: LEAST_SCORE, iou: IOU };
  const own = options.clips !== undefined || options.modules !== undefined;
  const stretch = { ...(own ? WHOLE : COMPARED_ON), everySeconds: options.every };
  for await (const pixels of framesOf(media, truth.model.input, stretch, signal)) {
    const expected = (await truth.detect(pixels, thresholds)).detections;
    for (const [index, other] of others.entries()) {
      seen[index]?.push({ truth: expected, found: (await other.detect(pixels, thresholds)).detections });
    }
  }
  return seen;
}

function report(name: string, { model }: Detector, result: Agreement): void {
  const size = `${model.input.width}x${model.input.height}`;
  const rounded = Object.fromEntries(
    Object.entries(result).map(([key, value]) => [key, Math.round(value * 1e4) / 1e4]),
  );
  if (options.json) {
    const { precision: agreed, ...others } = rounded;
    console.log(
      JSON.stringify({ name, size, variant_precision: model.precision, precision: agreed, ...others }),
    );
    return;
  }
  const { pictures, truths, precision, recall, box_error, map_50, map_50_95 } = result;
  console.log(
    `${name}, ${size}: mAP@0.5 ${map_50.toFixed(4)}, mAP@0.5:0.95 ${map_50_95.toFixed(4)}; ` +
      `at a score of ${options.score} precision ${precision.toFixed(4)}, recall ${recall.toFixed(4)}, ` +
      `mean box error ${box_error.toFixed(2)} pixels (${truths} detections in ${pictures} images)`,
  );
}

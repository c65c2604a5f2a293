import { Command, Option } from "commander";
import { MODEL_FILE_TYPES, type Precision, type Target } from "../../../detectors/detector.ts";
import { systemClock } from "../../base/clock.ts";
import { UsageError } from "../../base/errors.ts";
import { plainJson, printed } from "../../base/plain-text.ts";
import { describeReport, type ModuleReport } from "../shared/module-report.ts";
import { showProgress } from "../shared/progress.ts";
import { type ModelSize, parseSize, SIZE_RANGE } from "../shared/size-option.ts";
import { calibrateVisibly } from "./calibrate.ts";
import { parseRelease, writeModule } from "./write-module.ts";
import { writeVariants } from "./write-variants.ts";

const EXAMPLES = `
Examples:
  sabrewing compile yolov5n.pt -o yolov5n.wasm
  sabrewing compile best.onnx -o best-640x384.wasm --size 640x384      16:9 costs 40 % less than 640x640
  sabrewing compile yolov5n.pt -o yolov5n.wasm --target relaxed        for Node 22 and later: up to a fifth faster
  sabrewing compile yolov5n.pt -o yolov5n.wasm --variants              yolov5n.i16.wasm, yolov5n.f32.wasm, …: give
                                                   model.path yolov5n.wasm, and the agent takes the best its engine runs
  sabrewing compile yolov5n.pt -o yolov5n.wasm --precision i16         a quarter to a half faster, in every engine
  sabrewing compile yolov5n.pt -o yolov5n.wasm --precision i8 --calibrate rtsp://user:pass@10.0.0.7/stream2
                                                   64 frames, one a second, of the camera that it is for
  sabrewing compile yolov5n.pt -o yolov5n.wasm --explain               which layers the time goes to
  sabrewing compile yolov5n.pt -o yolov5n.wasm --print fuse-silu       the graph after one stage
  sabrewing compile yolov5n.pt -o yolov5n.wasm --release 3             for cameras with model.public_key: sign it, and
                                                   releases 0 to 2 are refused from then on
  sabrewing compile yolov5n.pt -o yolov5n.wasm --json | jq .sha256

With --json standard output is one line: {out, bytes, sha256, input, precision, labels, licence},
and release where one was given; one per variant with --variants.
What cannot be compiled is listed in full, with the places in the model.`;

interface CompileOptions {
  readonly output: string;
  readonly size?: ModelSize;
  readonly precision?: Precision;
  readonly target?: Target;
  readonly variants: boolean;
  readonly calibrate?: string;
  readonly name?: string;
  readonly licence?: string;
  readonly release?: number;
  readonly print?: string;
  readonly explain: boolean;
  readonly json: boolean;
}

/** `sabrewing compile`: a model file (`MODEL_FILE_TYPES`) to a detector module. */
export function compileCommand(): Command {
  return new Command("compile")
    .description(`compile ${MODEL_FILE_TYPES} to a detector module (.wasm)`)
    .argument("<model>", "YOLOv5 checkpoint, ONNX file, or the JSON file of a TensorFlow.js model")
    .requiredOption("-o, --output <file>", "the module to write")
    .option(
      "--size <WxH>",
      `width and height of the input in pixels, ${SIZE_RANGE} (default: what the model was made for)`,
      parseSize,
    )
    .addOption(
      new Option("--precision <name>", "numbers it computes with (default: f32)").choices([
        "f32",
        "i16",
        "i8",
      ]),
    )
    .addOption(
      new Option(
        "--target <name>",
        "simd128, the default: every engine, the same bits in each; relaxed: fused multiply-add where the CPU has it, faster",
      ).choices(["simd128", "relaxed"]),
    )
    .option(
      "--calibrate <source>",
      "folder of pictures, clip or rtsp:// address: frames on which to see how large numbers get that i16 and i8 store as integers (default: made-up pictures)",
    )
    .option("--variants", "write every variant side by side; -o names the set", false)
    .option("--name <name>", "what the module calls itself (default: the model's file name)")
    .option("--licence <id>", "licence of the weights, an SPDX identifier (known weights are recognised)")
    .option(
      "--release <n>",
      "number written into the module, higher for each new version: with model.public_key the agent refuses a lower one than it has run (default: none, which counts as 0)",
      parseRelease,
    )
    .option(
      "--explain",
      "show how each layer is computed, its FLOPs, and its share of the time on this machine",
      false,
    )
    .option("--print <stage>", "show the graph after this stage of the compiler")
    .option("--json", "a JSON line", false)
    .addHelpText("after", EXAMPLES)
    .action(compile);
}

async function compile(model: string, options: CompileOptions): Promise<void> {
  const {
    output: out,
    json,
    name,
    size,
    target,
    precision,
    licence,
    release,
    print,
    explain,
    variants,
    calibrate,
  } = options;
  if (calibrate !== undefined && !variants && (precision ?? "f32") === "f32") {
    throw new UsageError("--calibrate is for integers: add --precision i16, --precision i8 or --variants");
  }
  // Ctrl-C ends the process, and with its pipe ffmpeg: there is nothing to clean up.
  const { signal } = new AbortController();
  using calibration =
    calibrate === undefined
      ? undefined
      : calibrateVisibly(calibrate, process.stderr, { clock: systemClock, signal });
  const show = (reports: readonly ModuleReport[]): void => {
    for (const report of reports) {
      process.stdout.write(printed(json ? plainJson(report) : describeReport(report)));
    }
  };
  if (variants) {
    const [single] = Object.entries({ target, precision, print, explain: explain || undefined }).filter(
      ([, value]) => value !== undefined,
    );
    if (single !== undefined) throw new UsageError(`--variants makes them all: leave out --${single[0]}`);
    show(await writeVariants({ model, out, name, size, licence, release, calibration }, process.stderr));
    return;
  }
  // With --json standard output belongs to the one line.
  const shown = json ? process.stderr : process.stdout;
  const progress = showProgress("compile", process.stderr);
  const order = { model, out, name, size, target, precision, licence, release, print, explain, calibration };
  show([await writeModule(order, progress, (text) => shown.write(printed(text)))]);
}

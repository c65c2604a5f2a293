import { Command, Option } from "commander";
import {
  MODEL_FILE_TYPES,
  type ModelError,
  type Precision,
  type Target,
} from "../../../detectors/detector.ts";
import { systemClock } from "../../base/clock.ts";
import { UsageError } from "../../base/errors.ts";
import { plainJson, plainText, printed } from "../../base/plain-text.ts";
import { describeReport, type ModuleReport } from "../shared/module-report.ts";
import { showProgress } from "../shared/progress.ts";
import { type ModelSize, parseSize, SIZE_RANGE } from "../shared/size-option.ts";
import { calibrateVisibly } from "./calibrate.ts";
import { collectConstant, collectState, type InputConstants, type States } from "./input-options.ts";
import { collectShape, type InputShapes } from "./shape-option.ts";
import { parseRelease, writeModule } from "./write-module.ts";
import { writeVariants } from "./write-variants.ts";

const EXAMPLES = `
Examples:
  sabrewing compile yolov5n.pt -o yolov5n.wasm
  sabrewing compile best.onnx -o best-640x384.wasm --size 640x384      for 16:9: 40 % less work than 640x640
  sabrewing compile yolov5n.pt -o yolov5n.wasm --target relaxed        up to a fifth faster; needs Node 22 or later
  sabrewing compile yolov5n.pt -o yolov5n.wasm --variants              writes yolov5n.i16.wasm, yolov5n.f32.wasm, …; set
                                                   model.path to yolov5n.wasm, and the agent chooses the fastest variant
  sabrewing compile yolov5n.pt -o yolov5n.wasm --precision i16         a quarter to a half faster in every engine
  sabrewing compile yolov5n.pt -o yolov5n.wasm --precision i8 --calibrate rtsp://user:pass@10.0.0.7/stream2
                                                   calibrates on 64 frames of this camera, one per second
  sabrewing compile yolov5n.pt -o yolov5n.wasm --explain               shows which layers take the time
  sabrewing compile yolov5n.pt -o yolov5n.wasm --print fuse-silu       shows the graph after a compiler stage
  sabrewing compile yolov5n.pt -o yolov5n.wasm --release 3             for cameras with model.public_key: sign the module;
                                                   once it has run, they refuse releases 0 to 2
  sabrewing compile yolov5n.pt -o yolov5n.wasm --json | jq .sha256
  sabrewing compile classifier.onnx -o classifier.wasm --task tensor   its own inputs and outputs, as numbers
  sabrewing compile minilm.onnx -o minilm.wasm --shape input_ids=1x128 --shape attention_mask=1x128
  sabrewing compile silero_vad.onnx -o vad.wasm --shape input=1x512 --shape state=2x1x128 --constant sr=16000 --state stateN=state
                                                   a module that remembers: the output stateN is the next input state

A module of task detect takes a picture and gives boxes: the compiler replaces the head of the model by its own. It knows the
heads of YOLOv5 (v6, v7) and CenterNet. Every other model becomes a module of task tensor: it takes and gives what the file does,
in the same order, without preprocessing. 64-bit integers are passed as 32-bit integers. Run it with \`sabrewing infer\`; a .bin
file holds exactly the bytes of its inputs. The agent's cameras need a module of task detect.

--json prints one line: {out, bytes, sha256, task, input, precision, labels, licence}, and release if one was given. For task tensor
it has inputs and outputs, lists of {name, shape, dtype}, instead of input and labels. With --variants it prints a line per variant.
If the model cannot be compiled, the command lists every unsupported part and its place in the model.`;

interface CompileFlags {
  readonly output: string;
  readonly task?: "detect" | "tensor";
  readonly size?: ModelSize;
  readonly shape?: InputShapes;
  readonly state?: States;
  readonly constant?: InputConstants;
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

/** `sabrewing compile`: compiles a model file (`MODEL_FILE_TYPES`) to a module. */
export function compileCommand(): Command {
  return new Command("compile")
    .description(`compiles ${MODEL_FILE_TYPES} to a module (.wasm)`)
    .argument("<model>", "YOLOv5 checkpoint, ONNX file, or model.json of a TensorFlow.js model")
    .requiredOption("-o, --output <file>", "module to write")
    .addOption(
      new Option(
        "--task <name>",
        "detect: a detector whose head the compiler knows; tensor: the file's own inputs and outputs (default: detect, or tensor where no head is known)",
      ).choices(["detect", "tensor"]),
    )
    .option(
      "--size <WxH>",
      `a detector's input width and height in pixels, ${SIZE_RANGE} (default: the size in the model file)`,
      parseSize,
    )
    .option(
      "--shape <name=sizes>",
      "shape of an input whose sizes the file leaves open, for example images=1x3x320x320; for task tensor, can be given several times",
      collectShape,
    )
    .option(
      "--state <output=input>",
      "an output that becomes this input of the next inference, for example stateN=state; the module keeps it, zero at first; for task tensor, can be given several times",
      collectState,
    )
    .option(
      "--constant <name=number>",
      "an input that always is this number and no input of the module, for example sr=16000; for task tensor, can be given several times",
      collectConstant,
    )
    .addOption(
      new Option(
        "--precision <name>",
        "number format of weights and arithmetic; i16 and i8 are faster (default: f32)",
      ).choices(["f32", "i16", "i8"]),
    )
    .addOption(
      new Option(
        "--target <name>",
        "simd128: runs in every engine with identical results (default); relaxed: faster, uses fused multiply-add where the CPU has it",
      ).choices(["simd128", "relaxed"]),
    )
    .option(
      "--calibrate <source>",
      "calibration images for i16/i8: folder, clip or rtsp:// URL (default: synthetic images)",
    )
    .option("--variants", "write every variant side by side; -o names the set", false)
    .option("--name <name>", "name in the module's description (default: the model's file name)")
    .option("--licence <id>", "SPDX identifier of the weights' licence (default: detected for known weights)")
    .option(
      "--release <n>",
      "release number, higher for each new version; with model.public_key the agent refuses releases below the highest that it has run (default: none, counts as 0)",
      parseRelease,
    )
    .option(
      "--explain",
      "show kernel, FLOPs and share of the time of each layer, measured on this machine",
      false,
    )
    .option("--print <stage>", "show the graph after this compiler stage")
    .option("--json", "print a JSON line per module", false)
    .addHelpText("after", EXAMPLES)
    .action(compile);
}

async function compile(model: string, options: CompileFlags): Promise<void> {
  const {
    output: out,
    json,
    name,
    task,
    size,
    shape: shapes,
    state: states,
    constant: constants,
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
    throw new UsageError(
      "--calibrate needs an integer precision",
      "Add --precision i16, --precision i8 or --variants.",
    );
  }
  requireOneTask(options);
  // Ctrl-C ends the process at once; ffmpeg ends with its pipe. There is nothing to clean up.
  const { signal } = new AbortController();
  using calibration =
    calibrate === undefined
      ? undefined
      : calibrateVisibly(calibrate, process.stderr, { clock: systemClock, signal });
  let isNoted = false;
  const onUnknownHead = (reasons: ModelError): void => {
    if (!isNoted) noteUnknownHead(reasons);
    isNoted = true;
  };
  const show = (reports: readonly ModuleReport[]): void => {
    for (const report of reports) {
      process.stdout.write(printed(json ? plainJson(report) : describeReport(report)));
    }
  };
  if (variants) {
    const [single] = Object.entries({ target, precision, print, explain: explain || undefined }).filter(
      ([, value]) => value !== undefined,
    );
    if (single !== undefined) {
      throw new UsageError(`--${single[0]} cannot be combined with --variants`, `Leave out --${single[0]}.`);
    }
    const order = {
      ...{ model, out, name, task, size, shapes, states, constants, licence, release },
      ...{ calibration, onUnknownHead },
    };
    show(await writeVariants(order, process.stderr));
    return;
  }
  // With --json, standard output holds nothing but the JSON line.
  const shown = json ? process.stderr : process.stdout;
  const progress = showProgress("compile", process.stderr);
  const order = {
    ...{ model, out, name, task, size, shapes, states, constants, target, precision, licence, release },
    ...{ print, explain, calibration, onUnknownHead },
  };
  show([await writeModule(order, progress, (text) => shown.write(printed(text)))]);
}

/** @throws UsageError for an option that only the other task has */
function requireOneTask({ task, size, shape, state, constant }: CompileFlags): void {
  const own = Object.entries({ shape, state, constant }).find(([, value]) => value !== undefined)?.[0];
  if (size !== undefined && (task === "tensor" || own !== undefined)) {
    throw new UsageError(
      "--size is the size of a detector's picture, and a module of task tensor has none",
      "Leave --size out; --shape NAME=SIZES sets the shape of an input.",
    );
  }
  if (own === undefined || task !== "detect") return;
  throw new UsageError(
    `--${own} is for task tensor; a detector has one input, a picture`,
    "Use --size WxH, or --task tensor.",
  );
}

/** A reason may name hundreds of nodes; here the first ones are enough. */
const LONGEST_REASON = 200;

/** Says why the module is not a detector. */
function noteUnknownHead({ message }: ModelError): void {
  const reasons = message.split("\n").map((line) => plainText(line, LONGEST_REASON));
  const end = "It is compiled with the inputs and outputs of the file (task tensor).";
  process.stderr.write(printed([...reasons, end].join("\n")));
}

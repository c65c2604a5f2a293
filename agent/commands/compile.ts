import { Command, Option } from "commander";
import type { Target } from "../../detectors/detector.ts";
import { describeReport } from "./module-report.ts";
import { showProgress } from "./progress.ts";
import { type ModelSize, parseSize } from "./size-option.ts";
import { writeModule } from "./write-module.ts";

const EXAMPLES = `
Examples:
  sabrewing compile yolov5n.pt -o yolov5n.wasm
  sabrewing compile best.onnx -o best-640x384.wasm --size 640x384      16:9 costs 40 % less than 640x640
  sabrewing compile yolov5n.pt -o yolov5n.wasm --target relaxed        for Node 22 and later: a fifth faster
  sabrewing compile yolov5n.pt -o yolov5n.wasm --print fuse-silu       the graph after one stage
  sabrewing compile yolov5n.pt -o yolov5n.wasm --json | jq .sha256

With --json standard output is one line: {out, bytes, sha256, input, precision, labels, licence}.
What cannot be compiled is listed in full, with the places in the model.`;

interface CompileOptions {
  readonly output: string;
  readonly size?: ModelSize;
  readonly target: Target;
  readonly name?: string;
  readonly licence?: string;
  readonly print?: string;
  readonly json: boolean;
}

/** `sabrewing compile`: an `.onnx` file or YOLOv5 checkpoint to a detector module. */
export function compileCommand(): Command {
  return new Command("compile")
    .description(
      "compile a YOLOv5 checkpoint (.pt), an ONNX model (.onnx) or a TensorFlow.js graph model (model.json) to a detector module (.wasm)",
    )
    .argument("<model>", "YOLOv5 checkpoint, ONNX file, or the JSON file of a TensorFlow.js model")
    .requiredOption("-o, --output <file>", "the module to write")
    .option(
      "--size <WxH>",
      "pixels of the picture it takes, multiples of 32 (default: what the model was made for)",
      parseSize,
    )
    .addOption(new Option("--precision <name>", "numbers it computes with").choices(["f32"]).default("f32"))
    .addOption(
      new Option(
        "--target <name>",
        "simd128: every engine, the same bits in each; relaxed: fused multiply-add where the CPU has it, faster",
      )
        .choices(["simd128", "relaxed"])
        .default("simd128"),
    )
    .option("--name <name>", "what the module calls itself (default: the model's file name)")
    .option("--licence <id>", "licence of the weights, an SPDX identifier (known weights are recognised)")
    .option("--print <stage>", "show the graph after this stage of the compiler")
    .option("--json", "a JSON line", false)
    .addHelpText("after", EXAMPLES)
    .action(compile);
}

async function compile(model: string, options: CompileOptions): Promise<void> {
  const { output: out, json, name, size, target, licence, print } = options;
  // With --json standard output belongs to the one line.
  const graphs = json ? process.stderr : process.stdout;
  const progress = showProgress("compile", process.stderr);
  const report = await writeModule({ model, out, name, size, target, licence, print }, progress, (graph) =>
    graphs.write(`${graph}\n`),
  );
  process.stdout.write(`${json ? JSON.stringify(report) : describeReport(report)}\n`);
}

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import {
  type Box,
  chooseModule,
  DetectorFault,
  type ModuleInfo,
  type OpenModule,
  openModule,
  type Runtime,
  type Tensor,
} from "../../../detectors/detector.ts";
import { withoutCredentials } from "../../base/address.ts";
import { TransientError, UsageError } from "../../base/errors.ts";
import { plainJson, plainText, printed } from "../../base/plain-text.ts";
import { everyOption, fileNames, framesOption } from "../shared/frame-options.ts";
import { filesOf, requireInputs } from "../shared/input-images.ts";
import { runtimeOption } from "../shared/module-options.ts";
import { describeTensor } from "../shared/module-report.ts";
import { untilInterrupted } from "../shared/until-interrupted.ts";
import { answerOf, type TaskAnswer } from "./answers.ts";
import { drawAnswer } from "./draw-answer.ts";
import { holdsNumbers, type InferenceInput, readInputs } from "./read-inputs.ts";
import { showAnswer } from "./show-answer.ts";

/** Generous: a large model on a slow board takes seconds. */
const DEADLINE_MS = 60_000;
/** Longest input name that is shown, in characters. */
const LONGEST_NAME = 1000;

const EXAMPLES = `
Inputs, by the name of the file:
  .jpg, .png, …, clip, rtsp://    for modules of pictures (detect, classify, embed, anomaly): scaled as the module says
  .wav, .mp3, …                   for modules of sound (audio): resampled; an inference per window
  .npy                            an array that numpy.save wrote
  .bin                            the bytes of the input: little-endian, row-major, without a header
  .json                           a nested or flat list; {"NAME": [...], ...} for all inputs
  .txt, .csv                      numbers, separated by white space, commas or semicolons
Files of numbers fit every module. A module of several inputs takes a file for each in the order of \`sabrewing inspect\`, or one
.bin or .json file with all of them. Integers of 64 bits must fit into 32.

A module with state (\`state\` in \`sabrewing inspect --json\`) keeps it through the frames or windows of one file, and from one
inference on files of numbers to the next: these are the steps of one sequence. Each sound, clip or stream starts anew, and so does
each run of this command.

Examples:
  sabrewing infer classifier.wasm cat.jpg dog.jpg       the five best labels of each
  sabrewing infer yolov5n.wasm street.jpg --parameter score=0.5 --output seen/
  sabrewing infer sounds.wasm doorbell.wav --json       a JSON line per window
  sabrewing infer model.wasm x.npy mask.npy --json | jq '.outputs[0].data'

--json prints a line per inference: {input, ms, outputs: [{name, shape, dtype, data}]} and, by task, detections:
[{label, score, box: [x1, y1, x2, y2]}], classes or sounds: [{label, score}], best first, embedding: [numbers] or anomaly:
{score, map: rows}. data is flat and row-major; numbers that are not finite are null. Boxes are in pixels of the picture.
Windows of a sound and frames of a clip have time, in seconds.`;

type NamedNumber = readonly [name: string, value: number];

interface InferOptions {
  readonly output?: string;
  readonly json: boolean;
  readonly parameter: readonly NamedNumber[];
  readonly runtime: Runtime;
  readonly frames?: number;
  readonly every?: number;
}

/** `sabrewing infer`: runs a module of any task on pictures, sounds or numbers. */
export function inferCommand(): Command {
  return new Command("infer")
    .description("runs a module of any task on pictures, sounds or numbers")
    .argument("<module>", "module (.wasm), or the name or folder of a set of variants")
    .argument(
      "[input...]",
      "picture, sound, clip, folder of pictures, rtsp:// URL, or file of numbers; none for a module without inputs",
    )
    .option("-o, --output <dir>", "write a JPEG with the boxes or the heat map for each picture")
    .option("--json", "print a JSON line per inference", false)
    .addOption(
      new Option(
        "-p, --parameter <name=value>",
        "a number that the module takes beside its inputs; can be given several times",
      )
        .argParser(collectParameter)
        .default([], "the module's own"),
    )
    .addOption(runtimeOption().default("wasmer"))
    .addOption(framesOption())
    .addOption(everyOption())
    .addHelpText("after", EXAMPLES)
    .action(infer);
}

async function infer(path: string, inputs: readonly string[], options: InferOptions): Promise<void> {
  requireInputs(inputs, "Correct the path. `sabrewing infer --help` lists the kinds of inputs.");
  const { output, json, runtime, frames, every } = options;
  const parameters = Object.fromEntries(options.parameter);
  using interrupted = untilInterrupted();
  const { signal } = interrupted;
  await using module = await openModule(chooseModule(path).path, { runtime, deadlineMs: DEADLINE_MS });
  const { info } = module;
  requireDrawable(info, output);
  requireParameters(info, parameters);
  requireFittingCount(info, inputs);
  if (output !== undefined) mkdirSync(output, { recursive: true });
  const files = (
    await Promise.all(inputs.map(async (input) => (holdsNumbers(input) ? [input] : filesOf([input]))))
  ).flat();
  const freeName = fileNames();
  for await (const one of readInputs(files, info, { frames, everySeconds: every }, signal)) {
    if (signal.aborted) return;
    const { outputs, ms } = await run(module, one, parameters);
    if (signal.aborted) return;
    const answer = answerOf(info, outputs, one.picture?.toImage ?? ((box: Box) => box));
    const show = json ? jsonLine : text;
    process.stdout.write(printed(show(one, ms, outputs, answer)));
    if (output === undefined || one.picture === undefined) continue;
    const drawing = await drawAnswer(answer, one.picture);
    if (drawing !== undefined) writeFileSync(join(output, `${freeName(one.name)}.jpg`), drawing);
  }
}

async function run(
  module: OpenModule,
  { input, inputs, isNew }: InferenceInput,
  parameters: Readonly<Record<string, number>>,
): Promise<{ readonly outputs: readonly Tensor[]; readonly ms: number }> {
  try {
    const reset = isNew && module.info.state === true;
    const { outputs, inferenceMs } = await module.inferTensors(inputs, { parameters, reset });
    return { outputs, ms: Number(inferenceMs.toFixed(1)) };
  } catch (error) {
    if (!(error instanceof DetectorFault)) throw error;
    throw new TransientError(
      `${withoutCredentials(input)}: the module did not answer: ${error.message}`,
      "Try again, try --runtime v8, or check the module with `sabrewing inspect`.",
      { cause: error },
    );
  }
}

function jsonLine(
  { input, time, picture }: InferenceInput,
  ms: number,
  outputs: readonly Tensor[],
  answer: TaskAnswer,
): string {
  return plainJson({
    input: withoutCredentials(input),
    ...(time === undefined ? {} : { time }),
    ...(picture === undefined ? {} : { width: picture.image.width, height: picture.image.height }),
    ms,
    outputs: outputs.map(({ name, shape, dtype, data }) => ({
      name,
      shape,
      dtype,
      data: Array.from(data, (value) => (dtype === "bool" ? value === 1 : value)),
    })),
    ...answer,
  });
}

function text(
  { input, time, picture }: InferenceInput,
  ms: number,
  outputs: readonly Tensor[],
  answer: TaskAnswer,
): string {
  const name = plainText(withoutCredentials(input), LONGEST_NAME);
  const when = time === undefined ? "" : ` at ${time.toFixed(2)} s`;
  const size = picture === undefined ? "" : `${picture.image.width}×${picture.image.height}, `;
  return `${name}${when}  ${size}${ms.toFixed(0)} ms\n${showAnswer(answer, outputs)}`;
}

/** @throws UsageError when a module with inputs gets no file, or one without inputs gets one */
function requireFittingCount({ inputs: specs }: ModuleInfo, inputs: readonly string[]): void {
  if (specs.length > 0 && inputs.length === 0) {
    throw new UsageError(
      `the module needs its ${specs.length === 1 ? "input" : "inputs"}: ${specs.map(describeTensor).join("; ")}`,
      "Give a file for each of them.",
    );
  }
  if (specs.length > 0 || inputs.length === 0) return;
  throw new UsageError("the module has no inputs", "Leave the files out.");
}

/** @throws UsageError when there is nothing to draw */
function requireDrawable({ task }: ModuleInfo, output: string | undefined): void {
  if (output === undefined || task === "detect" || task === "anomaly") return;
  throw new UsageError(
    `--output draws boxes and heat maps; the task of this module is ${task}`,
    "Leave --output out, or print the outputs with --json.",
  );
}

/** @throws UsageError for a parameter that the module does not have */
function requireParameters({ parameters }: ModuleInfo, given: Readonly<Record<string, number>>): void {
  const names = parameters.map(({ name }) => name);
  const unknown = Object.keys(given).find((name) => !names.includes(name));
  if (unknown === undefined) return;
  throw new UsageError(
    `the module has no parameter "${plainText(unknown)}"`,
    names.length === 0 ? "It has none: leave --parameter out." : `Its parameters are ${names.join(", ")}.`,
  );
}

/** Collects `--parameter name=value`. @throws InvalidArgumentError */
function collectParameter(text: string, earlier: readonly NamedNumber[]): readonly NamedNumber[] {
  const [, name = "", value = ""] = /^(.+)=(.+)$/.exec(text) ?? [];
  if (name === "" || value.trim() === "" || !Number.isFinite(Number(value))) {
    throw new InvalidArgumentError("Expected NAME=VALUE with a number, for example score=0.5.");
  }
  return [...earlier, [name, Number(value)]];
}

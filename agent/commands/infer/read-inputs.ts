import { readFile, stat } from "node:fs/promises";
import { basename, extname } from "node:path";
import {
  type Box,
  elementsOf,
  inputSize,
  type ModuleInfo,
  type TensorData,
  type TensorSpec,
  tensorArray,
  tensorBytes,
} from "../../../detectors/detector.ts";
import { systemClock } from "../../base/clock.ts";
import { ConfigError } from "../../base/errors.ts";
import { plainText } from "../../base/plain-text.ts";
import type { RgbImage } from "../../base/rgb-image.ts";
import { fitImage } from "../../preprocess/fit-image.ts";
import { type FrameChoice, filePath, imagesOf } from "../shared/input-images.ts";
import { MAX_HEADER_BYTES, readNpy } from "./npy.ts";
import { describeSpec, flatten, toTensor } from "./numbers.ts";
import { readSound } from "./read-sound.ts";

/** The inputs of one inference. */
export interface InferenceInput {
  /** The file or address that the user named; of several, the last. */
  readonly input: string;
  /** A name for the drawing, without extension. */
  readonly name: string;
  /** Whether it is the first of a picture, clip, stream or sound, so that a module forgets earlier ones. */
  readonly isNew: boolean;
  /** Seconds into the clip, stream or sound. */
  readonly time: number | undefined;
  readonly inputs: readonly TensorData[];
  readonly picture: InputPicture | undefined;
}

/** A picture that was scaled to the module's input. */
export interface InputPicture {
  readonly image: RgbImage;
  readonly fitted: RgbImage;
  toImage(box: Box): Box;
}

/** Bytes that one number takes at most in a text, with generous space around it. */
const TEXT_BYTES_PER_NUMBER = 100;
const TEXT_BYTES = 2 ** 20;
/** The largest numbers of NumPy have 64 bits. */
const NPY_BYTES_PER_NUMBER = 8;

const TENSOR_FILES: readonly string[] = [".npy", ".bin", ".json", ".txt", ".csv"];

/** Whether a file holds numbers, judged by its name. */
export function holdsNumbers(file: string): boolean {
  return TENSOR_FILES.includes(extname(file).toLowerCase());
}

/**
 * Reads the files of the command line as inputs of a module. A module of several inputs takes a file for each in turn, or one
 * .bin or .json file with all of them. A module without inputs runs once, under its own name.
 * @throws ConfigError that names the file and the input that does not fit.
 */
export async function* readInputs(
  files: readonly string[],
  info: ModuleInfo,
  choice: FrameChoice,
  signal: AbortSignal,
): AsyncGenerator<InferenceInput, void> {
  if (info.inputs.length === 0) {
    yield { input: info.name, name: info.name, isNew: true, time: undefined, inputs: [], picture: undefined };
    return;
  }
  let collected: TensorData[] = [];
  for (const input of files) {
    const name = basename(input, extname(input));
    if (!holdsNumbers(input)) {
      yield* readMedia(input, info, choice, signal);
      continue;
    }
    const added = await about(input, () => readTensors(filePath(input), info, collected.length));
    collected = [...collected, ...added];
    if (collected.length < info.inputs.length) continue;
    yield { input, name, isNew: false, time: undefined, inputs: collected, picture: undefined };
    collected = [];
  }
  if (collected.length === 0) return;
  throw new ConfigError(
    `the module has ${info.inputs.length} inputs (${info.inputs.map(describeSpec).join("; ")}), and the last ${collected.length} files are only a part of them`,
    "Give a file for each input in this order, or one .bin or .json file with all inputs.",
  );
}

/** The inputs that a file of numbers holds: all of them, or the one at `index`. */
async function readTensors(
  file: string,
  { inputs }: ModuleInfo,
  index: number,
): Promise<readonly TensorData[]> {
  const spec = inputs[index];
  if (spec === undefined) throw new Error("there are more files than inputs");
  const all = inputs.reduce((count, input) => count + elementsOf(input), 0);
  switch (extname(file).toLowerCase()) {
    case ".npy": {
      const bytes = await readAtMost(file, MAX_HEADER_BYTES + elementsOf(spec) * NPY_BYTES_PER_NUMBER);
      return [toTensor(readNpy(bytes, spec), spec)];
    }
    case ".bin":
      return readBinary(file, inputs, index);
    case ".json": {
      const text = (await readAtMost(file, TEXT_BYTES + all * TEXT_BYTES_PER_NUMBER)).toString();
      return readJson(text, inputs, index);
    }
    default: {
      const limit = TEXT_BYTES + elementsOf(spec) * TEXT_BYTES_PER_NUMBER;
      const words = (await readAtMost(file, limit))
        .toString()
        .split(/[\s,;]+/)
        .filter((word) => word !== "");
      const numbers = words.map((word) => (Number.isNaN(Number(word)) ? word : Number(word)));
      return [toTensor({ numbers, shape: undefined }, spec)];
    }
  }
}

/** The bytes of one input, or of all inputs back to back. */
async function readBinary(
  file: string,
  inputs: readonly TensorSpec[],
  index: number,
): Promise<readonly TensorData[]> {
  const { size } = await stat(file);
  const total = inputs.reduce((sum, spec) => sum + tensorBytes(spec), 0);
  const isWhole = index === 0 && size === total;
  const specs = isWhole ? inputs : inputs.slice(index, index + 1);
  const expected = specs.reduce((sum, spec) => sum + tensorBytes(spec), 0);
  if (size !== expected) {
    const whole = inputs.length > 1 && index === 0 ? `, or ${total} for all inputs` : "";
    throw new ConfigError(
      `expected ${expected} bytes for ${specs.map(describeSpec).join("; ")}${whole}, received ${size}`,
      "A .bin file holds exactly the numbers of the input: little-endian, row-major, without a header.",
    );
  }
  const bytes = await readFile(file);
  let at = 0;
  return specs.map((spec) => {
    const data = tensorArray(spec.dtype, elementsOf(spec));
    new Uint8Array(data.buffer).set(bytes.subarray(at, at + data.byteLength));
    at += data.byteLength;
    return spec.dtype === "bool" ? toTensor({ numbers: data, shape: undefined }, spec) : data;
  });
}

/** One input as a list, or an object with all inputs by name. */
function readJson(text: string, inputs: readonly TensorSpec[], index: number): readonly TensorData[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    const why = cause instanceof Error ? plainText(cause.message) : "";
    throw new ConfigError(`no JSON: ${why}`, "Correct the file.", { cause });
  }
  const remedy = 'Write a list of numbers, or an object with a list for each input: {"NAME": [1, 2]}.';
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    const [spec] = inputs.slice(index);
    return spec === undefined ? [] : [toTensor(flatten(value, spec), spec)];
  }
  const named = new Map(Object.entries(value));
  const names = inputs.map(({ name }) => name);
  const missing = names.filter((name) => !named.has(name));
  const unknown = [...named.keys()].filter((name) => !names.includes(name));
  if (index > 0 || missing.length > 0 || unknown.length > 0) {
    const received = [...named.keys()].map((name) => plainText(name, 40)).join(", ");
    throw new ConfigError(`expected the inputs ${names.join(", ")}, received ${received || "none"}`, remedy);
  }
  return inputs.map((spec) => toTensor(flatten(named.get(spec.name), spec), spec));
}

/** Pictures, clips and streams for modules of pictures; sounds for modules of sound. */
async function* readMedia(
  input: string,
  info: ModuleInfo,
  choice: FrameChoice,
  signal: AbortSignal,
): AsyncGenerator<InferenceInput, void> {
  const [spec] = info.inputs;
  let isNew = true;
  if (info.picture !== undefined) {
    for await (const { image, time, name } of imagesOf(input, choice, { clock: systemClock, signal })) {
      const { toImage, ...fitted } = await fitImage(image, inputSize(info), info.picture);
      yield { input, name, isNew, time, inputs: [fitted.pixels], picture: { image, fitted, toImage } };
      isNew = false;
    }
    return;
  }
  if (info.audio === undefined || spec === undefined) {
    throw new ConfigError(
      `${plainText(input, LONGEST_NAME)}: the module takes numbers, not pictures or sounds: ${info.inputs.map(describeSpec).join("; ")}`,
      "Give each input as a .npy, .bin, .json or .txt file.",
    );
  }
  const windows = readSound(filePath(input), info.audio, spec, signal);
  for (;;) {
    const next = await about(input, () => windows.next());
    if (next.done === true) return;
    const { time, samples } = next.value;
    const name = `${basename(input, extname(input))}-${time.toFixed(3).padStart(8, "0")}`;
    yield { input, name, isNew, time, inputs: [samples], picture: undefined };
    isNew = false;
  }
}

/** Characters of a file name in a message. */
const LONGEST_NAME = 1000;

/** Names the file in the errors of an action. */
async function about<Result>(file: string, action: () => Promise<Result>): Promise<Result> {
  try {
    return await action();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigError(`${plainText(file, LONGEST_NAME)}: ${error.message}`, error.remedy, {
      cause: error,
    });
  }
}

async function readAtMost(file: string, limit: number): Promise<Buffer> {
  const { size } = await stat(file);
  if (size <= limit) return readFile(file);
  throw new ConfigError(
    `it has ${size} bytes; the numbers of the input take at most ${limit}`,
    "`sabrewing inspect` shows what the module takes.",
  );
}

import { Command, InvalidArgumentError } from "commander";
import { runtimeOption } from "../../../agent/commands/shared/module-options.ts";
import { VARIANTS } from "../../../detectors/detector.ts";
import type { Size } from "../contestants.ts";
import { GENERATED_NAMES } from "./clips.ts";
import { type ContestantOptions, NAMES } from "./contestants.ts";
import type { Durations } from "./measure.ts";

/** What to measure. */
export interface PipelineOptions extends ContestantOptions, Durations {
  /** How many cameras at once. */
  readonly cameras: readonly number[];
  /** The clips, assigned to the cameras in turn. */
  readonly clips: readonly string[];
  /** Whether to find the largest number of cameras instead, the share of frames it may lose, and the largest to try. */
  readonly capacity: boolean;
  readonly tolerance: number;
  readonly limit: number;
  readonly plot?: string;
  readonly json: boolean;
}

/** Reads the command line. When it is wrong, prints the error and exits. */
export function parseOptions(args: readonly string[]): PipelineOptions {
  const options = new Command("bench:pipeline")
    .description("Measures the pipeline from cameras to MQTT messages and compares it with alternatives.")
    .option("--cameras <n,…>", "numbers of cameras", counts, [1, 2, 4, 8])
    .option("--seconds <n>", "duration of a measurement", positive, 60)
    .option("--settle-seconds <n>", "wait after the first frame before measuring", positive, 10)
    .option(
      "--clips <file,…>",
      `clips, assigned to the cameras in turn; scenes without motion: ${GENERATED_NAMES.join(", ")}`,
      list,
      ["person.mp4", "street.mp4"],
    )
    .option("--only <name,…>", `contestants to measure: ${NAMES.join(", ")}`, oneOf(NAMES), [...NAMES])
    .option(
      "--variants <name,…>",
      `variants of our module: ${VARIANT_NAMES.join(", ")}`,
      oneOf(VARIANT_NAMES),
      ["i8", "f32"],
    )
    .option("--sizes <WxH,…>", "input sizes of our module", sizes, [{ width: 320, height: 320 }])
    .option("--script-sizes <WxH,…>", "input sizes of the scripts", sizes, [
      { width: 640, height: 640 },
      { width: 320, height: 320 },
    ])
    .addOption(runtimeOption().default("wasmer"))
    .option("--threads <n>", "threads of the scripts (default: the library's default)", count)
    .option("--capacity", "find the largest number of cameras without a lost frame instead", false)
    .option("--tolerance <percent>", "with --capacity: share of frames that may be lost", Number, 0)
    .option("--limit <n>", "with --capacity: largest number of cameras to try", count, 32)
    .option(
      "--plot <dir>",
      "write pipeline.svg and .png to this folder (with --capacity: capacity.svg and .png)",
    )
    .option("--json", "print one line of JSON per row", false)
    .parse(args, { from: "user" })
    .opts<Omit<PipelineOptions, "threads"> & { readonly threads?: number }>();
  return { ...options, threads: options.threads };
}

const VARIANT_NAMES = VARIANTS.map(({ name }) => name);

function list(text: string): string[] {
  return text.split(",");
}

function positive(text: string): number {
  const number = Number(text);
  if (!(number > 0)) throw new InvalidArgumentError(`Expected a number above 0, received "${text}".`);
  return number;
}

function count(text: string): number {
  const number = Number(text);
  if (!(Number.isInteger(number) && number > 0)) {
    throw new InvalidArgumentError(`Expected a whole number above 0, received "${text}".`);
  }
  return number;
}

function counts(text: string): number[] {
  return list(text).map(count);
}

function sizes(text: string): Size[] {
  return list(text).map((word) => {
    const match = /^(\d+)x(\d+)$/.exec(word);
    if (match === null) throw new InvalidArgumentError(`Expected WxH, received "${word}".`);
    return { width: Number(match[1]), height: Number(match[2]) };
  });
}

function oneOf<Known extends string>(all: readonly Known[]): (text: string) => Known[] {
  return (text) =>
    list(text).map((word) => {
      const name = all.find((known) => known === word);
      if (name === undefined) {
        throw new InvalidArgumentError(`Expected some of ${all.join(", ")}, received "${word}".`);
      }
      return name;
    });
}

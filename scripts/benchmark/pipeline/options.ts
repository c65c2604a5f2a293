import { Command, InvalidArgumentError, Option } from "commander";
import { VARIANTS } from "../../../detectors/detector.ts";
import type { Size } from "../contestants.ts";
import { type ContestantOptions, NAMES } from "./contestants.ts";
import type { Durations } from "./measure.ts";

/** What is measured. */
export interface PipelineOptions extends ContestantOptions, Durations {
  /** How many cameras at once. */
  readonly cameras: readonly number[];
  /** What they play, dealt out in turns. */
  readonly clips: readonly string[];
  /** Whether to look for the greatest number of cameras instead, which one may lose how many frames, and where to stop. */
  readonly capacity: boolean;
  readonly tolerance: number;
  readonly limit: number;
  readonly plot?: string;
  readonly json: boolean;
}

/** Reads the words behind the program's name; prints what is wrong with them and ends the process. */
export function parseOptions(words: readonly string[]): PipelineOptions {
  const options = new Command("bench:pipeline")
    .description("Measures the way from cameras to messages, beside what one would do otherwise.")
    .option("--cameras <n,…>", "how many cameras at once", counts, [1, 2, 4, 8])
    .option("--seconds <n>", "measured per contestant and number of cameras", positive, 60)
    .option("--settle-seconds <n>", "before that, from the first frame on", positive, 10)
    .option(
      "--clips <file,…>",
      "what the cameras play, dealt out in turns; still: a scene without motion",
      list,
      ["person.mp4", "street.mp4"],
    )
    .option("--only <name,…>", `some of ${NAMES.join(", ")}`, oneOf(NAMES), [...NAMES])
    .option(
      "--variants <name,…>",
      `how ours is compiled: ${VARIANT_NAMES.join(", ")}`,
      oneOf(VARIANT_NAMES),
      ["i8", "f32"],
    )
    .option("--sizes <WxH,…>", "of our model's input", sizes, [{ width: 320, height: 320 }])
    .option("--script-sizes <WxH,…>", "of the scripts' input", sizes, [
      { width: 640, height: 640 },
      { width: 320, height: 320 },
    ])
    .addOption(new Option("--runtime <name>", "of ours").choices(["wasmer", "v8"]).default("wasmer"))
    .option("--threads <n>", "of the scripts (default: what the library takes by itself)", count)
    .option("--capacity", "find the greatest number of cameras without a lost frame instead", false)
    .option("--tolerance <percent>", "with --capacity: frames that may be lost", Number, 0)
    .option("--limit <n>", "with --capacity: cameras at most", count, 32)
    .option("--plot <dir>", "draw pipeline.svg and .png there (with --capacity: capacity.svg and .png)")
    .option("--json", "a line of JSON per row", false)
    .parse(words, { from: "user" })
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

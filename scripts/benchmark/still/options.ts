import { Command, InvalidArgumentError, Option } from "commander";
import { runtimeOption } from "../../../agent/commands/shared/module-options.ts";
import { VARIANTS } from "../../../detectors/detector.ts";
import type { Size } from "../contestants.ts";
import { SCENES } from "./scenes.ts";

/** What to measure. */
export interface StillOptions {
  readonly rounds: number;
  /** Duration of one measurement. */
  readonly seconds: number;
  /** Seconds from the daemon's first frames to its measurement. */
  readonly warmUp: number;
  /** Names of scenes. */
  readonly only: readonly string[];
  readonly variants: readonly string[];
  readonly sizes: readonly Size[];
  readonly runtime: "wasmer" | "v8";
  readonly json: boolean;
}

const NAMES = SCENES.map(({ scene }) => scene);
const VARIANT_NAMES = VARIANTS.map(({ name }) => name);

const EXPLANATION = `
Scenes, H.264 in a loop with sensor noise, clouds and a key frame every 2 s:
  still          768×432, 10 frames per second, 3.15 Mbit/s
  still-512k     the same at 512 kbit/s
  still-1080p    1920×1080, 25 frames per second, 4 Mbit/s
  parked-car     still, in which a car parks 17 s after the start; it must be tracked as stationary at the end
  eight-cameras  eight cameras that show still

The ratio is the CPU time of the daemon and all its children, divided by that of
\`ffmpeg -rtsp_transport tcp -i ADDRESS -an -f null -\` with one thread, which takes the least CPU time, on the same stream
for the same time. For eight-cameras it is the CPU time per camera as a share of one core. The result is the median of
the rounds. In each round the daemon starts anew and is measured after --warm-up seconds, so that its start and what it
learns about the scene do not count.

Examples:
  npm run -s bench:still                                  all rows: 45 minutes
  npm run -s bench:still -- --only still,parked-car       some rows
  npm run -s bench:still -- --rounds 1 --seconds 20       a first impression: 9 minutes
  npm run -s bench:still -- --json                        {scene, transport, ratio, at_most, ok} for each row

Exit code: 0 if every ratio is at most its target, else 1.`;

/** Reads the command line. When it is wrong, prints the error and exits. */
export function parseStillOptions(args: readonly string[]): StillOptions {
  const { variant, ...options } = new Command("bench:still")
    .description(
      "Measures what it costs to watch scenes without motion over RTSP, compared with decoding them.",
    )
    .option("--rounds <n>", "measurements of each scene", count, 3)
    .option("--seconds <n>", "duration of a measurement; the clouds take 60", count, 60)
    .option(
      "--warm-up <seconds>",
      "wait after the daemon's first frames before it is measured; the car needs 30",
      count,
      45,
    )
    .option("--only <scene,…>", `scenes to measure: ${NAMES.join(", ")}`, scenes, NAMES)
    .addOption(new Option("--variant <name>", "variant of the module").choices(VARIANT_NAMES).default("i16"))
    .addOption(runtimeOption().default("wasmer"))
    .option("--json", "print a line of JSON per scene", false)
    .addHelpText("after", EXPLANATION)
    .parse(args, { from: "user" })
    .opts<Omit<StillOptions, "variants" | "sizes"> & { readonly variant: string }>();
  return { ...options, variants: [variant], sizes: [{ width: 320, height: 320 }] };
}

function count(text: string): number {
  const number = Number(text);
  if (!(Number.isInteger(number) && number > 0)) {
    throw new InvalidArgumentError(`Expected a whole number above 0, received "${text}".`);
  }
  return number;
}

function scenes(text: string): string[] {
  const names = text.split(",");
  const unknown = names.find((name) => !NAMES.includes(name));
  if (unknown === undefined) return names;
  throw new InvalidArgumentError(`Expected some of ${NAMES.join(", ")}, received "${unknown}".`);
}

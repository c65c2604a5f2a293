import { z } from "zod";
import { suggest } from "./suggest.ts";

/** Frigate's presets that decode here. */
export const HARDWARE_PRESETS = [
  "preset-rpi-64-h264",
  "preset-rpi-64-h265",
  "preset-vaapi",
  "preset-intel-qsv-h264",
  "preset-intel-qsv-h265",
  "preset-nvidia",
  "preset-jetson-h264",
  "preset-jetson-h265",
  "preset-rkmpp",
] as const;

export type HardwarePreset = (typeof HARDWARE_PRESETS)[number];

/**
 * The options that choose and set up a decoder, without the hyphen; `c:v`, `codec:v:0` and the like are options with a stream.
 * Others could name inputs, outputs, files, filters or protocols, or lift the limits under which ffmpeg runs.
 */
const OPTIONS = [
  "hwaccel",
  "hwaccel_device",
  "hwaccel_flags",
  "hwaccel_output_format",
  "init_hw_device",
  "vaapi_device",
  "qsv_device",
  "extra_hw_frames",
  "load_plugin",
  "gpu",
  "surfaces",
  "afbc",
  "fast_parse",
  "c",
  "codec",
  "vcodec",
] as const;

/**
 * A decoder, a number, a format or a device. No address: the device of VA-API may be the X display of another host
 * (`host:0`).
 */
const VALUE = /^(?:\/dev\/[\w/-]+|[\w+.]+)$/;
/** `type=name:device,key=value` or `type=name@source`. */
const NEW_DEVICE = /^\w+(?:=\w+)?(?:[:@](?:\/dev\/[\w/-]+|[\w.]*))?(?:,\w+=(?:\/dev\/[\w/-]+|[\w.]+))*$/;
const MOST_ARGS = 40;
const LONGEST_ARG = 200;

/** The preset's name, or ffmpeg's arguments; an empty list: decode in software. */
export const HardwareArgsSchema = z
  .union([z.string(), z.array(z.string())], {
    error: "a preset (preset-vaapi), or ffmpeg's arguments as a string or a list of strings",
  })
  .default([])
  .transform((given, context): HardwarePreset | readonly string[] => {
    const words = typeof given === "string" ? given.split(/\s+/).filter((word) => word !== "") : given;
    const [first = ""] = words;
    if (words.length === 1 && !first.startsWith("-")) {
      const preset = HARDWARE_PRESETS.find((name) => name === first);
      if (preset !== undefined) return preset;
      report(context, unknownPreset(first));
    } else {
      const problem = problemOf(words);
      if (problem !== undefined) report(context, problem);
    }
    return words;
  })
  .describe(
    "Hardware decoder: one of Frigate's presets (preset-vaapi, preset-rpi-64-h264, …) or ffmpeg's arguments; default: software.",
  );

function report(context: z.RefinementCtx, message: string): void {
  context.addIssue({ code: "custom", params: { isKey: true }, message });
}

function unknownPreset(name: string): string {
  const similar = suggest(name, HARDWARE_PRESETS);
  if (similar !== undefined) return `unknown preset; did you mean ${similar}?`;
  return `unknown preset; known presets: ${HARDWARE_PRESETS.join(", ")}`;
}

/** @returns what is wrong with the arguments, which alternate between options and values */
function problemOf(words: readonly string[]): string | undefined {
  if (words.length > MOST_ARGS) return `too many arguments: expected at most ${MOST_ARGS}`;
  for (let index = 0; index < words.length; index += 2) {
    const [word = "", value] = words.slice(index, index + 2);
    const option = /^-([a-z_]+)(?::v)?(?::\d)?$/.exec(word)?.[1];
    if (option === undefined || !OPTIONS.some((known) => known === option)) {
      return `argument ${index + 1} is not an option that chooses or sets up a decoder: expected one of -${OPTIONS.join(", -")}`;
    }
    if (value === undefined) return `${word} has no value`;
    const pattern = option === "init_hw_device" ? NEW_DEVICE : VALUE;
    if (value.length > LONGEST_ARG || !pattern.test(value)) {
      return `the value of ${word} is not the name of a decoder, a device (below /dev) or a format`;
    }
  }
  return undefined;
}

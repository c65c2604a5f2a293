import { setTimeout as sleep } from "node:timers/promises";
import type { FfmpegRun } from "./ffmpeg.ts";
import { type Colours, DEFAULT_COLOURS, planeEnds, type RawFrame } from "./frame.ts";
import { splitFrames } from "./split-frames.ts";

/**
 * ffmpeg's log options: it must report the coding of colours and the frames, which are messages of level info. The level at
 * the start of each line identifies the errors among them.
 */
export const LOG_OPTIONS: readonly string[] = [
  "-hide_banner",
  "-nostdin",
  "-nostats",
  "-loglevel",
  "level+info",
];

/**
 * ffmpeg's options for writing frames to standard output in the format that `readFrames` reads: 4:2:0, without converting
 * the colours. Conversion to one coding would cost more than conversion to RGB (a fifth of decoding).
 * @param filters as for -vf
 */
export function rawOutput(filters: string): readonly string[] {
  const video = ["-an", "-sn", "-dn", "-vf", `${filters},format=yuv420p|yuvj420p`];
  // With a thread per core, the encoder of raw video holds back as many frames.
  return [...video, "-threads", "1", "-f", "rawvideo", "pipe:1"];
}

/** Reads the frames of an ffmpeg with `LOG_OPTIONS` and `rawOutput`. Call it before anything of the run is awaited. */
export async function* readFrames(
  run: FfmpegRun,
  size: { readonly width: number; readonly height: number },
): AsyncGenerator<RawFrame, void> {
  const reported = run
    .waitForLine(OUTPUT_STREAM)
    .then((line) => (line === undefined ? DEFAULT_COLOURS : parseColours(line)));
  let colours: Colours | undefined;
  for await (const planes of splitFrames(run.output, planeEnds(size).red)) {
    colours ??= await Promise.race([reported, sleep(REPORT_WITHIN_MS, DEFAULT_COLOURS, { ref: false })]);
    yield { ...size, planes, colours };
  }
}

/** `Stream #0:0: Video: rawvideo (I420 / 0x30323449), yuv420p(tv, bt709, progressive), 768x432, q=2-31, …` */
const OUTPUT_STREAM = /Video: rawvideo .*yuvj?420p.* q=/;
const CODING = /(?<format>yuvj?420p)(?:\((?<properties>[^)]*)\))?/;

/** ffmpeg reports the colours before the first frame. The limit applies if a later ffmpeg changes the message. */
const REPORT_WITHIN_MS = 1000;

/** Reads the colours from ffmpeg's description of a 4:2:0 stream; missing properties have the defaults. */
export function parseColours(description: string): Colours {
  const { format, properties = "" } = CODING.exec(description)?.groups ?? {};
  const words = properties.split(", ");
  return {
    range: format === "yuvj420p" || words.includes("pc") ? "full" : "limited",
    // Matrix, primaries and transfer, if they differ.
    matrix: words.some((word) => word.split("/")[0] === "bt709") ? "bt709" : "bt601",
  };
}

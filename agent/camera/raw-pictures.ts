import { setTimeout as sleep } from "node:timers/promises";
import type { FfmpegRun } from "./ffmpeg.ts";
import { type Colours, planeEnds, USUAL_COLOURS, type VideoPicture } from "./frame.ts";
import { splitFrames } from "./split-frames.ts";

/**
 * How ffmpeg is asked to talk: of warnings and facts too, each line with its level, so that it tells of redirects and of
 * how the pictures' colours are coded; what it complains of is told apart by the level.
 */
export const TALKATIVE: readonly string[] = [
  "-hide_banner",
  "-nostdin",
  "-nostats",
  "-loglevel",
  "level+info",
];

/**
 * ffmpeg's options for pictures on standard output as `readPictures` expects them: as the decoder makes them, wherever
 * it makes them of 4:2:0. To bring their colours into one form would cost more than RGB does (a fifth of decoding).
 * @param filters as for -vf
 */
export function rawOutput(filters: string): readonly string[] {
  const pictures = ["-an", "-sn", "-dn", "-vf", `${filters},format=yuv420p|yuvj420p`];
  return [...pictures, "-f", "rawvideo", "pipe:1"];
}

/** The pictures that a TALKATIVE ffmpeg with `rawOutput` delivers; call it before anything of the run is awaited. */
export async function* readPictures(
  run: FfmpegRun,
  size: { readonly width: number; readonly height: number },
): AsyncGenerator<VideoPicture, void> {
  const told = run.heard(OF_OUTPUT).then((line) => (line === undefined ? USUAL_COLOURS : coloursIn(line)));
  let colours: Colours | undefined;
  for await (const planes of splitFrames(run.output, planeEnds(size).red)) {
    colours ??= await Promise.race([told, sleep(TOLD_WITHIN_MS, USUAL_COLOURS, { ref: false })]);
    yield { ...size, planes, colours };
  }
}

/** `Stream #0:0: Video: rawvideo (I420 / 0x30323449), yuv420p(tv, bt709, progressive), 768x432, q=2-31, …` */
const OF_OUTPUT = /Video: rawvideo .*yuvj?420p.* q=/;
const CODING = /(?<format>yuvj?420p)(?:\((?<properties>[^)]*)\))?/;

/** It says so before its first picture. Should a later ffmpeg say it in other words, nobody waits for ever. */
const TOLD_WITHIN_MS = 1000;

/** What ffmpeg's description of a 4:2:0 stream says of its colours; what it does not say is as usual. */
export function coloursIn(description: string): Colours {
  const { format, properties = "" } = CODING.exec(description)?.groups ?? {};
  const words = properties.split(", ");
  return {
    range: format === "yuvj420p" || words.includes("pc") ? "full" : "limited",
    // Matrix, primaries and transfer, where they differ.
    matrix: words.some((word) => word.split("/")[0] === "bt709") ? "bt709" : "bt601",
  };
}

import { z } from "zod";
import { TransientError } from "../base/errors.ts";
import { displaySize } from "./display.ts";
import { FATAL_MESSAGES } from "./explain-failure.ts";
import { startFfmpeg } from "./ffmpeg.ts";
import type { FfmpegEnd } from "./ffmpeg-end.ts";
import { FRAME_SIZE_LIMIT } from "./frame-limit.ts";

/** Properties of a recorded video. */
export interface VideoProperties {
  /** Pixels, upright and square. */
  readonly width: number;
  readonly height: number;
  /** Average frames per second; undefined if the file does not state it. */
  readonly fps: number | undefined;
  /** Duration; undefined if the file does not state it. */
  readonly seconds: number | undefined;
}

const ProbeOutput = z.object({
  streams: z
    .array(
      z.object({
        width: z.int().positive(),
        height: z.int().positive(),
        sample_aspect_ratio: z.string().optional(),
        avg_frame_rate: z.string().optional(),
        side_data_list: z.array(z.object({ rotation: z.number().optional() })).optional(),
      }),
    )
    .min(1),
  format: z.object({ duration: z.string().optional() }).optional(),
});

export interface ProbeOptions {
  readonly program: string;
  /** The input with its options: `["-i", "clip.mp4"]`. */
  readonly inputArgs: readonly string[];
  /** As for `startFfmpeg`. */
  readonly memoryMb: number;
  readonly signal: AbortSignal;
  /** Makes the error to throw from ffprobe's error lines. */
  readonly explain: (end: FfmpegEnd) => Error;
}

/** Probes the first video stream of a file with ffprobe. */
export async function probeVideo(options: ProbeOptions): Promise<VideoProperties> {
  const { program, inputArgs, memoryMb, signal, explain } = options;
  const entries =
    "stream=width,height,sample_aspect_ratio,avg_frame_rate:stream_side_data=rotation:format=duration";
  const show = ["-select_streams", "v:0", "-show_entries", entries, "-of", "json"];
  await using run = startFfmpeg(
    program,
    ["-hide_banner", "-loglevel", "level+info", ...show, ...FRAME_SIZE_LIMIT, ...inputArgs],
    signal,
    memoryMb,
  );
  void run.waitForLine(FATAL_MESSAGES).then((line) => line !== undefined && run.stop());
  const parts: Uint8Array[] = [];
  for await (const part of run.output) parts.push(part);
  const end = await run.ended;
  if (signal.aborted)
    throw new TransientError(`${program} was stopped before it knew the video's size`, "Try again.");
  if (end.code !== 0) throw explain(end);

  const answer = ProbeOutput.safeParse(JSON.parse(Buffer.concat(parts).toString("utf8")));
  const stream = answer.data?.streams[0];
  if (stream === undefined)
    throw explain({
      ...end,
      errorLines: [...end.errorLines, "Output does not contain any stream with video"],
    });
  const { width, height, sample_aspect_ratio: aspect } = stream;
  const isSideways = stream.side_data_list?.some(({ rotation }) => Math.abs(rotation ?? 0) % 180 === 90);
  const format = { size: { width, height }, pixelAspect: ratio(aspect, ":") ?? 1 };
  const seconds = Number(answer.data?.format?.duration);
  return {
    ...displaySize({ format, rotation: isSideways === true ? 90 : 0 }),
    fps: ratio(stream.avg_frame_rate, "/"),
    seconds: Number.isFinite(seconds) ? seconds : undefined,
  };
}

/** `25/2` → 12.5; `0/0` → undefined. */
function ratio(text: string | undefined, separator: string): number | undefined {
  const [above = 0, below = 0] = (text ?? "").split(separator).map(Number);
  return above > 0 && below > 0 ? above / below : undefined;
}

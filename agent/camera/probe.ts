import { z } from "zod";
import { TransientError } from "../base/errors.ts";
import { FATAL_MESSAGES } from "./explain-failure.ts";
import { startFfmpeg } from "./ffmpeg.ts";
import { FRAME_SIZE_LIMIT } from "./frame-limit.ts";

/** Properties of a recorded video after its rotation is applied. */
export interface VideoProperties {
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
  readonly explain: (errorLines: readonly string[]) => Error;
}

/** Probes the first video stream of a file with ffprobe. */
export async function probeVideo(options: ProbeOptions): Promise<VideoProperties> {
  const { program, inputArgs, memoryMb, signal, explain } = options;
  const entries = "stream=width,height,avg_frame_rate:stream_side_data=rotation:format=duration";
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
  const { code } = await run.ended;
  if (signal.aborted)
    throw new TransientError(`${program} was stopped before it knew the video's size`, "Try again.");
  if (code !== 0) throw explain(run.errorLines());

  const answer = ProbeOutput.safeParse(JSON.parse(Buffer.concat(parts).toString("utf8")));
  const stream = answer.data?.streams[0];
  if (stream === undefined)
    throw explain([...run.errorLines(), "Output does not contain any stream with video"]);
  const turned = stream.side_data_list?.some(({ rotation }) => Math.abs(rotation ?? 0) % 180 === 90) === true;
  const [width, height] = turned ? [stream.height, stream.width] : [stream.width, stream.height];
  const seconds = Number(answer.data?.format?.duration);
  return {
    width,
    height,
    fps: frameRate(stream.avg_frame_rate),
    seconds: Number.isFinite(seconds) ? seconds : undefined,
  };
}

/** `25/2` → 12.5; `0/0` → undefined. */
function frameRate(text: string | undefined): number | undefined {
  const [frames = 0, seconds = 0] = (text ?? "").split("/").map(Number);
  return frames > 0 && seconds > 0 ? frames / seconds : undefined;
}

import { z } from "zod";
import { TransientError } from "../base/errors.ts";
import { HOPELESS } from "./explain-failure.ts";
import { type Decoded, startFfmpeg } from "./ffmpeg.ts";
import { LIMITED_FRAMES } from "./frame-limit.ts";

/** A video as it will be shown, turned upright. */
export interface VideoProperties {
  readonly width: number;
  readonly height: number;
  /** Frames per second on average; undefined where the stream does not say. */
  readonly fps: number | undefined;
  /** How long it lasts; undefined for a stream, and where a file does not say. */
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
  /** What is probed, options in front of it included: `["-i", "clip.mp4"]`. */
  readonly inputArgs: readonly string[];
  /** What the program reads from standard input. */
  readonly stdin?: string;
  /** What it decodes, which limits its memory. */
  readonly decodes: Decoded;
  readonly signal: AbortSignal;
  /** The error to throw when ffprobe fails, from its complaints. */
  readonly explain: (complaints: readonly string[]) => Error;
}

/** Asks ffprobe for size and frame rate of the first video stream of a file or address. */
export async function probeVideo(options: ProbeOptions): Promise<VideoProperties> {
  const { program, inputArgs, stdin, decodes, signal, explain } = options;
  const entries = "stream=width,height,avg_frame_rate:stream_side_data=rotation:format=duration";
  const show = ["-select_streams", "v:0", "-show_entries", entries, "-of", "json"];
  await using run = startFfmpeg(
    program,
    ["-hide_banner", "-loglevel", "level+info", ...show, ...LIMITED_FRAMES, ...inputArgs],
    signal,
    stdin,
    decodes,
  );
  void run.heard(HOPELESS).then((line) => line !== undefined && run.stop());
  const parts: Uint8Array[] = [];
  for await (const part of run.output) parts.push(part);
  const { code } = await run.ended;
  if (signal.aborted)
    throw new TransientError(`${program} was stopped before it knew the stream's size`, "Try again.");
  if (code !== 0) throw explain(run.complaints());

  const answer = ProbeOutput.safeParse(JSON.parse(Buffer.concat(parts).toString("utf8")));
  const stream = answer.data?.streams[0];
  if (stream === undefined)
    throw explain([...run.complaints(), "Output does not contain any stream with video"]);
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

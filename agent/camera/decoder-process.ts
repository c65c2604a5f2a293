import { setTimeout as sleep } from "node:timers/promises";
import type { Size } from "../base/box.ts";
import { displayFilter } from "./display.ts";
import { FATAL_MESSAGES } from "./explain-failure.ts";
import { type FedFfmpegRun, startFedFfmpeg } from "./ffmpeg.ts";
import { limitRate } from "./ffmpeg-filters.ts";
import type { RawFrame } from "./frame.ts";
import { FRAME_SIZE_LIMIT } from "./frame-limit.ts";
import { ivfHeader, writeUnit } from "./ivf.ts";
import { LOG_OPTIONS, rawOutput, readFrames } from "./raw-frames.ts";
import type { AccessUnit, VideoCodec, VideoFormat } from "./rtsp/access-unit.ts";

/** What a decoder decodes, and the frames that are asked for. */
export interface DecodedStream {
  readonly format: VideoFormat;
  /** Clockwise rotation in degrees that displays the frames upright: 0, 90, 180 or 270. */
  readonly rotation: number;
  /** Pixels of the frames that come out. */
  readonly size: Size;
  /** Maximum frames per second; undefined: all. */
  readonly fps: number | undefined;
}

/** A frame, and the pts of its access unit if ffmpeg reported it. */
export type DecodedFrame = RawFrame & { readonly pts: number | undefined };

/** One ffmpeg that decodes what it is fed with. Leaving its scope ends it. */
export interface DecoderProcess extends AsyncDisposable {
  /** @param pts milliseconds, unique */
  write(unit: AccessUnit, pts: number): void;
  /** Bytes that are written but that the kernel has not taken yet. */
  backlogBytes(): number;
  /** Ends when ffmpeg ends. One consumer. */
  readonly frames: AsyncGenerator<DecodedFrame, void>;
  /** Resolves with the error lines when ffmpeg has exited. Rejects with FfmpegMissing. */
  ended(): Promise<readonly string[]>;
  stop(): void;
}

/** The decoders that ffmpeg would choose, by name since its IVF demuxer does not know H.265. */
const DECODERS: Readonly<Record<VideoCodec, string>> = {
  H264: "h264",
  H265: "hevc",
  MJPEG: "mjpeg",
  MPEG4: "mpeg4",
  VP8: "vp8",
};

/**
 * Starts a decoder.
 * @param hardwareArgs replace the choice of the software decoder and lift the limit on memory: a hardware decoder maps the
 * memory of its device.
 * @throws FfmpegMissing (from `frames` and `ended`)
 */
export function startDecoder(
  ffmpeg: string,
  stream: DecodedStream,
  hardwareArgs: readonly string[] | undefined,
  signal: AbortSignal,
): DecoderProcess {
  const memoryMb = hardwareArgs === undefined ? decoderMemoryMb(stream.format.codedSize) : undefined;
  const run = startFedFfmpeg(ffmpeg, decoderArgs(stream, hardwareArgs), signal, memoryMb);
  void run.waitForLine(FATAL_MESSAGES).then((line) => line !== undefined && run.stop());
  const ptsByFrame = readReports(run);
  run.input.write(ivfHeader(stream.format));
  return {
    write(unit, pts) {
      writeUnit(run.input, unit, pts);
    },
    backlogBytes: () => run.input.writableLength,
    frames: withPts(readFrames(run, stream.size), ptsByFrame),
    async ended() {
      await run.ended;
      return run.errorLines();
    },
    stop: run.stop,
    [Symbol.asyncDispose]: () => run[Symbol.asyncDispose](),
  };
}

/** @returns 10⁶ bytes for a decoder of such frames in one thread */
export function decoderMemoryMb({ width, height }: Size): number {
  return Math.ceil(100 + (24 * width * height * 1.5) / 1e6);
}

function decoderArgs(stream: DecodedStream, hardwareArgs: readonly string[] | undefined): string[] {
  const { format, fps, size } = stream;
  const limited = fps === undefined ? [] : [limitRate(fps)];
  // The report must not contain data that the camera attached to a frame: it may be large.
  const filters = [...limited, displayFilter(stream, size), "sidedata=delete", "showinfo=checksum=0"];
  return [
    ...decoderInput(format.codec, hardwareArgs),
    ...["-copyts", "-fps_mode", "passthrough"],
    ...rawOutput(filters.join(",")),
  ];
}

/**
 * ffmpeg's options for decoding IVF from standard input.
 * @param hardwareArgs replace the choice of the software decoder.
 */
export function decoderInput(codec: VideoCodec, hardwareArgs?: readonly string[]): readonly string[] {
  return [
    ...LOG_OPTIONS,
    ...["-protocol_whitelist", "pipe"],
    ...["-probesize", "32"],
    // Each decoder thread adds a delay of one frame and needs memory.
    ...["-threads", "1"],
    ...FRAME_SIZE_LIMIT,
    // Frames that refer to missing ones would be grey.
    ...["-flags", "-output_corrupt"],
    "-noautorotate",
    ...(hardwareArgs ?? ["-c:v", DECODERS[codec]]),
    ...["-f", "ivf", "-i", "pipe:0"],
  ];
}

/** `[Parsed_showinfo_3 @ 0x5602efc4aec0] [info] n:   1 pts:   2048 pts_time:0.2 …` */
const REPORT = /^\[Parsed_showinfo_\d+ @ 0x[0-9a-f]+\] \[info\] n: *(\d+) pts: *(-?\d+) /;
/** The report is written before the frame, but to another pipe. The limit applies if a later ffmpeg changes it. */
const REPORT_WITHIN_MS = 200;

/** @returns reads the pts of the n-th frame; undefined if it is not reported in time. Call it with ascending numbers. */
function readReports(run: FedFfmpegRun): (frame: number) => Promise<number | undefined> {
  const reported = new Map<number, number>();
  let wake = () => {};
  run.onLine((line) => {
    const [, frame, pts] = REPORT.exec(line) ?? [];
    if (frame === undefined) return;
    reported.set(Number(frame), Number(pts));
    wake();
  });
  return async (frame) => {
    if (!reported.has(frame)) {
      const next = Promise.withResolvers<void>();
      wake = next.resolve;
      await Promise.race([next.promise, sleep(REPORT_WITHIN_MS, undefined, { ref: false })]);
    }
    const pts = reported.get(frame);
    for (const older of reported.keys()) if (older <= frame) reported.delete(older);
    return pts;
  };
}

async function* withPts(
  frames: AsyncGenerator<RawFrame, void>,
  ptsOf: (frame: number) => Promise<number | undefined>,
): AsyncGenerator<DecodedFrame, void> {
  let number = 0;
  for await (const frame of frames) {
    yield { ...frame, pts: await ptsOf(number) };
    number++;
  }
}

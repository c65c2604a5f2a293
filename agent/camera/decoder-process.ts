import { setImmediate as afterPendingInput, setTimeout as sleep } from "node:timers/promises";
import type { Size } from "../base/box.ts";
import type { Rotation } from "../base/rotation.ts";
import { displayFilter } from "./display.ts";
import { FATAL_MESSAGES } from "./explain-failure.ts";
import { type FedFfmpegRun, startFedFfmpeg } from "./ffmpeg.ts";
import type { FfmpegEnd } from "./ffmpeg-end.ts";
import { limitRate } from "./ffmpeg-filters.ts";
import type { RawFrame } from "./frame.ts";
import { FRAME_SIZE_LIMIT } from "./frame-limit.ts";
import { ivfHeader, writeUnit } from "./ivf.ts";
import { LOG_OPTIONS, rawOutput, readFrames } from "./raw-frames.ts";
import type { AccessUnit, VideoCodec, VideoFormat } from "./rtsp/access-unit.ts";

/** The stream that a decoder decodes, and the requested frames. */
export interface DecodedStream {
  readonly format: VideoFormat;
  /** Displays the frames upright. */
  readonly rotation: Rotation;
  /** Pixels of the output frames. */
  readonly size: Size;
  /** Maximum frames per second; undefined: all. */
  readonly fps: number | undefined;
}

/** A frame, and the pts of its access unit if ffmpeg reported it. */
export type DecodedFrame = RawFrame & { readonly pts: number | undefined };

/** An ffmpeg process that decodes the access units that it is fed. Leaving its scope ends it. */
export interface DecoderProcess extends AsyncDisposable {
  /** @param pts milliseconds, unique */
  write(unit: AccessUnit, pts: number): void;
  /** Bytes that are written but not yet accepted by the kernel. */
  backlogBytes(): number;
  /** Ends when ffmpeg ends. One consumer. */
  readonly frames: AsyncGenerator<DecodedFrame, void>;
  /** Resolves when ffmpeg has exited. Rejects with FfmpegMissing. */
  readonly ended: Promise<FfmpegEnd>;
  stop(): void;
}

/** ffmpeg's default decoders. They are named, because its IVF demuxer does not know H.265. */
const DECODERS: Readonly<Record<VideoCodec, string>> = {
  H264: "h264",
  H265: "hevc",
  MJPEG: "mjpeg",
  MPEG4: "mpeg4",
  VP8: "vp8",
};

/**
 * Starts a decoder.
 * @param hardwareArgs choose a hardware decoder, which runs without a limit on memory: it maps the memory of its device.
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
  const ptsByPosition = new Map<number, number>();
  const ptsOf = readReports(run, (position) => ptsByPosition.get(position));
  const header = ivfHeader(stream.format);
  let position = header.length;
  run.input.write(header);
  return {
    write(unit, pts) {
      ptsByPosition.set(position, pts);
      if (ptsByPosition.size > MOST_POSITIONS) ptsByPosition.delete(oldest(ptsByPosition));
      position += writeUnit(run.input, unit, pts);
    },
    backlogBytes: () => run.input.writableLength,
    frames: withPts(readFrames(run, stream.size), ptsOf),
    ended: run.ended,
    stop: run.stop,
    [Symbol.asyncDispose]: () => run[Symbol.asyncDispose](),
  };
}

/** ffmpeg needs 42 without frames. */
const BASE_MB = 80;
/**
 * Measured with ffmpeg 5.1 at 4096×2176, scaled and rotated: 3 (MJPEG), 5 (H.264, VP8), 6 (MPEG-4) and 8 (H.265) with one
 * reference frame; 21 for H.264 with 16 reference frames, the most that a stream may have.
 */
const MOST_FRAMES = 22;
const BYTES_PER_PIXEL = 1.5;

/**
 * The memory limit of a software decoder (see `startFfmpeg`).
 * @param size of the frames that it allocates
 * @returns 10⁶ bytes; 375 for the largest frames
 */
export function decoderMemoryMb({ width, height }: Size): number {
  return Math.ceil(BASE_MB + (MOST_FRAMES * width * height * BYTES_PER_PIXEL) / 1e6);
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
    // The last of several decoders counts.
    ...["-c:v", DECODERS[codec]],
    ...(hardwareArgs ?? []),
    ...["-f", "ivf", "-i", "pipe:0"],
  ];
}

/**
 * `[Parsed_showinfo_3 @ 0x5602efc4aec0] [info] n:   1 pts:   2048 pts_time:0.2     pos:     9590 fmt:…`: the number of the frame,
 * its pts, and where its access unit starts in the input. The position is better: ffmpeg replaces the pts by a guess when
 * frames come out of order. Recent versions do not report it.
 */
const REPORT =
  /^\[Parsed_showinfo_\d+ @ 0x[0-9a-f]+\] \[info\] n: *(\d+) pts: *(-?\d+) pts_time:\S+ *(?:pos: *(\d+))?/;
/** The report is written before the frame, but to another pipe. The limit applies if a later ffmpeg changes it. */
const REPORT_WITHIN_MS = 200;
/** More than a decoder and the rate limit hold or drop between two frames. */
const MOST_POSITIONS = 2000;

function oldest(map: ReadonlyMap<number, unknown>): number {
  for (const key of map.keys()) return key;
  return Number.NaN;
}

/** @returns reads the pts of the n-th frame; undefined if it is not reported in time. Call it with ascending numbers. */
function readReports(
  run: FedFfmpegRun,
  ptsAt: (position: number) => number | undefined,
): (frame: number) => Promise<number | undefined> {
  const reported = new Map<number, number>();
  let wake = () => {};
  run.onLine((line) => {
    const [, frame, pts, position] = REPORT.exec(line) ?? [];
    if (frame === undefined) return;
    reported.set(Number(frame), ptsAt(Number(position)) ?? Number(pts));
    wake();
  });
  return async (frame) => {
    if (!reported.has(frame)) {
      const inTime = Promise.withResolvers<void>();
      wake = () => {
        if (reported.has(frame)) inTime.resolve();
      };
      await Promise.race([inTime.promise, sleep(REPORT_WITHIN_MS, undefined, { ref: false })]);
      // After a pause of this process, the timer ends before the report is read that has been there for long.
      if (!reported.has(frame)) await afterPendingInput();
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

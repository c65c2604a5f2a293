import VideoStream, { type VideoStreamOptions } from "node-rtsp-stream";
import type { TimedUnit } from "../../camera/decode-plan.ts";
import { decoderInput, decoderMemoryMb } from "../../camera/decoder-process.ts";
import { type Display, displayFilter, isSameDisplay } from "../../camera/display.ts";
import { FATAL_MESSAGES } from "../../camera/explain-failure.ts";
import { type FedFfmpegRun, startFedFfmpeg } from "../../camera/ffmpeg.ts";
import type { FfmpegEnd } from "../../camera/ffmpeg-end.ts";
import { requireSupportedSize } from "../../camera/frame-limit.ts";
import { createFrameTimes } from "../../camera/frame-times.ts";
import { ivfHeader, writeUnit } from "../../camera/ivf.ts";
import { PTS_PER_MS, PTS_WRAP } from "../page/pts.ts";
import type { CameraUnits } from "./camera-units.ts";
import { shownSize } from "./shown-size.ts";

export interface CameraVideoOptions extends VideoStreamOptions {
  readonly units: CameraUnits;
  /** Converts the time of an access unit to Unix milliseconds, the time of its frame. */
  readonly toUnixMs: (monotonicMs: number) => number;
  /** Ends the video when aborted. */
  readonly signal: AbortSignal;
  /** Receives the video: MPEG-TS with MPEG-1 video, in parts of any size. */
  readonly onData: (part: Uint8Array) => void;
  /** Called once at the end, with how ffmpeg ended (undefined: aborted before it started), or the error that prevented its start. */
  readonly onEnd: (end: FfmpegEnd | undefined, error?: Error) => void;
  /** Default: `ffmpeg` from PATH. */
  readonly ffmpeg?: string;
}

/**
 * A camera's video for JSMpeg, from node-rtsp-stream. Its constructor starts the video. The original opens the camera a second
 * time, listens on every interface without access control, copies ffmpeg's log to ours and shows the camera's password in
 * `ps`. Here the input of ffmpeg is the access units that the agent receives, and our own server sends the bytes.
 *
 * The presentation time of each frame is its Unix time, modulo the range of such times: the page finds the results for it.
 */
export class CameraVideo extends VideoStream<CameraVideoOptions> {
  override startMpeg1Stream(): this {
    const { name, units, toUnixMs, signal, onEnd, ffmpeg = "ffmpeg" } = this.options;
    const stop = new AbortController();
    const ended = AbortSignal.any([signal, stop.signal]);
    this.stream = { kill: () => stop.abort() };
    const play = async (): Promise<FfmpegEnd | undefined> => {
      while (true) {
        await untilKey(units, ended);
        const start = startOf(units.latest(), toUnixMs);
        if (ended.aborted || start === undefined) return undefined;
        const { format } = start.display;
        requireSupportedSize(name, format.codedSize);
        await using run = startFedFfmpeg(ffmpeg, videoArgs(start), ended, decoderMemoryMb(format.codedSize));
        void run.waitForLine(FATAL_MESSAGES).then((line) => line !== undefined && run.stop());
        const feeding = feed(run, units, start, toUnixMs);
        try {
          for await (const part of run.output) this.emit("camdata", part);
        } finally {
          feeding.leave();
        }
        const end = await run.ended;
        if (!feeding.mustRestart()) return end;
      }
    };
    play().then(onEnd, (error: Error) => onEnd(undefined, error));
    return this;
  }

  override pipeStreamToSocketServer(): this {
    this.wsServer = { close() {} };
    return this.on("camdata", this.options.onData);
  }
}

/** Waits for a key frame, unless one is kept, or until the signal is aborted. */
function untilKey(units: CameraUnits, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const leave = units.listen(({ format }) => {
    if (format !== undefined) resolve();
  });
  const abort = () => resolve();
  signal.addEventListener("abort", abort, { once: true });
  if (signal.aborted) abort();
  return promise.finally(() => {
    leave();
    signal.removeEventListener("abort", abort);
  });
}

/** Where a video starts. */
interface Start {
  readonly display: Display;
  /** Unix time of the first frame, milliseconds. */
  readonly unixMs: number;
  /** The age of the first frame: that of the newest one relative to it, milliseconds. */
  readonly ageMs: number;
}

function startOf(group: readonly TimedUnit[], toUnixMs: (monotonicMs: number) => number): Start | undefined {
  const [first] = group;
  if (first?.format === undefined) return undefined;
  const newestMs = Math.max(...group.map(({ timeMs }) => timeMs));
  return {
    display: { format: first.format, rotation: first.rotation },
    unixMs: toUnixMs(first.timeMs),
    ageMs: newestMs - first.timeMs,
  };
}

/** While more than this waits for ffmpeg, access units are dropped. */
const MOST_BACKLOG_BYTES = 8e6;
/** The same for access units that were written this long ago: live video that is late by more is not live. */
const MOST_BACKLOG_MS = 3_000;
/** If a frame's time deviates by more from its presentation time, the video starts again with the right one. */
const TOLERANCE_MS = 250;

/** Feeds ffmpeg with the camera's access units, from the latest key frame on, until it is left or has to be started anew. */
function feed(
  run: FedFfmpegRun,
  units: CameraUnits,
  start: Start,
  toUnixMs: (monotonicMs: number) => number,
) {
  run.input.write(ivfHeader(start.display.format));
  const times = createFrameTimes(start.display.format.reorderFrames > 0);
  const waiting: { readonly end: number; readonly timeMs: number }[] = [];
  let written = 0;
  let needsKey = true;
  let mustRestart = false;

  function isBehind(timeMs: number): boolean {
    const accepted = written - run.input.writableLength;
    while (waiting[0] !== undefined && waiting[0].end <= accepted) waiting.shift();
    const lateMs = waiting[0] === undefined ? 0 : timeMs - waiting[0].timeMs;
    return run.input.writableLength > MOST_BACKLOG_BYTES || lateMs > start.ageMs + MOST_BACKLOG_MS;
  }

  const leave = units.listen((unit) => {
    if (mustRestart) return;
    const { format, rotation, isKey, timeMs } = unit;
    if (isBehind(timeMs)) needsKey = true;
    else if (isKey) needsKey = false;
    if (needsKey) return;
    const pts = times.add(timeMs);
    const hasOtherFormat = format !== undefined && !isSameDisplay(start.display, { format, rotation });
    if (hasOtherFormat || Math.abs(toUnixMs(timeMs) - start.unixMs - pts) > TOLERANCE_MS) {
      mustRestart = true;
      return run.stop();
    }
    written += writeUnit(run.input, unit, pts);
    waiting.push({ end: written, timeMs });
  });
  return { leave, mustRestart: () => mustRestart };
}

/** The maximum, and the rate in the stream's header: MPEG-1 allows only the rates of film and television. */
const FPS = 25;

/** ffmpeg holds a frame back until it knows the next one. */
const FIRST_SHOWN_MS = 500;

function videoArgs({ display, unixMs, ageMs }: Start): readonly string[] {
  // Older frames of the group are only needed to decode the newest ones.
  const skippedMs = ageMs - FIRST_SHOWN_MS;
  const current = skippedMs > 0 ? [`select=gte(t\\,${skippedMs / 1000})`] : [];
  const offset = Math.round(unixMs * PTS_PER_MS) % PTS_WRAP;
  return [
    ...decoderInput(display.format.codec),
    ...["-an", "-sn", "-dn", "-copyts"],
    ...["-vf", [...current, displayFilter(display, shownSize(display))].join(",")],
    // No frame is repeated, to save decoding on the phone.
    ...["-r", String(FPS), "-fps_mode", "vfr"],
    // A new viewer waits at most one second for a key frame.
    ...["-codec:v", "mpeg1video", "-bf", "0"],
    ...["-force_key_frames", "expr:if(isnan(prev_forced_t),1,gte(t,prev_forced_t+1))"],
    ...["-b:v", "1500k", "-maxrate", "2500k", "-bufsize", "1000k", "-threads", "1"],
    // The encoder decodes one frame ahead: without the second option the muxer would move all times until none is negative.
    ...["-output_ts_offset", String(offset / PTS_PER_MS / 1000), "-avoid_negative_ts", "disabled"],
    ...["-f", "mpegts", "-muxdelay", "0", "-muxpreload", "0", "-flush_packets", "1", "pipe:1"],
  ];
}

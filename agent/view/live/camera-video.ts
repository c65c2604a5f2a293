import VideoStream, { type VideoStreamOptions } from "node-rtsp-stream";
import { decoderInput, decoderMemoryMb } from "../../camera/decoder-process.ts";
import { type Display, displayFilter, displaySize, isSameDisplay } from "../../camera/display.ts";
import { FATAL_MESSAGES } from "../../camera/explain-failure.ts";
import { type FedFfmpegRun, startFedFfmpeg } from "../../camera/ffmpeg.ts";
import type { FfmpegEnd } from "../../camera/ffmpeg-end.ts";
import { requireSupportedSize } from "../../camera/frame-limit.ts";
import { ivfHeader, writeUnit } from "../../camera/ivf.ts";
import type { CameraUnits } from "./camera-units.ts";

export interface CameraVideoOptions extends VideoStreamOptions {
  readonly units: CameraUnits;
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
 */
export class CameraVideo extends VideoStream<CameraVideoOptions> {
  override startMpeg1Stream(): this {
    const { name, units, signal, onEnd, ffmpeg = "ffmpeg" } = this.options;
    const stop = new AbortController();
    const ended = AbortSignal.any([signal, stop.signal]);
    this.stream = { kill: () => stop.abort() };
    const play = async (): Promise<FfmpegEnd | undefined> => {
      while (true) {
        const first = await firstKey(units, ended);
        if (first === undefined) return undefined;
        requireSupportedSize(name, first.format.codedSize);
        await using run = startFedFfmpeg(
          ffmpeg,
          videoArgs(first),
          ended,
          decoderMemoryMb(first.format.codedSize),
        );
        void run.waitForLine(FATAL_MESSAGES).then((line) => line !== undefined && run.stop());
        const feeding = feed(run, units, first);
        try {
          for await (const part of run.output) this.emit("camdata", part);
        } finally {
          feeding.leave();
        }
        const end = await run.ended;
        if (!feeding.hasOtherFormat()) return end;
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

/** Waits for a key frame. @returns undefined if the signal is aborted first */
function firstKey(units: CameraUnits, signal: AbortSignal): Promise<Display | undefined> {
  const { promise, resolve } = Promise.withResolvers<Display | undefined>();
  const leave = units.listen(({ format, rotation }) => {
    if (format !== undefined) resolve({ format, rotation });
  });
  const abort = () => resolve(undefined);
  signal.addEventListener("abort", abort, { once: true });
  if (signal.aborted) abort();
  return promise.finally(() => {
    leave();
    signal.removeEventListener("abort", abort);
  });
}

/** While more than this waits for ffmpeg, access units are dropped. */
const MOST_BACKLOG_BYTES = 8e6;

/** Feeds ffmpeg with the camera's access units, from the latest key frame on, until it is left or the format changes. */
function feed(run: FedFfmpegRun, units: CameraUnits, display: Display) {
  run.input.write(ivfHeader(display.format));
  let needsKey = true;
  let pts = 0;
  let hasOtherFormat = false;
  const leave = units.listen((unit) => {
    const { format, rotation, isKey } = unit;
    hasOtherFormat ||= format !== undefined && !isSameDisplay(display, { format, rotation });
    if (hasOtherFormat) return run.stop();
    if (run.input.writableLength > MOST_BACKLOG_BYTES) needsKey = true;
    else if (isKey) needsKey = false;
    if (!needsKey) writeUnit(run.input, unit, pts++);
  });
  return { leave, hasOtherFormat: () => hasOtherFormat };
}

/** The maximum, and the rate in the stream's header: MPEG-1 allows only the rates of film and television. */
const FPS = 25;

function videoArgs(display: Display): readonly string[] {
  const { width, height } = displaySize(display);
  const shown = {
    width: Math.min(960, width),
    height: 2 * Math.round((Math.min(960, width) * height) / width / 2),
  };
  return [
    ...decoderInput(display.format.codec),
    ...["-an", "-sn", "-dn"],
    // Timestamps are arrival times: with the camera's own, a clock that jumps would freeze the video or repeat frames.
    ...["-vf", `setpts=(RTCTIME-RTCSTART)/(TB*1000000),${displayFilter(display, shown)}`],
    // No frame is repeated, to save decoding on the phone: the page shows each frame when it arrives.
    ...["-r", String(FPS), "-fps_mode", "vfr"],
    // A new viewer waits at most one second for a key frame.
    ...["-codec:v", "mpeg1video", "-force_key_frames", "expr:gte(t,n_forced)", "-bf", "0"],
    ...["-b:v", "1500k", "-maxrate", "2500k", "-bufsize", "1000k", "-threads", "1"],
    ...["-f", "mpegts", "-muxdelay", "0", "-muxpreload", "0", "-flush_packets", "1", "pipe:1"],
  ];
}

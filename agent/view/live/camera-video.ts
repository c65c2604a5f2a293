import VideoStream, { type VideoStreamOptions } from "node-rtsp-stream";
import { FATAL_MESSAGES } from "../../camera/explain-failure.ts";
import { startFfmpeg } from "../../camera/ffmpeg.ts";
import { FRAME_SIZE_LIMIT } from "../../camera/frame-limit.ts";
import { PLAYLIST_ARGS, playlistOf } from "../../camera/playlist.ts";
import { LOG_OPTIONS } from "../../camera/raw-frames.ts";
import { checkStream } from "../../camera/rtsp/check-stream.ts";
import { transport } from "../../camera/rtsp.ts";

export interface CameraVideoOptions extends VideoStreamOptions {
  /** Ends the video when aborted. */
  readonly signal: AbortSignal;
  /** Receives the video: MPEG-TS with MPEG-1 video, in parts of any size. */
  readonly onData: (part: Uint8Array) => void;
  /** Called once at the end, with ffmpeg's error lines or the error that prevented its start. */
  readonly onEnd: (errorLines: readonly string[], error?: Error) => void;
  /** Default: `ffmpeg` from PATH. */
  readonly ffmpeg?: string;
}

/** After this time without a packet, the camera counts as disconnected. */
const TIMEOUT_MS = 10_000;

/**
 * A camera's video for JSMpeg, from node-rtsp-stream. Its constructor starts the video. The original listens on every
 * interface without access control, copies ffmpeg's log to ours and shows the camera's password in `ps`. Here our own
 * server sends the bytes, and ffmpeg is started in the same way as for detection.
 */
export class CameraVideo extends VideoStream<CameraVideoOptions> {
  override startMpeg1Stream(): this {
    const { name, streamUrl, signal, onEnd, ffmpeg = "ffmpeg" } = this.options;
    const stop = new AbortController();
    const ended = AbortSignal.any([signal, stop.signal]);
    this.stream = { kill: () => stop.abort() };
    const play = async (): Promise<readonly string[]> => {
      const timeout = AbortSignal.timeout(TIMEOUT_MS);
      const address = await checkStream(name, streamUrl, AbortSignal.any([ended, timeout]));
      const input = playlistOf(address, { ...transport(TIMEOUT_MS), probesize: "32" });
      await using run = startFfmpeg(ffmpeg, VIDEO_ARGS, ended, input, "camera");
      void run.waitForLine(FATAL_MESSAGES).then((line) => line !== undefined && run.stop());
      for await (const part of run.output) this.emit("camdata", part);
      await run.ended;
      return run.errorLines();
    };
    play().then(onEnd, (error: Error) => onEnd([], error));
    return this;
  }

  override pipeStreamToSocketServer(): this {
    this.wsServer = { close() {} };
    return this.on("camdata", this.options.onData);
  }
}

/** The maximum, and the rate in the stream's header: MPEG-1 allows only the rates of film and television. */
const FPS = 25;

const VIDEO_ARGS: readonly string[] = [
  ...LOG_OPTIONS,
  ...["-probesize", "32", "-threads", "1"],
  ...FRAME_SIZE_LIMIT,
  ...PLAYLIST_ARGS,
  ...["-an", "-sn", "-dn"],
  // Timestamps are arrival times: with the camera's own, a clock that jumps would freeze the video or repeat frames.
  ...["-vf", `setpts=(RTCTIME-RTCSTART)/(TB*1000000),scale=min(960\\,iw):-2`],
  // No frame is repeated, to save decoding on the phone: the page shows each frame when it arrives.
  ...["-r", String(FPS), "-fps_mode", "vfr"],
  // A new viewer waits at most one second for a key frame.
  ...["-codec:v", "mpeg1video", "-force_key_frames", "expr:gte(t,n_forced)", "-bf", "0"],
  ...["-b:v", "1500k", "-maxrate", "2500k", "-bufsize", "1000k", "-threads", "1"],
  ...["-f", "mpegts", "-muxdelay", "0", "-muxpreload", "0", "-flush_packets", "1", "pipe:1"],
];

import VideoStream, { type VideoStreamOptions } from "node-rtsp-stream";
import { FATAL_MESSAGES } from "../../camera/explain-failure.ts";
import { startFfmpeg } from "../../camera/ffmpeg.ts";
import { FRAME_SIZE_LIMIT } from "../../camera/frame-limit.ts";
import { PLAYLIST_ARGS, playlistOf } from "../../camera/playlist.ts";
import { LOG_OPTIONS } from "../../camera/raw-frames.ts";
import { checkStream } from "../../camera/rtsp/check-stream.ts";
import { transport } from "../../camera/rtsp.ts";

export interface CameraVideoOptions extends VideoStreamOptions {
  /** Aborted: the video ends. */
  readonly signal: AbortSignal;
  /** Where the video goes: MPEG-TS with MPEG-1 video, as it comes. */
  readonly carry: (part: Uint8Array) => void;
  /** Called once, when no more comes: what ffmpeg complained of, or the error that kept it from starting. */
  readonly onEnd: (complaints: readonly string[], error?: Error) => void;
  /** Default: `ffmpeg` from PATH. */
  readonly ffmpeg?: string;
}

/** As long as this without a packet, and the camera counts as gone. */
const PATIENCE_MS = 10_000;

/**
 * A camera's video for JSMpeg: node-rtsp-stream, whose constructor starts it, without what an agent on a camera must not
 * do. The original listens on every interface, lets everybody in, copies ffmpeg's log to ours and shows the camera's
 * password in `ps`. Here our own server carries the bytes, and ffmpeg is started like the one that detection reads from.
 */
export class CameraVideo extends VideoStream<CameraVideoOptions> {
  override startMpeg1Stream(): this {
    const { name, streamUrl, signal, onEnd, ffmpeg = "ffmpeg" } = this.options;
    const stop = new AbortController();
    const ended = AbortSignal.any([signal, stop.signal]);
    this.stream = { kill: () => stop.abort() };
    const play = async (): Promise<readonly string[]> => {
      const patience = AbortSignal.timeout(PATIENCE_MS);
      const address = await checkStream(name, streamUrl, AbortSignal.any([ended, patience]));
      const input = playlistOf(address, { ...transport(PATIENCE_MS), probesize: "32" });
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
    return this.on("camdata", this.options.carry);
  }
}

/** At the most, and what the stream is marked with: MPEG-1 knows the rates of film and television only. */
const FPS = 25;

const VIDEO_ARGS: readonly string[] = [
  ...LOG_OPTIONS,
  ...["-probesize", "32", "-threads", "1"],
  ...FRAME_SIZE_LIMIT,
  ...PLAYLIST_ARGS,
  ...["-an", "-sn", "-dn"],
  // Timed by arrival: a camera whose clock jumps would freeze the picture, or flood us with copies of it.
  ...["-vf", `setpts=(RTCTIME-RTCSTART)/(TB*1000000),scale=min(960\\,iw):-2`],
  // None is repeated: the page shows each as it comes, and decoding is what a phone has to do.
  ...["-r", String(FPS), "-fps_mode", "vfr"],
  // Who comes later waits for the next whole picture: a second at most.
  ...["-codec:v", "mpeg1video", "-force_key_frames", "expr:gte(t,n_forced)", "-bf", "0"],
  ...["-b:v", "1500k", "-maxrate", "2500k", "-bufsize", "1000k", "-threads", "1"],
  ...["-f", "mpegts", "-muxdelay", "0", "-muxpreload", "0", "-flush_packets", "1", "pipe:1"],
];

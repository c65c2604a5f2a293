import type { Size } from "../base/box.ts";
import { TransientError } from "../base/errors.ts";
import type { Rotation } from "../base/rotation.ts";
import { type DecodedFrame, type DecoderProcess, startDecoder } from "./decoder-process.ts";
import { watchForFrames } from "./decoder-watchdog.ts";
import { displaySize } from "./display.ts";
import { explainFailure } from "./explain-failure.ts";
import { FfmpegMissing, requireProgram } from "./ffmpeg.ts";
import { signalMeaning } from "./ffmpeg-end.ts";
import type { RawFrame } from "./frame.ts";
import { requireSupportedSize } from "./frame-limit.ts";
import { createFrameTimes } from "./frame-times.ts";
import type { AccessUnit, VideoFormat } from "./rtsp/access-unit.ts";

/** A stream of access units, and the requested frames. */
export interface DecoderStream {
  /** The camera's name. */
  readonly camera: string;
  /** Of the key frame that the decoder starts with. Another format needs another decoder. */
  readonly format: VideoFormat;
  /** Displays the frames upright. */
  readonly rotation: Rotation;
  /** Pixels of the output frames; undefined: `displaySize`. */
  readonly size: Size | undefined;
  /** Maximum frames per second; undefined: all. */
  readonly fps: number | undefined;
  /** Undefined: the software decoder. */
  readonly hardware?: HardwareDecoder | undefined;
}

/** How to decode on a device. */
export interface HardwareDecoder {
  /** ffmpeg's input options, such as `-hwaccel vaapi`. */
  readonly args: readonly string[];
  /** Called once with the reason if the device cannot decode the stream. Decoding continues in software. */
  onFailure(reason: string): void;
}

export interface DecoderOptions {
  /** Ends the frames without an error when aborted. */
  readonly signal: AbortSignal;
  /** Default: from PATH. */
  readonly ffmpeg?: string;
  /** Milliseconds without a frame after which a decoder counts as stuck. Default: 10 seconds. */
  readonly stuckAfterMs?: number;
}

/** A decoder of one stream. Leaving its scope ends it. */
export interface Decoder extends AsyncDisposable {
  /** Whether access units are dropped until the next key frame: at the start, and after a failure of the hardware. */
  needsKeyFrame(): boolean;
  /**
   * Decodes an access unit. Never blocks. Reads `unit.data` later: it must not change.
   * Frames that are shown before the first key frame are dropped: they may refer to missing ones (leading frames of an open
   * group).
   * @param timeMs the time of its frame. In a stream with B frames this is the time of presentation.
   * @returns whether it was passed on. A decoder holds back `format.reorderFrames` frames until as many further ones are written.
   */
  write(unit: AccessUnit, timeMs: number): boolean;
  /** Bytes that wait for ffmpeg to read them. The kernel holds up to about 200 kB more. */
  backlogBytes(): number;
  /**
   * The frames in the order of presentation; `timeMs` is the time with which the access unit was written. One consumer.
   * @throws TransientError if ffmpeg ends, delivers nothing, or a frame has another size than `format`,
   * ConfigError if this ffmpeg cannot decode the codec, FfmpegMissing.
   */
  readonly frames: AsyncIterable<TimedFrame>;
}

export type TimedFrame = RawFrame & { readonly timeMs: number };

const STUCK_AFTER_MS = 10_000;
/** About ten key frames of 4K. More means that the consumer of the frames has stopped. */
const MOST_BACKLOG_BYTES = 32e6;

/**
 * Starts ffmpeg, which opens neither files nor network addresses and runs under a memory limit.
 * @throws ConfigError if the frames are too large to decode; FfmpegMissing.
 */
export function openDecoder(stream: DecoderStream, options: DecoderOptions): Decoder {
  const { camera, format, hardware } = stream;
  const { signal, ffmpeg = "ffmpeg", stuckAfterMs = STUCK_AFTER_MS } = options;
  requireProgram(ffmpeg);
  requireSupportedSize(camera, format.codedSize);
  const decoded = { ...stream, size: stream.size ?? displaySize(stream) };
  const stopped = new AbortController();
  const ended = AbortSignal.any([signal, stopped.signal]);

  const times = createFrameTimes(format.reorderFrames > 0);
  let child = startDecoder(ffmpeg, decoded, hardware?.args, ended);
  const watch = watchForFrames(stream, stuckAfterMs, () => child.stop());
  let needsKey = true;
  /** Stream time of the key frame before which nothing may be shown, seconds. */
  let shownFrom: number | undefined;

  async function* readChild(from: DecoderProcess): AsyncGenerator<TimedFrame, void> {
    try {
      while (true) {
        const next = await watch.waiting(() => from.frames.next());
        if (next.done === true || ended.aborted) break;
        const frame = timed(next.value);
        if (frame !== undefined) yield frame;
      }
    } catch (error) {
      // Leaving the decoder's scope closes the pipe that is being read.
      if (!ended.aborted) throw error;
    } finally {
      await from.frames.return();
    }
    if (ended.aborted) return;
    const end = await from.ended;
    throw watch.isStuck()
      ? stuckError(camera, stuckAfterMs, end.errorLines.at(-1))
      : explainFailure(camera, end);
  }

  function timed({ pts, ...frame }: DecodedFrame): TimedFrame | undefined {
    const timeMs = times.timeOf(pts);
    if (timeMs === undefined) return undefined;
    watch.delivered(timeMs);
    return { ...frame, timeMs };
  }

  async function* readFrames(): AsyncGenerator<TimedFrame, void> {
    if (hardware !== undefined) {
      try {
        return yield* readChild(child);
      } catch (error) {
        if (!(error instanceof Error) || error instanceof FfmpegMissing) throw error;
        // The first error names the device; the others follow from it.
        const { signal: killer, errorLines } = await child.ended;
        const what = signalMeaning(killer)?.what;
        const reason = what === undefined ? (errorLines[0] ?? error.message) : `ffmpeg ${what}`;
        if (ended.aborted) return;
        child = startDecoder(ffmpeg, decoded, undefined, ended);
        needsKey = true;
        watch.restart();
        hardware.onFailure(reason);
      }
    }
    yield* readChild(child);
  }

  return {
    needsKeyFrame: () => needsKey,
    write(unit, timeMs) {
      if (child.backlogBytes() > MOST_BACKLOG_BYTES) needsKey = true;
      if (needsKey && (!unit.isKey || child.backlogBytes() > MOST_BACKLOG_BYTES)) return false;
      if (unit.isKey) shownFrom = needsKey ? unit.streamSeconds : undefined;
      else if (shownFrom !== undefined && unit.streamSeconds < shownFrom) return false;
      needsKey = false;
      child.write(unit, times.add(timeMs));
      watch.written(timeMs);
      return true;
    },
    backlogBytes: () => child.backlogBytes(),
    frames: readFrames(),
    async [Symbol.asyncDispose]() {
      stopped.abort();
      await child[Symbol.asyncDispose]();
    },
  };
}

function stuckError(camera: string, afterMs: number, errorLine: string | undefined): TransientError {
  const says = errorLine === undefined ? "" : ` (ffmpeg: ${errorLine})`;
  return new TransientError(
    `${camera}: ffmpeg decodes no frame: expected one within ${afterMs / 1000} s of the data, received none${says}`,
    "Nothing to do: the agent reopens the stream. If it happens again, set the stream to H.264 in the camera.",
  );
}

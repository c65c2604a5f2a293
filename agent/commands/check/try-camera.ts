import type { Clock } from "../../base/clock.ts";
import { observeStream } from "../../camera/observe-stream.ts";
import { readCamera } from "../../camera/read-camera.ts";
import { noAnswerError } from "../../camera/rtsp/reasons/connection.ts";
import type { SessionFacts } from "../../camera/rtsp/start-session.ts";
import type { CameraConfig } from "../../config/schema.ts";
import { describeCamera } from "./describe-camera.ts";
import type { Finding } from "./finding.ts";

export interface TryCameraOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Milliseconds within which the camera must play its stream. */
  readonly cameraWithinMs: number;
  /** Default: `ffmpeg` from PATH. */
  readonly ffmpeg?: string;
}

/** After the first frame, the stream is watched for at most this long to see how often key frames come. */
const WATCH_MS = 8_000;

/**
 * Opens a camera as `run` does, waits for its first frame, and watches its stream for some seconds.
 * @param read reads the camera's frames
 * @throws what `read` throws before the first frame
 */
export async function tryCamera(
  { name, detect, motion, ffmpeg }: Pick<CameraConfig, "name" | "detect" | "motion" | "ffmpeg">,
  { clock, signal, cameraWithinMs, ffmpeg: program = "ffmpeg" }: TryCameraOptions,
  read: typeof readCamera = readCamera,
): Promise<Finding> {
  const { width, height, fps, idle } = detect;
  const [{ path: address, transport }] = ffmpeg.inputs;
  const size = width === undefined || height === undefined ? undefined : { width, height };
  const observer = observeStream({ idle, hasMotionDetection: motion.enabled });
  const late = new AbortController();
  const isDone = new AbortController();
  void clock.sleep(cameraWithinMs, isDone.signal).then(() => isDone.signal.aborted || late.abort());
  const startedMs = clock.monotonicMs();
  let facts: SessionFacts | undefined;
  let hardwareFailure: string | undefined;
  let firstMs: number | undefined;
  try {
    const frames = read(
      { camera: name, address, transport, size, fps, hwaccelArgs: ffmpeg.hwaccel_args },
      {
        clock,
        signal: AbortSignal.any([signal, late.signal]),
        onSession(session) {
          facts = session.facts;
          // How long to wait for a key frame is up to `read`.
          isDone.abort();
        },
        onUnit: observer.add,
        onHardwareFailure(reason) {
          hardwareFailure = reason;
        },
        ffmpeg: program,
      },
    );
    for await (const _frame of frames) {
      const nowMs = clock.monotonicMs();
      firstMs ??= nowMs;
      if (observer.observed().isComplete || nowMs - firstMs >= WATCH_MS) break;
    }
  } catch (error) {
    // It has worked until now: a failure while the stream is watched longer must not hide that.
    if (firstMs === undefined) throw error;
  } finally {
    isDone.abort();
  }
  if (facts === undefined || firstMs === undefined) {
    throw noAnswerError(name, cameraWithinMs / 1000, /^rtsps/i.test(address));
  }
  const firstFrameSeconds = (firstMs - startedMs) / 1000;
  return describeCamera({ facts, observed: observer.observed(), firstFrameSeconds, hardwareFailure });
}

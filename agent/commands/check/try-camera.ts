import type { Clock } from "../../base/clock.ts";
import { observeStream } from "../../camera/observe-stream.ts";
import { readCamera } from "../../camera/read-camera.ts";
import { retryWhileBusy } from "../../camera/retry-busy.ts";
import { noAnswerError } from "../../camera/rtsp/reasons/connection.ts";
import { isBusyError } from "../../camera/rtsp/reasons/refusal.ts";
import type { SessionFacts } from "../../camera/rtsp/start-session.ts";
import type { CameraConfig } from "../../config/schema.ts";
import { describeCamera } from "./describe-camera.ts";
import type { Finding } from "./finding.ts";
import type { RunningAgent } from "./running-agent.ts";

export interface TryCameraOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Milliseconds within which the camera must play its stream. */
  readonly cameraWithinMs: number;
  /** Default: `ffmpeg` from PATH. */
  readonly ffmpeg?: string;
  /** The agents that run on this machine. Default: none. */
  readonly agents?: readonly RunningAgent[];
}

/** After the first frame, the stream is watched for at most this long to see how often key frames come. */
const WATCH_MS = 8_000;

/** The parts of a camera's configuration that the trial needs. */
type TriedCamera = Pick<CameraConfig, "name" | "detect" | "motion" | "ffmpeg" | "rotate">;

/**
 * Opens a camera as `run` does, waits for its first frame, and watches its stream for some seconds. A camera that is busy
 * gets further attempts. If it stays busy while the running agent receives its frames, it works.
 * @param read reads the camera's frames
 * @throws what `read` throws before the first frame
 */
export async function tryCamera(
  camera: TriedCamera,
  options: TryCameraOptions,
  read: typeof readCamera = readCamera,
): Promise<Finding> {
  const running = options.agents
    ?.filter(({ isOurs }) => isOurs)
    .flatMap(({ cameras }) => cameras)
    .find(({ name, online }) => name === camera.name && online);
  const open = () => openCamera(camera, options, read);
  if (running === undefined) return retryWhileBusy(open, options);
  try {
    return await open();
  } catch (error) {
    if (!isBusyError(error)) throw error;
    const rate = `${Number(running.camera_fps.toFixed(1))} frames per second`;
    return { words: `accepts no second client while the running agent receives ${rate}` };
  }
}

async function openCamera(
  { name, detect, motion, ffmpeg, rotate }: TriedCamera,
  { clock, signal, cameraWithinMs, ffmpeg: program = "ffmpeg" }: TryCameraOptions,
  read: typeof readCamera,
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
      { camera: name, address, transport, size, rotate, fps, hwaccelArgs: ffmpeg.hwaccel_args },
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
  return describeCamera({ facts, observed: observer.observed(), size, firstFrameSeconds, hardwareFailure });
}

import type { Clock } from "../base/clock.ts";
import { type Rotation, rotationOf } from "../base/rotation.ts";
import { NEW_PLAN, type PlanEvent, type PlanRules, planDecoding, type TimedUnit } from "./decode-plan.ts";
import type { Decoder } from "./decoder.ts";
import { type DecoderChain, decoderChain } from "./decoder-chain.ts";
import type { Display } from "./display.ts";
import type { Frame } from "./frame.ts";
import type { FrameFeedback } from "./frame-feedback.ts";
import { noKeyFrameError } from "./rtsp/reasons/stream.ts";
import type { RtspSession } from "./rtsp/start-session.ts";
import { frameTime, NO_STREAM_TIME } from "./stream-time.ts";

export interface DecodeSessionOptions {
  /** Becomes `Frame.camera`. */
  readonly camera: string;
  readonly rules: PlanRules;
  /** Rotates the frames further than the stream says. */
  readonly rotate: Rotation;
  /** Starts a decoder for the frames from a key frame on. */
  readonly openDecoder: (display: Display) => Decoder;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly feedback?: FrameFeedback | undefined;
  /** Receives every access unit when it arrives, decoded or not. */
  readonly onUnit?: ((unit: TimedUnit) => void) | undefined;
}

/**
 * Decodes the access units of a session that `planDecoding` chooses; `sequence` counts from 0. Frames have the time of their
 * access unit. Returns when the session's units end without an error.
 * @throws the error with which they end; TransientError if a decoder fails, or if no key frame comes within 60 s
 */
export async function* decodeSession(
  session: Pick<RtspSession, "units">,
  options: DecodeSessionOptions,
): AsyncGenerator<Frame, void> {
  const { camera, rules, openDecoder, clock, signal, feedback } = options;
  await using decoders = decoderChain(camera, openDecoder);
  const apply = planned(decoders, rules);
  // Frames have Unix time. It may be adjusted, so that the plan uses the monotonic clock: the report about a frame comes
  // before the next frame is read, and is translated back exactly.
  let unixMs = 0;
  using _feedback = feedback?.receive((event) =>
    apply(event.type === "frame" ? { ...event, timeMs: event.timeMs - unixMs } : event),
  );
  void feed(session, decoders, apply, options);

  let sequence = 0;
  for await (const { timeMs, ...frame } of decoders.frames) {
    if (signal.aborted) return;
    const shownMs = Math.round(timeMs + clock.nowMs() - clock.monotonicMs());
    unixMs = shownMs - timeMs;
    yield { camera, sequence, timeMs: shownMs, ...frame };
    sequence++;
  }
}

/** Applies events to a plan, and decodes what it chooses. */
function planned(decoders: DecoderChain, rules: PlanRules): (event: PlanEvent) => void {
  let plan = NEW_PLAN;
  return function apply(event) {
    const step = planDecoding(plan, event, rules);
    plan = step.plan;
    const continues = step.feed.map((unit) => decoders.write(unit, unit.timeMs));
    if (continues.at(-1) === false) apply({ type: "reopened" });
  };
}

/** Cameras with "smart" codecs send a key frame every 10 to 30 s, few of them once a minute. */
const KEY_FRAME_WITHIN_MS = 60_000;
/** Access units that have arrived meanwhile are read first: the process, not the camera, may have paused. */
const CHECK_AGAIN_MS = 250;
/** Decoders read a waiting group of frames within this time. One that takes longer is too slow for the stream. */
const BEHIND_MS = 3_000;
const BEHIND_BYTES = 1e6;

/** Passes on the access units of a session until it ends. */
async function feed(
  session: Pick<RtspSession, "units">,
  decoders: DecoderChain,
  apply: (event: PlanEvent) => void,
  { camera, clock, rotate, onUnit = () => {} }: DecodeSessionOptions,
): Promise<void> {
  let time = NO_STREAM_TIME;
  let caughtUpMs = clock.monotonicMs();
  let isBehind = false;
  const untilKey = new AbortController();

  async function watchForKey(): Promise<void> {
    await clock.sleep(KEY_FRAME_WITHIN_MS, untilKey.signal);
    await clock.sleep(CHECK_AGAIN_MS, untilKey.signal);
    if (!untilKey.signal.aborted) decoders.end(noKeyFrameError(camera, KEY_FRAME_WITHIN_MS / 1000));
  }

  void watchForKey();
  try {
    for await (const unit of session.units()) {
      const { state, timeMs } = frameTime(time, unit);
      time = state;
      const timed = { ...unit, timeMs, rotation: rotationOf(unit.rotation + rotate) };
      onUnit(timed);
      apply({ type: "unit", unit: timed });

      const nowMs = clock.monotonicMs();
      if (unit.isKey) untilKey.abort();
      if (decoders.backlogBytes() < BEHIND_BYTES) caughtUpMs = nowMs;
      if (isBehind === nowMs - caughtUpMs > BEHIND_MS) continue;
      isBehind = !isBehind;
      apply({ type: "backlog", isBehind });
    }
    decoders.end(undefined);
  } catch (error) {
    decoders.end(error);
  } finally {
    untilKey.abort();
  }
}

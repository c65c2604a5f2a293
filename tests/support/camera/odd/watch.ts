import { expect } from "vitest";
import { ConfigError, TransientError } from "../../../../agent/base/errors.ts";
import type { Frame } from "../../../../agent/camera/frame.ts";
import { type ReadCameraOptions, readCamera } from "../../../../agent/camera/read-camera.ts";
import { hurriedClock } from "../../time/hurried-clock.ts";
import { halfOf, SIZE } from "./odd-clips.ts";

type Size = { readonly width: number; readonly height: number };

/** What a test asks of a camera. */
export interface Watching {
  /** Frames to take. Default: 3. */
  readonly count?: number;
  /** The size that is asked for. Default: the stream's own. */
  readonly size?: Size;
  /** Frames per second. Default: 5. */
  readonly fps?: number;
  /** How many times as fast the agent's clock runs, so that a silent camera is soon one. Default: 1. */
  readonly hurry?: number;
}

const GIVES_UP_AFTER_MS = 50_000;

/** Takes frames until there are enough. @throws what `readCamera` throws */
export async function take(address: string, watching: Watching = {}): Promise<Frame[]> {
  const { count = 3, size, fps = 5, hurry = 1 } = watching;
  const options: ReadCameraOptions = {
    clock: hurriedClock(hurry),
    signal: AbortSignal.timeout(GIVES_UP_AFTER_MS),
  };
  const frames: Frame[] = [];
  for await (const frame of readCamera({ camera: "odd", address, transport: "auto", size, fps }, options)) {
    frames.push(frame);
    if (frames.length === count) return frames;
  }
  throw new Error(`expected ${count} frames, received ${frames.length} within ${GIVES_UP_AFTER_MS / 1000} s`);
}

/**
 * Takes frames of a clip by `makeOddClip` and requires that each has this size and was decoded whole.
 * @param expected Default: the size of the clips.
 */
export async function comesOn(
  address: string,
  watching: Watching = {},
  expected: Size = SIZE,
): Promise<Frame[]> {
  const frames = await take(address, watching);
  for (const frame of frames) {
    expect(frame).toMatchObject(expected);
    const left = halfOf(frame, "left");
    expect(left.brightness).toBeGreaterThan(215);
    expect(left.spread).toBeLessThan(0.02);
  }
  return frames;
}

/** How a camera failed. */
export interface Failure {
  /** config: a person must change something; transient: the agent tries again. */
  readonly kind: "config" | "transient";
  readonly message: string;
  readonly remedy: string;
}

/** Watches until the camera fails. @param watching Default: as many frames as it sends. */
export async function failureOf(address: string, watching: Watching = {}): Promise<Failure> {
  try {
    await take(address, { count: Number.POSITIVE_INFINITY, ...watching });
  } catch (error) {
    if (error instanceof ConfigError) return { kind: "config", message: error.message, remedy: error.remedy };
    if (error instanceof TransientError)
      return { kind: "transient", message: error.message, remedy: error.remedy };
    throw error;
  }
  throw new Error("the camera did not fail");
}

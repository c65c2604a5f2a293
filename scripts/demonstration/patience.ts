import { setTimeout as delay } from "node:timers/promises";

/** The longest a timer can wait: 2³¹ − 1 ms, 24 days. */
const FOR_EVER_MS = 2 ** 31 - 1;
/** A slow machine optimises the detector's code before it answers. */
const START_LIMIT_MS = 60_000;

/**
 * Resolves so many seconds after the camera has come on, or when `signal` is aborted.
 * @param seconds undefined: until then
 * @param patience how many times longer than usual the camera may take
 * @throws Error when the camera does not come on
 */
export async function watchFor(
  seconds: number | undefined,
  cameraOnline: Promise<void>,
  patience: number,
  signal: AbortSignal,
): Promise<void> {
  const limitMs = START_LIMIT_MS * patience;
  const started = await Promise.race([cameraOnline.then(() => true), pause(limitMs, signal)]);
  if (started === true) await pause(seconds === undefined ? FOR_EVER_MS : seconds * 1000, signal);
  else if (!signal.aborted) {
    throw new Error(`the agent had no picture from its camera within ${limitMs / 1000} s`);
  }
}

/** Resolves after this time or when `signal` is aborted; keeps no process alive that has nothing else to do. */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  const options = signal === undefined ? { ref: false } : { ref: false, signal };
  await delay(ms, undefined, options).catch((error: unknown) => {
    if (signal?.aborted !== true) throw error;
  });
}

import { setTimeout as delay } from "node:timers/promises";

/** The longest delay of a timer: 2³¹ − 1 ms, 24 days. */
const FOR_EVER_MS = 2 ** 31 - 1;
/** On a slow machine the first inferences take long, while the engine optimises the code. */
const START_LIMIT_MS = 60_000;

/**
 * Resolves `seconds` after the camera is online, or when `signal` is aborted.
 * @param seconds undefined: only when `signal` is aborted
 * @param patience factor for the time limit
 * @throws Error when the camera does not come online in time
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
    throw new Error(`the agent received no frame from its camera within ${limitMs / 1000} s`);
  }
}

/** Resolves after this time or when `signal` is aborted. The timer does not keep the process alive. */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  const options = signal === undefined ? { ref: false } : { ref: false, signal };
  await delay(ms, undefined, options).catch((error: unknown) => {
    if (signal?.aborted !== true) throw error;
  });
}

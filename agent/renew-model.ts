import { stat } from "node:fs/promises";
import { DetectorFault, ModelError, type ReplaceableDetector } from "../detectors/detector.ts";
import type { Clock } from "./base/clock.ts";
import { ConfigError } from "./base/errors.ts";
import type { Log } from "./base/log.ts";
import type { Signal } from "./base/signal.ts";

export interface RenewModelOptions {
  readonly detector: Pick<ReplaceableDetector, "model" | "replace">;
  /** Which file is to run, as things are. @throws ModelError */
  readonly modulePath: () => string;
  /** Rings when the user asks for a look. */
  readonly reload: Signal;
  readonly clock: Pick<Clock, "sleep">;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** A file is taken when it looked alike twice: it may be under way still when it is seen first. */
const LOOK_EVERY_MS = 5_000;

/**
 * Replaces the detector's module when its file, or the signature beside it, becomes another one, and when the user asks
 * for it; until the signal is aborted. Where the new one will not do, the log says why and the old one goes on.
 */
export async function renewModel(options: RenewModelOptions): Promise<void> {
  const { modulePath, reload, clock, signal } = options;
  let tried = await lookAt(modulePath);
  let before = tried;
  while (true) {
    const waited = new AbortController();
    const asked = reload.next(AbortSignal.any([signal, waited.signal]));
    await Promise.race([asked, clock.sleep(LOOK_EVERY_MS, signal)]);
    waited.abort();
    const isAsked = await asked;
    if (signal.aborted) return;
    const now = await lookAt(modulePath);
    const hasSettled = now !== tried && now === before;
    before = now;
    if (!isAsked && !hasSettled) continue;
    tried = now;
    await tryReplacing(options);
  }
}

async function tryReplacing({ detector, modulePath, log }: RenewModelOptions): Promise<void> {
  const before = detector.model;
  try {
    const { name, sha256, precision } = await detector.replace(modulePath());
    if (sha256 === before.sha256) log.info({ sha256 }, "the model's file holds the module that runs");
    else log.info({ sha256, precision, before: before.sha256 }, `the model is replaced: ${name} runs now`);
  } catch (error) {
    if (error instanceof ModelError || error instanceof ConfigError) {
      log.warn({ remedy: error.remedy, sha256: before.sha256 }, `the model stays as it is: ${error.message}`);
    } else if (error instanceof DetectorFault) {
      log.warn(
        { sha256: before.sha256 },
        `the model stays as it is: the new one does not start: ${error.message}`,
      );
    } else {
      throw error;
    }
  }
}

/** What tells one file from the next, of the module and its signature; the same for all that cannot be read. */
async function lookAt(modulePath: () => string): Promise<string> {
  let path: string;
  try {
    path = modulePath();
  } catch (error) {
    if (error instanceof ModelError) return "none";
    throw error;
  }
  const looks = [path, `${path}.sig`].map(async (file) => {
    const found = await stat(file).catch(() => undefined);
    return found === undefined ? "none" : `${found.ino} ${found.size} ${found.mtimeMs}`;
  });
  return [path, ...(await Promise.all(looks))].join("\n");
}

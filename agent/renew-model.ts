import { stat } from "node:fs/promises";
import { DetectorFault, ModelError, type ReplaceableDetector } from "../detectors/detector.ts";
import type { Clock } from "./base/clock.ts";
import { ConfigError } from "./base/errors.ts";
import type { Log } from "./base/log.ts";
import type { Signal } from "./base/signal.ts";

export interface RenewModelOptions {
  readonly detector: Pick<ReplaceableDetector, "model" | "replace">;
  /** The path of the module to run. @throws ModelError */
  readonly modulePath: () => string;
  /** Raised when the user requests a check of the file. */
  readonly reload: Signal;
  readonly clock: Pick<Clock, "sleep">;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** A changed file is loaded when two checks in a row find it unchanged: at the first it may still be incomplete. */
const CHECK_EVERY_MS = 5_000;

/**
 * Replaces the detector's module when its file or its signature changes, and when the user requests it, until the signal is
 * aborted. If the new module cannot be used, the reason is logged and the old one continues to run.
 */
export async function renewModel(options: RenewModelOptions): Promise<void> {
  const { modulePath, reload, clock, signal } = options;
  let tried = await fingerprint(modulePath);
  let before = tried;
  while (true) {
    const waited = new AbortController();
    const requested = reload.next(AbortSignal.any([signal, waited.signal]));
    await Promise.race([requested, clock.sleep(CHECK_EVERY_MS, signal)]);
    waited.abort();
    const isRequested = await requested;
    if (signal.aborted) return;
    const now = await fingerprint(modulePath);
    const hasSettled = now !== tried && now === before;
    before = now;
    if (!isRequested && !hasSettled) continue;
    tried = now;
    await tryReplacing(options);
  }
}

async function tryReplacing({ detector, modulePath, log }: RenewModelOptions): Promise<void> {
  const before = detector.model;
  try {
    const { name, sha256, precision } = await detector.replace(modulePath());
    if (sha256 === before.sha256) log.info({ sha256 }, "the model file is unchanged");
    else log.info({ sha256, precision, before: before.sha256 }, `the model is replaced: now running ${name}`);
  } catch (error) {
    if (error instanceof ModelError || error instanceof ConfigError) {
      log.warn(
        { remedy: error.remedy, sha256: before.sha256 },
        `the model is not replaced: ${error.message}`,
      );
    } else if (error instanceof DetectorFault) {
      log.warn(
        { sha256: before.sha256 },
        `the model is not replaced: the new one does not start: ${error.message}`,
      );
    } else {
      throw error;
    }
  }
}

/** Identifies the current version of the module and its signature; the same for all files that cannot be read. */
async function fingerprint(modulePath: () => string): Promise<string> {
  let path: string;
  try {
    path = modulePath();
  } catch (error) {
    if (error instanceof ModelError) return "none";
    throw error;
  }
  const versions = [path, `${path}.sig`].map(async (file) => {
    const found = await stat(file).catch(() => undefined);
    return found === undefined ? "none" : `${found.ino} ${found.size} ${found.mtimeMs}`;
  });
  return [path, ...(await Promise.all(versions))].join("\n");
}

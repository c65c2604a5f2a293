import { z } from "zod";
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import { readJson, unreadable, writeAtomically } from "./small-file.ts";

/** What people switched while the agent ran, remembered over restarts. Leaving its scope waits until all is written. */
export interface Switches extends AsyncDisposable {
  /** Whether objects are looked for on a camera: as last switched, else as configured. */
  isDetecting(camera: string): boolean;
  /** In force at once, on disk within ten seconds: however often somebody switches, it wears out no SD card. */
  setDetecting(camera: string, on: boolean): void;
}

/** A camera and what its configuration says. */
export interface SwitchedCamera {
  readonly name: string;
  readonly detect: { readonly enabled: boolean };
}

/** What a camera was switched to, and what its configuration said then: whoever edits that later means it. */
const SwitchesFile = z.object({
  detect: z.record(z.string(), z.object({ on: z.boolean(), configured: z.boolean() })),
});

/** Between two writes. */
const REST_MS = 10_000;

type Remembered = z.output<typeof SwitchesFile>["detect"];

/**
 * Reads what was switched before. A file that cannot be read is worth a warning, and everything is as configured; one
 * that cannot be written, too: the switch works, but only until the restart.
 * @param file made on the first switch, its folder included
 */
export async function openSwitches(
  file: string,
  cameras: readonly SwitchedCamera[],
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): Promise<Switches> {
  const configured = new Map(cameras.map(({ name, detect }) => [name, detect.enabled]));
  const remembered = new Map(Object.entries(await readSwitches(file, log)));
  const closing = new AbortController();
  let isScheduled = false;
  let written: Promise<void> = Promise.resolve();
  let restUntilMs = Number.NEGATIVE_INFINITY;

  async function write(): Promise<void> {
    const restMs = restUntilMs - clock.monotonicMs();
    if (restMs > 0) await clock.sleep(restMs, closing.signal);
    restUntilMs = clock.monotonicMs() + REST_MS;
    isScheduled = false;
    const detect: Remembered = Object.fromEntries(remembered);
    try {
      await writeAtomically(file, `${JSON.stringify({ detect })}\n`);
    } catch (error) {
      log.warn(
        { remedy: "Let the user that runs sabrewing write there, or set state_dir to another folder." },
        `what was switched is forgotten at the next start: cannot write ${file} (${unreadable(error)})`,
      );
    }
  }

  return {
    isDetecting(camera) {
      const asConfigured = configured.get(camera) ?? true;
      const last = remembered.get(camera);
      return last?.configured === asConfigured ? last.on : asConfigured;
    },
    setDetecting(camera, on) {
      remembered.set(camera, { on, configured: configured.get(camera) ?? true });
      // However often somebody switches meanwhile: one write is under way and one waits.
      if (isScheduled) return;
      isScheduled = true;
      written = written.then(write);
    },
    [Symbol.asyncDispose]() {
      closing.abort();
      return written;
    },
  };
}

async function readSwitches(file: string, log: Log): Promise<Remembered> {
  try {
    return (await readJson(file, SwitchesFile))?.detect ?? {};
  } catch (error) {
    log.warn(
      { remedy: "Switch once more; that writes the file anew." },
      `what was switched before is forgotten: cannot read ${file} (${unreadable(error)})`,
    );
    return {};
  }
}

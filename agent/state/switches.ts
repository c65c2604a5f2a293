import { z } from "zod";
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import { readJson, unreadable, writeAtomically } from "./small-file.ts";

/** The switches that users can set at runtime. They survive restarts. Disposing of them waits for all writes. */
export interface Switches extends AsyncDisposable {
  /** Whether detection is on for a camera: as last switched, else as configured. */
  isDetecting(camera: string): boolean;
  /** Takes effect immediately; on disk within ten seconds. Writes are rate-limited to protect SD cards. */
  setDetecting(camera: string, on: boolean): void;
}

/** A camera and its configured switch. */
export interface SwitchedCamera {
  readonly name: string;
  readonly detect: { readonly enabled: boolean };
}

/** The last switch of each camera, with the configured value at that time: a later change of that value overrides it. */
const SwitchesFile = z.object({
  detect: z.record(z.string(), z.object({ on: z.boolean(), configured: z.boolean() })),
});

/** The shortest time between two writes. */
const WRITE_EVERY_MS = 10_000;

type Remembered = z.output<typeof SwitchesFile>["detect"];

/**
 * Reads the switches of earlier runs. If the file cannot be read, a warning is logged and all switches are as configured. If
 * it cannot be written, a warning is logged and the switches work until the restart.
 * @param file created, with its folder, when the first switch is set
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
  let nextWriteMs = Number.NEGATIVE_INFINITY;

  async function write(): Promise<void> {
    const waitMs = nextWriteMs - clock.monotonicMs();
    if (waitMs > 0) await clock.sleep(waitMs, closing.signal);
    nextWriteMs = clock.monotonicMs() + WRITE_EVERY_MS;
    isScheduled = false;
    const detect: Remembered = Object.fromEntries(remembered);
    try {
      await writeAtomically(file, `${JSON.stringify({ detect })}\n`);
    } catch (error) {
      log.warn(
        { remedy: "Let the user that runs sabrewing write there, or set state_dir to another folder." },
        `switches are lost at the next start: cannot write ${file} (${unreadable(error)})`,
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
      // At most one write is in progress and one is scheduled.
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
      { remedy: "Set the switches again; this rewrites the file." },
      `earlier switches are lost: cannot read ${file} (${unreadable(error)})`,
    );
    return {};
  }
}

import { z } from "zod";
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import { createToggle, type Toggle } from "../base/toggle.ts";
import { writeAtomically } from "../base/write-atomically.ts";
import { readJson, unreadable } from "./json-file.ts";

/**
 * The switches of a camera. enabled: its stream is open. detect: objects are detected. motion: motion is detected. snapshots:
 * JPEGs are published and stored, as configured.
 */
export const SWITCHES = ["enabled", "detect", "motion", "snapshots"] as const;

export type SwitchName = (typeof SWITCHES)[number];

/** The switches that users can set at runtime. They survive restarts. Disposing of them waits for all writes. */
export interface Switches extends AsyncDisposable {
  /** Whether a switch of a camera is on: as last set, else as configured. */
  isOn(camera: string, name: SwitchName): boolean;
  /** Whether it is on in the configuration. */
  isConfigured(camera: string, name: SwitchName): boolean;
  /** Takes effect immediately; on disk within ten seconds. Writes are rate-limited to protect SD cards. */
  set(camera: string, name: SwitchName, on: boolean): void;
  /** The switch `enabled` of a camera, for tasks that wait for it. */
  enabled(camera: string): Pick<Toggle, "isOn" | "offSignal" | "untilOn">;
}

/** A camera and its configured switches. */
export interface SwitchedCamera {
  readonly name: string;
  readonly enabled: boolean;
  readonly detect: { readonly enabled: boolean };
  readonly motion: { readonly enabled: boolean };
  readonly snapshots: { readonly enabled: boolean; readonly directory?: string | undefined };
}

/** The last setting of each switch, with the configured value at that time: a later change of that value overrides it. */
const SwitchesFile = z.partialRecord(
  z.enum(SWITCHES),
  z.record(z.string(), z.object({ on: z.boolean(), configured: z.boolean() })),
);

type Remembered = z.output<typeof SwitchesFile>;

/** The shortest time between two writes. */
const WRITE_EVERY_MS = 10_000;

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
  const configured = new Map(cameras.map((camera) => [camera.name, configuredSwitches(camera)]));
  let remembered = await readSwitches(file, log);
  const closing = new AbortController();
  let isScheduled = false;
  let written: Promise<void> = Promise.resolve();
  let nextWriteMs = Number.NEGATIVE_INFINITY;

  const isConfigured = (camera: string, name: SwitchName) => configured.get(camera)?.[name] ?? true;
  function isOn(camera: string, name: SwitchName): boolean {
    const asConfigured = isConfigured(camera, name);
    const switches = remembered[name] ?? {};
    const last = Object.hasOwn(switches, camera) ? switches[camera] : undefined;
    return last?.configured === asConfigured ? last.on : asConfigured;
  }
  const toggles = new Map(cameras.map(({ name }) => [name, createToggle(isOn(name, "enabled"))]));

  async function write(): Promise<void> {
    const waitMs = nextWriteMs - clock.monotonicMs();
    if (waitMs > 0) await clock.sleep(waitMs, closing.signal);
    nextWriteMs = clock.monotonicMs() + WRITE_EVERY_MS;
    isScheduled = false;
    try {
      await writeAtomically(file, `${JSON.stringify(remembered)}\n`);
    } catch (error) {
      log.warn(
        { remedy: "Let the user that runs sabrewing write there, or set state_dir to another folder." },
        `switches are lost at the next start: cannot write ${file} (${unreadable(error)})`,
      );
    }
  }

  return {
    isOn,
    isConfigured,
    set(camera, name, on) {
      const setting = { on, configured: isConfigured(camera, name) };
      remembered = { ...remembered, [name]: { ...remembered[name], [camera]: setting } };
      if (name === "enabled") toggles.get(camera)?.set(on);
      // At most one write is in progress and one is scheduled.
      if (isScheduled) return;
      isScheduled = true;
      written = written.then(write);
    },
    enabled(camera) {
      const toggle = toggles.get(camera);
      if (toggle === undefined) throw new Error(`expected a configured camera, received ${camera}`);
      return toggle;
    },
    [Symbol.asyncDispose]() {
      closing.abort();
      return written;
    },
  };
}

function configuredSwitches({ enabled, detect, motion, snapshots }: SwitchedCamera) {
  return {
    enabled,
    detect: detect.enabled,
    motion: motion.enabled,
    snapshots: snapshots.enabled || snapshots.directory !== undefined,
  };
}

async function readSwitches(file: string, log: Log): Promise<Remembered> {
  try {
    return (await readJson(file, SwitchesFile)) ?? {};
  } catch (error) {
    log.warn(
      { remedy: "Set the switches again; this rewrites the file." },
      `earlier switches are lost: cannot read ${file} (${unreadable(error)})`,
    );
    return {};
  }
}

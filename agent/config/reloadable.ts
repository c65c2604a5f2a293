import type { AgentConfig, CameraConfig } from "./schema.ts";

/** How a configuration file differs from the configuration in force. Keys as in the file: `cameras.door.zones.porch`. */
export interface Reload {
  /** The configuration in force, with every change that needs no restart. */
  readonly config: AgentConfig;
  /** The keys whose changes apply without a restart. */
  readonly changed: readonly string[];
  /** The other keys that differ. They need a restart. */
  readonly needRestart: readonly string[];
}

/** Compares the configuration in force with that of the file. */
export function planReload(running: AgentConfig, wanted: AgentConfig): Reload {
  const cameras = running.cameras.map((camera) => {
    const wish = wanted.cameras.find(({ name }) => name === camera.name);
    return wish === undefined ? camera : reloaded(camera, wish);
  });
  const config = { ...running, cameras };
  return {
    config,
    changed: differingKeys(running, config),
    needRestart: differingKeys(config, wanted),
  };
}

/** Takes over the settings that apply to decoded frames: the stream need not be reopened for them. */
function reloaded(running: CameraConfig, wanted: CameraConfig): CameraConfig {
  const { min_initialized, max_disappeared, stationary } = wanted.detect;
  // These are numbers of frames: with another rate, they mean other times.
  const isPaceSame = running.detect.fps === wanted.detect.fps;
  return {
    ...running,
    zones: wanted.zones,
    objects: wanted.objects,
    motion: { ...wanted.motion, enabled: running.motion.enabled },
    snapshots: { ...running.snapshots, enabled: wanted.snapshots.enabled },
    detect: isPaceSame ? { ...running.detect, min_initialized, max_disappeared, stationary } : running.detect,
  };
}

/** The keys of the deepest values that differ. Cameras and zones are known by their names. */
function differingKeys(before: unknown, after: unknown, key = ""): readonly string[] {
  if (JSON.stringify(before) === JSON.stringify(after)) return [];
  const [old, now] = [entriesOf(before), entriesOf(after)];
  if (old === undefined || now === undefined) return [key];
  const names = new Set([...old.keys(), ...now.keys()]);
  return [...names].flatMap((name) =>
    differingKeys(old.get(name), now.get(name), key === "" ? name : `${key}.${name}`),
  );
}

/** The entries of a mapping or of a list of named things; undefined for anything else. */
function entriesOf(value: unknown): ReadonlyMap<string, unknown> | undefined {
  if (Array.isArray(value)) {
    const areNamed = value.every((item) => typeof item === "object" && item !== null && "name" in item);
    return areNamed ? new Map(value.map(({ name, ...others }) => [String(name), others])) : undefined;
  }
  return typeof value === "object" && value !== null ? new Map(Object.entries(value)) : undefined;
}

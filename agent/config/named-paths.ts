import { dirname, resolve } from "node:path";
import type { AgentConfig } from "./schema.ts";

/** The absolute path of a file or folder that a configuration names: relative paths are relative to the configuration file. */
export function pathNamedIn(configFile: string, path: string): string {
  return resolve(dirname(configFile), path);
}

/** Makes the paths of the module, the state and the snapshots absolute, whatever the working directory is. */
export function withAbsolutePaths(config: AgentConfig, file: string): AgentConfig {
  const absolute = (path: string | undefined) => (path === undefined ? undefined : pathNamedIn(file, path));
  return {
    ...config,
    model: { ...config.model, path: pathNamedIn(file, config.model.path) },
    state_dir: absolute(config.state_dir),
    cameras: config.cameras.map((camera) => ({
      ...camera,
      snapshots: { ...camera.snapshots, directory: absolute(camera.snapshots.directory) },
    })),
  };
}

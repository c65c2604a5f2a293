import type { CameraConfig } from "./schema.ts";

/** The settings in force of the cameras that the agent watches. */
export interface CurrentCameras {
  all(): readonly CameraConfig[];
  of(camera: string): CameraConfig;
  /** Replaces the settings of the same cameras. */
  replace(cameras: readonly CameraConfig[]): void;
}

/** Starts with the settings of the cameras that are not disabled. */
export function currentCameras(configured: readonly CameraConfig[]): CurrentCameras {
  let cameras = configured.filter(({ enabled }) => enabled);
  return {
    all: () => cameras,
    of(name) {
      const camera = cameras.find((one) => one.name === name);
      if (camera === undefined) throw new Error(`expected one of the watched cameras, received ${name}`);
      return camera;
    },
    replace(changed) {
      cameras = changed.filter(({ enabled }) => enabled);
    },
  };
}

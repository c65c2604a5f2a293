import type { DetectorState } from "../../detectors/detector.ts";
import type { Message } from "../mqtt/message.ts";
import { cameraStatus } from "../mqtt/topics.ts";

/** What the world is told of the cameras: whether pictures come, and whether anybody can find objects in them. */
export interface CameraStates {
  /** Pictures come from this camera, or no longer do. */
  setCameraStatus(camera: string, status: "online" | "offline"): void;
  /** The detector, which all cameras share, keeps failing, or works again. */
  setDetectorState(state: DetectorState): void;
}

/** Publishes the state of every camera, off line at first, whenever it changes. */
export function publishCameraStates(
  prefix: string,
  cameras: readonly { readonly name: string }[],
  publish: (message: Message) => void,
): CameraStates {
  const online = new Map(cameras.map(({ name }) => [name, false]));
  let detector: DetectorState = "working";
  const tell = (camera: string, isOnline: boolean) => {
    const whole = detector === "working" ? "online" : "motion_only";
    publish(cameraStatus(prefix, camera, isOnline ? whole : "offline"));
  };
  for (const { name } of cameras) tell(name, false);
  return {
    setCameraStatus(camera, status) {
      const isOnline = status === "online";
      if (online.get(camera) === isOnline) return;
      online.set(camera, isOnline);
      tell(camera, isOnline);
    },
    setDetectorState(state) {
      if (state === detector) return;
      detector = state;
      for (const [camera, isOnline] of online) if (isOnline) tell(camera, true);
    },
  };
}

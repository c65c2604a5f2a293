import type { DetectorState } from "../../detectors/detector.ts";
import type { Message } from "../mqtt/message.ts";
import { cameraStatus } from "../mqtt/topics.ts";

/** Publishes the state of the cameras: whether they deliver frames, and whether the detector works. */
export interface CameraStates {
  /** Reports that a camera delivers frames, or no longer does. */
  setCameraStatus(camera: string, status: "online" | "offline"): void;
  /** Reports that the detector, which all cameras share, keeps failing, or works again. */
  setDetectorState(state: DetectorState): void;
}

/** Publishes the state of every camera: offline at first, then after every change. */
export function publishCameraStates(
  prefix: string,
  cameras: readonly { readonly name: string }[],
  publish: (message: Message) => void,
): CameraStates {
  const online = new Map(cameras.map(({ name }) => [name, false]));
  let detector: DetectorState = "working";
  const publishState = (camera: string, isOnline: boolean) => {
    const onlineState = detector === "working" ? "online" : "motion_only";
    publish(cameraStatus(prefix, camera, isOnline ? onlineState : "offline"));
  };
  for (const { name } of cameras) publishState(name, false);
  return {
    setCameraStatus(camera, status) {
      const isOnline = status === "online";
      if (online.get(camera) === isOnline) return;
      online.set(camera, isOnline);
      publishState(camera, isOnline);
    },
    setDetectorState(state) {
      if (state === detector) return;
      detector = state;
      for (const [camera, isOnline] of online) if (isOnline) publishState(camera, true);
    },
  };
}

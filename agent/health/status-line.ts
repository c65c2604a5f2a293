import type { DetectorState } from "../../detectors/detector.ts";

/** A camera in the status line. */
export interface ListedCamera {
  readonly camera: { readonly name: string };
  /** Whether the camera is switched on. */
  readonly isEnabled: () => boolean;
  readonly isOnline: () => boolean;
}

/**
 * The state of the agent for `systemctl status`: `2 of 3 cameras online (not: yard); 5 messages wait for the broker`. Cameras
 * that are switched off are not counted.
 * @param waiting messages in the outbox
 */
export function statusLine(
  cameras: readonly ListedCamera[],
  waiting: number,
  detector: DetectorState,
): string {
  const names = (listed: readonly ListedCamera[]) => listed.map(({ camera }) => camera.name).join(", ");
  const on = cameras.filter(({ isEnabled }) => isEnabled());
  const off = cameras.filter(({ isEnabled }) => !isEnabled());
  const offline = on.filter(({ isOnline }) => !isOnline());
  const online = `${on.length - offline.length} of ${on.length} cameras online`;
  const missing = offline.length === 0 ? "" : ` (not: ${names(offline)})`;
  const switchedOff = off.length === 0 ? "" : `; switched off: ${names(off)}`;
  const queue = waiting === 0 ? "" : `; ${waiting} message${waiting === 1 ? "" : "s"} wait for the broker`;
  const failing = detector === "working" ? "" : "; the detector fails: motion only";
  return online + missing + switchedOff + failing + queue;
}

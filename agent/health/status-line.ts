import type { DetectorState } from "../../detectors/detector.ts";

/** A camera in the status line. */
export interface ListedCamera {
  readonly camera: { readonly name: string };
  readonly isOnline: () => boolean;
}

/**
 * The state of the agent for `systemctl status`: `2 of 3 cameras online (not: yard); 5 messages wait for the broker`.
 * @param waiting messages in the outbox
 */
export function statusLine(
  cameras: readonly ListedCamera[],
  waiting: number,
  detector: DetectorState,
): string {
  const offline = cameras.filter(({ isOnline }) => !isOnline()).map(({ camera }) => camera.name);
  const online = `${cameras.length - offline.length} of ${cameras.length} cameras online`;
  const missing = offline.length === 0 ? "" : ` (not: ${offline.join(", ")})`;
  const queue = waiting === 0 ? "" : `; ${waiting} message${waiting === 1 ? "" : "s"} wait for the broker`;
  const failing = detector === "working" ? "" : "; the detector fails: motion only";
  return online + missing + failing + queue;
}

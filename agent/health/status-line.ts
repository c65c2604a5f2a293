import type { DetectorState } from "../../detectors/detector.ts";

/** A camera as far as the status line goes. */
export interface ListedCamera {
  readonly camera: { readonly name: string };
  readonly isOnline: () => boolean;
}

/**
 * How the agent is, for `systemctl status`: `2 of 3 cameras on line (not: yard); 5 messages wait for the broker`.
 * @param waiting messages in the outbox
 */
export function statusLine(
  cameras: readonly ListedCamera[],
  waiting: number,
  detector: DetectorState,
): string {
  const away = cameras.filter(({ isOnline }) => !isOnline()).map(({ camera }) => camera.name);
  const online = `${cameras.length - away.length} of ${cameras.length} cameras on line`;
  const missing = away.length === 0 ? "" : ` (not: ${away.join(", ")})`;
  const queue = waiting === 0 ? "" : `; ${waiting} message${waiting === 1 ? "" : "s"} wait for the broker`;
  const blind = detector === "working" ? "" : "; the detector fails: motion only";
  return online + missing + blind + queue;
}

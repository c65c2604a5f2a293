import { UNIT_BYTES } from "../../camera/decode-plan.ts";
import type { AccessUnit } from "../../camera/rtsp/access-unit.ts";

/** The access units that a camera sends, for its live video. */
export interface CameraUnits {
  /** Delivers an access unit to all listeners. */
  publish(unit: AccessUnit): void;
  /** Delivers the units from the latest key frame on, at once, and then the following ones. @returns ends the delivery */
  listen(receive: (unit: AccessUnit) => void): () => void;
}

/** A group of frames larger than this is not kept: a new listener then waits for the next key frame. */
const MOST_KEPT_BYTES = 8e6;

/** Keeps the units since the latest key frame, so that the video of a new viewer starts at once. */
export function cameraUnits(mostBytes = MOST_KEPT_BYTES): CameraUnits {
  const listeners = new Set<(unit: AccessUnit) => void>();
  let group: AccessUnit[] = [];
  let bytes = 0;
  return {
    publish(unit) {
      if (unit.isKey) [group, bytes] = [[], 0];
      if (unit.isKey || group.length > 0) {
        group.push(unit);
        bytes += unit.bytes + UNIT_BYTES;
      }
      if (bytes > mostBytes) group = [];
      for (const receive of listeners) receive(unit);
    },
    listen(receive) {
      for (const unit of group) receive(unit);
      listeners.add(receive);
      return () => listeners.delete(receive);
    },
  };
}

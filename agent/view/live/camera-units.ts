import { type TimedUnit, UNIT_BYTES } from "../../camera/decode-plan.ts";

/** The access units that a camera sends, for its live video. */
export interface CameraUnits {
  /** Delivers an access unit to all listeners. */
  publish(unit: TimedUnit): void;
  /** Delivers the units from the latest key frame on, at once, and then the following ones. @returns ends the delivery */
  listen(receive: (unit: TimedUnit) => void): () => void;
  /** The kept units, the latest key frame first; empty if there was none. */
  latest(): readonly TimedUnit[];
}

/** Of a group of frames larger than this only the key frame is kept: a new listener then waits for the next one. */
const MOST_KEPT_BYTES = 8e6;

/** Keeps the units since the latest key frame, so that the video of a new viewer starts at once. */
export function cameraUnits(mostBytes = MOST_KEPT_BYTES): CameraUnits {
  const listeners = new Set<(unit: TimedUnit) => void>();
  let group: TimedUnit[] = [];
  let bytes = 0;
  const isWhole = () => bytes <= mostBytes;
  return {
    publish(unit) {
      if (unit.isKey) [group, bytes] = [[], 0];
      if (unit.isKey || (group.length > 0 && isWhole())) {
        group.push(unit);
        bytes += unit.bytes + UNIT_BYTES;
        if (!isWhole()) group = group.slice(0, 1);
      }
      for (const receive of listeners) receive(unit);
    },
    listen(receive) {
      if (isWhole()) for (const unit of group) receive(unit);
      listeners.add(receive);
      return () => listeners.delete(receive);
    },
    latest: () => group,
  };
}

import type { AccessUnit, VideoCodec } from "../../camera/rtsp/access-unit.ts";

/** An access unit of a camera, and how it is coded. */
export interface CodedUnit {
  readonly unit: AccessUnit;
  readonly codec: VideoCodec;
}

/** The access units that a camera sends, for its live video. */
export interface CameraUnits {
  /** Delivers an access unit to all listeners. */
  publish(coded: CodedUnit): void;
  /** Delivers the units from the latest key frame on, at once, and then the following ones. @returns ends the delivery */
  listen(receive: (coded: CodedUnit) => void): () => void;
}

/** A group of frames larger than this is not kept: a new listener then waits for the next key frame. */
const MOST_KEPT_BYTES = 8e6;

/** Keeps the units since the latest key frame, so that the video of a new viewer starts at once. */
export function cameraUnits(): CameraUnits {
  const listeners = new Set<(coded: CodedUnit) => void>();
  let group: CodedUnit[] = [];
  let bytes = 0;
  return {
    publish(coded) {
      const { unit } = coded;
      if (unit.isKey) [group, bytes] = [[], 0];
      if (unit.isKey || group.length > 0) {
        group.push(coded);
        bytes += unit.bytes;
      }
      if (bytes > MOST_KEPT_BYTES) group = [];
      for (const receive of listeners) receive(coded);
    },
    listen(receive) {
      for (const coded of group) receive(coded);
      listeners.add(receive);
      return () => listeners.delete(receive);
    },
  };
}

import type { Size } from "../../base/box.ts";
import { codedSize, type SizedCodec } from "./parameter-sets.ts";

/** The parts of a camera's stream description (SDP, RFC 4566) that are checked before ffmpeg reads it. */
export interface StreamDescription {
  /** Video, audio and metadata streams. */
  readonly streams: number;
  /** The largest frame size in the parameter sets of the video streams; undefined without valid parameter sets. */
  readonly size: Size | undefined;
}

/** Reads a description. Never throws: it ignores invalid parts. */
export function readDescription(sdp: string): StreamDescription {
  const sections = sdp.split(/^(?=m=)/m).slice(sdp.startsWith("m=") ? 0 : 1);
  const sizes = sections.filter((section) => section.startsWith("m=video")).flatMap(sizesOf);
  return {
    streams: sections.length,
    size: sizes.toSorted((a, b) => b.width * b.height - a.width * a.height)[0],
  };
}

/** RFC 6184, 8.2.1 and RFC 7798, 7.2.1 */
const PARAMETER_SETS: readonly (readonly [SizedCodec, RegExp])[] = [
  ["H264", /sprop-parameter-sets=([^;\s]+)/gi],
  ["H265", /sprop-sps=([^;\s]+)/gi],
];

function sizesOf(section: string): readonly Size[] {
  return PARAMETER_SETS.flatMap(([codec, pattern]) =>
    [...section.matchAll(pattern)]
      .flatMap(([, units = ""]) => units.split(","))
      .map((unit) => codedSize(codec, Buffer.from(unit, "base64")))
      .filter((size) => size !== undefined),
  );
}

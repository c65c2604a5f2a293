import type { TrackParameters } from "./access-unit.ts";

const MOST_SETS = 64;
const MOST_CHARACTERS = 100_000;

/**
 * Reads the parameter sets of a description: NAL units in base64, separated by commas (RFC 6184, 8.1; RFC 7798, 7.1). Some
 * cameras put start codes before them.
 */
export function describedSets({ fmtp }: TrackParameters, names: readonly string[]): readonly Uint8Array[] {
  return names
    .flatMap((name) => (fmtp[name] ?? "").slice(0, MOST_CHARACTERS).split(",").slice(0, MOST_SETS))
    .map((text) => withoutStartCode(Buffer.from(text, "base64")))
    .filter(({ length }) => length > 0);
}

function withoutStartCode(unit: Buffer): Uint8Array {
  const start = unit.indexOf(1);
  const hasStartCode = start >= 2 && unit.subarray(0, start).every((byte) => byte === 0);
  return hasStartCode ? unit.subarray(start + 1) : unit;
}

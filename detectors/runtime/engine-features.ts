import type { Variant } from "../variant.ts";

/** `\0asm`, version 1; a type () → (); one function of it. */
const START = [
  ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
  ...[0x01, 0x04, 0x01, 0x60, 0x00, 0x00],
  ...[0x03, 0x02, 0x01, 0x00],
];
/** A memory of zero pages. */
const MEMORY = [0x05, 0x03, 0x01, 0x00, 0x00];
const V128_ZERO = [0xfd, 0x0c, ...new Uint8Array(16)];
const I32_ZERO = [0x41, 0x00];
const DROP = 0x1a;

/** For each feature, named as in a description, a minimal module that only an engine with this feature accepts. */
const PROBES: ReadonlyMap<string, readonly number[]> = new Map([
  ["simd128", moduleOf([], [...V128_ZERO, DROP])],
  // f32x4.relaxed_madd
  ["relaxed-simd", moduleOf([], [...V128_ZERO, ...V128_ZERO, ...V128_ZERO, 0xfd, 0x85, 0x02, DROP])],
  // memory.fill
  ["bulk-memory", moduleOf(MEMORY, [...I32_ZERO, ...I32_ZERO, ...I32_ZERO, 0xfc, 0x0b, 0x00])],
]);

function moduleOf(memory: readonly number[], instructions: readonly number[]): readonly number[] {
  const body = [0x00, ...instructions, 0x0b];
  return [...START, ...memory, 0x0a, body.length + 2, 0x01, body.length, ...body];
}

/** The fastest target that the engine of this machine supports. */
export function fastestTarget(): Variant["target"] {
  return lackingFeatures(["relaxed-simd"]).length === 0 ? "relaxed" : "simd128";
}

/**
 * Returns those of these features that the engine lacks. An unknown feature counts as supported: validation of the module
 * decides.
 * @param validate the engine's validation. Default: the engine of this process, which runs all detectors.
 */
export function lackingFeatures(
  features: readonly string[],
  validate: (bytes: Uint8Array) => boolean = WebAssembly.validate,
): string[] {
  return features.filter((feature) => {
    const probe = PROBES.get(feature);
    return probe !== undefined && !validate(Uint8Array.from(probe));
  });
}

/** `\0asm`, version 1; a type () → (); one function of it. */
const BEGINNING = [
  ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
  ...[0x01, 0x04, 0x01, 0x60, 0x00, 0x00],
  ...[0x03, 0x02, 0x01, 0x00],
];
/** A memory of no page. */
const MEMORY = [0x05, 0x03, 0x01, 0x00, 0x00];
const V128_ZERO = [0xfd, 0x0c, ...new Uint8Array(16)];
const I32_ZERO = [0x41, 0x00];
const DROP = 0x1a;

/** Per feature, by its name in a module's description, the smallest module that only an engine with it accepts. */
const PROBES: ReadonlyMap<string, readonly number[]> = new Map([
  ["simd128", moduleOf([], [...V128_ZERO, DROP])],
  // f32x4.relaxed_madd
  ["relaxed-simd", moduleOf([], [...V128_ZERO, ...V128_ZERO, ...V128_ZERO, 0xfd, 0x85, 0x02, DROP])],
  // memory.fill
  ["bulk-memory", moduleOf(MEMORY, [...I32_ZERO, ...I32_ZERO, ...I32_ZERO, 0xfc, 0x0b, 0x00])],
]);

function moduleOf(memory: readonly number[], instructions: readonly number[]): readonly number[] {
  const body = [0x00, ...instructions, 0x0b];
  return [...BEGINNING, ...memory, 0x0a, body.length + 2, 0x01, body.length, ...body];
}

/** What to compile for where the module is to run on this machine: what is fastest of what its engine can do. */
export function fastestTarget(): "simd128" | "relaxed" {
  return lackingFeatures(["relaxed-simd"]).length === 0 ? "relaxed" : "simd128";
}

/**
 * Which of these features the engine lacks. A feature this version has never heard of counts as there: whether the module
 * validates will tell.
 * @param validate the engine's own judgement; the default is this process's, in which all detectors run.
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

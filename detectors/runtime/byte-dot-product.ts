/**
 * Whether this CPU has an instruction for dot products of bytes (VNNI on x86-64, SDOT on ARM). Then
 * i32x4.relaxed_dot_i8x16_i7x16_add_s is that one; elsewhere the engine makes five of it, and a whole i8 module is no faster
 * than an i16 one. No feature test tells, so it is tried: some hundredths of a second.
 */

const LOCAL_GET = 0x20;
const LOCAL_SET = 0x21;
const LOCAL_TEE = 0x22;
const SIMD = 0xfd;
const I32X4_DOT_I16X8_S = [SIMD, 0xba, 0x01];
const I32X4_ADD = [SIMD, 0xae, 0x01];
const I32X4_RELAXED_DOT_ADD = [SIMD, 0x93, 0x02];
const V128_ANY_TRUE = [SIMD, 0x53];

/** As many chains as hide how long one instruction takes. */
const CHAINS = 6;
const ROUNDS_PER_CALL = 4000;
/** The first calls run in the engine's baseline tier. */
const CALLS = 240;
const LAST_CALLS = 60;
/** Products of bytes for each of 16-bit numbers in the same time: 1.4 to 1.9 on a CPU without the instruction, 4 with it. */
const WITH_INSTRUCTION = 2.5;

/** @returns false as well where the engine lacks relaxed SIMD. */
export function hasByteDotProduct(): boolean {
  const bytes = loopModule(byteSteps);
  if (!WebAssembly.validate(bytes)) return false;
  const loops = [bytes, loopModule(wordSteps)].map((module) => {
    const { run } = new WebAssembly.Instance(new WebAssembly.Module(module)).exports;
    if (typeof run !== "function") throw new TypeError("expected the export run");
    return () => Reflect.apply(run, undefined, [ROUNDS_PER_CALL]);
  });
  const quickest = loops.map(() => Number.POSITIVE_INFINITY);
  for (let call = 0; call < CALLS; call++) {
    for (const [index, run] of loops.entries()) {
      const startMs = performance.now();
      run();
      const ms = performance.now() - startMs;
      if (call >= CALLS - LAST_CALLS) quickest[index] = Math.min(quickest[index] ?? ms, ms);
    }
  }
  const [bytesMs = 1, wordsMs = 0] = quickest;
  // One step of bytes has sixteen products, one of words eight.
  return (2 * wordsMs) / bytesMs > WITH_INSTRUCTION;
}

/** chain = chain + four products each of two operands; nothing else depends on them, so the chains run side by side. */
function byteSteps(chain: number, operand: number): number[] {
  return [
    ...[LOCAL_GET, operand, LOCAL_GET, operand, LOCAL_GET, chain],
    ...[...I32X4_RELAXED_DOT_ADD, LOCAL_SET, chain],
  ];
}

/** chain = two products each of chain and operand, and their sums. */
function wordSteps(chain: number, operand: number): number[] {
  return [
    ...[LOCAL_GET, chain, LOCAL_GET, operand, ...I32X4_DOT_I16X8_S],
    ...[LOCAL_GET, chain, ...I32X4_ADD, LOCAL_SET, chain],
  ];
}

/** (rounds: i32) → i32: a loop of one step for each chain. Locals: rounds, the chains, the operand. */
function loopModule(step: (chain: number, operand: number) => number[]): Uint8Array<ArrayBuffer> {
  const operand = 1 + CHAINS;
  const chains = Array.from({ length: CHAINS }, (_, index) => 1 + index);
  const [first = 1, ...others] = chains;
  const body = [
    ...[0x01, CHAINS + 1, 0x7b],
    // The chains begin with different numbers: the compiler would compute equal ones once.
    ...chains.flatMap((chain) => [0x41, chain, SIMD, 0x11, LOCAL_SET, chain]),
    ...[0x41, 1, SIMD, 0x11, LOCAL_SET, operand],
    ...[0x03, 0x40, ...chains.flatMap((chain) => step(chain, operand))],
    ...[LOCAL_GET, 0, 0x41, 1, 0x6b, LOCAL_TEE, 0, 0x0d, 0, 0x0b],
    // What nobody uses would not be computed.
    ...[LOCAL_GET, first, ...others.flatMap((chain) => [LOCAL_GET, chain, ...I32X4_ADD]), ...V128_ANY_TRUE],
    0x0b,
  ];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, [0x01, 0x60, 0x01, 0x7f, 0x01, 0x7f]),
    ...section(3, [0x01, 0x00]),
    ...section(7, [0x01, 0x03, ...new TextEncoder().encode("run"), 0x00, 0x00]),
    ...section(10, [0x01, ...sized(body)]),
  ]);
}

function section(id: number, content: readonly number[]): number[] {
  return [id, ...sized(content)];
}

/** The content behind its length, LEB128. */
function sized(content: readonly number[]): number[] {
  const { length } = content;
  return length < 128 ? [length, ...content] : [(length & 127) | 128, length >> 7, ...content];
}

/**
 * Finds out whether this CPU has an instruction for dot products of bytes (VNNI on x86-64, SDOT on ARM). If so, the engine
 * compiles i32x4.relaxed_dot_i8x16_i7x16_add_s to that instruction. Otherwise it emits five instructions, and an i8 module
 * is no faster than an i16 one. No feature test exists, so it is measured, which takes some hundredths of a second.
 */

const LOCAL_GET = 0x20;
const LOCAL_SET = 0x21;
const LOCAL_TEE = 0x22;
const SIMD = 0xfd;
const I32X4_DOT_I16X8_S = [SIMD, 0xba, 0x01];
const I32X4_ADD = [SIMD, 0xae, 0x01];
const I32X4_RELAXED_DOT_ADD = [SIMD, 0x93, 0x02];
const V128_ANY_TRUE = [SIMD, 0x53];

/** Enough independent chains to hide the latency of one instruction. */
const CHAINS = 6;
const ROUNDS_PER_CALL = 4000;
/** The first calls run in the engine's baseline tier. */
const CALLS = 240;
const LAST_CALLS = 60;
/** Throughput of 8-bit over 16-bit products: 1.4 to 1.9 on a CPU without the instruction, 4 with it. */
const MIN_SPEED_UP = 2.5;

/** @returns false also when the engine lacks relaxed SIMD. */
export function hasByteDotProduct(): boolean {
  const bytes = loopModule(int8Step);
  if (!WebAssembly.validate(bytes)) return false;
  const loops = [bytes, loopModule(int16Step)].map((module) => {
    const { run } = new WebAssembly.Instance(new WebAssembly.Module(module)).exports;
    if (typeof run !== "function") throw new TypeError("expected the export run");
    return () => Reflect.apply(run, undefined, [ROUNDS_PER_CALL]);
  });
  const fastestMs = loops.map(() => Number.POSITIVE_INFINITY);
  for (let call = 0; call < CALLS; call++) {
    for (const [index, run] of loops.entries()) {
      const startMs = performance.now();
      run();
      const ms = performance.now() - startMs;
      if (call >= CALLS - LAST_CALLS) fastestMs[index] = Math.min(fastestMs[index] ?? ms, ms);
    }
  }
  const [int8Ms = 1, int16Ms = 0] = fastestMs;
  // One step of 8-bit numbers has sixteen products, one of 16-bit numbers eight.
  return (2 * int16Ms) / int8Ms > MIN_SPEED_UP;
}

/** chain = chain + four products each of two operands. No chain depends on another, so they run in parallel. */
function int8Step(chain: number, operand: number): number[] {
  return [
    ...[LOCAL_GET, operand, LOCAL_GET, operand, LOCAL_GET, chain],
    ...[...I32X4_RELAXED_DOT_ADD, LOCAL_SET, chain],
  ];
}

/** chain = chain + the sums of two products each of chain and operand. */
function int16Step(chain: number, operand: number): number[] {
  return [
    ...[LOCAL_GET, chain, LOCAL_GET, operand, ...I32X4_DOT_I16X8_S],
    ...[LOCAL_GET, chain, ...I32X4_ADD, LOCAL_SET, chain],
  ];
}

/** (rounds: i32) → i32: a loop with one step per chain. Locals: rounds, the chains, the operand. */
function loopModule(step: (chain: number, operand: number) => number[]): Uint8Array<ArrayBuffer> {
  const operand = 1 + CHAINS;
  const chains = Array.from({ length: CHAINS }, (_, index) => 1 + index);
  const [first = 1, ...others] = chains;
  const body = [
    ...[0x01, CHAINS + 1, 0x7b],
    // The chains start with different numbers, since the compiler would compute equal chains once.
    ...chains.flatMap((chain) => [0x41, chain, SIMD, 0x11, LOCAL_SET, chain]),
    ...[0x41, 1, SIMD, 0x11, LOCAL_SET, operand],
    ...[0x03, 0x40, ...chains.flatMap((chain) => step(chain, operand))],
    ...[LOCAL_GET, 0, 0x41, 1, 0x6b, LOCAL_TEE, 0, 0x0d, 0, 0x0b],
    // The compiler would remove a chain whose result is unused.
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

/** The content after its length in LEB128. */
function sized(content: readonly number[]): number[] {
  const { length } = content;
  return length < 128 ? [length, ...content] : [(length & 127) | 128, length >> 7, ...content];
}

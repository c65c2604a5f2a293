/**
 * Fixed-point products of four integers at once, to the bit as `ops/fixed-point/arithmetic.ts` defines them. A quotient by a power of two that
 * differs per lane is a product with another power of two, because WebAssembly shifts all lanes alike.
 */
import type { Multiplier } from "../../ops/fixed-point/arithmetic.ts";
import type { Rounding } from "../../ops/fixed-point/convolution.ts";
import type { Assembler, Local } from "../../wasm/assembler.ts";

/** The lower halves of four i64: lanes 0 and 2 of both operands. */
const LOWER_HALVES = [0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27];

/** Pushes floor((a · b + 2^rounding) / 2^bits) of four integers; the low 32 bits. No rounding where it is undefined. */
function prepareShiftedProduct(code: Assembler, rounding: number | undefined, bits: number) {
  const nudge = rounding === undefined ? undefined : code.local("v128");
  if (nudge)
    code.vector(BigInt64Array.of(1n << BigInt(rounding ?? 0), 1n << BigInt(rounding ?? 0))).set(nudge);
  return (a: () => void, b: () => void): void => {
    for (const half of ["i64x2.extmul_low_i32x4_s", "i64x2.extmul_high_i32x4_s"] as const) {
      a();
      b();
      code.op(half);
      if (nudge) code.get(nudge).op("i64x2.add");
      code.i32(bits).op("i64x2.shr_u");
    }
    code.shuffle(LOWER_HALVES);
  };
}

/** Pushes `highProduct` of four pairs of integers. */
export function prepareHighProduct(code: Assembler): (a: Local, b: Local) => void {
  const product = prepareShiftedProduct(code, 30, 31);
  return (a, b) =>
    product(
      () => code.get(a),
      () => code.get(b),
    );
}

/** Pushes `scaled` of the vector in a local, with one multiplier for all lanes. */
export function prepareScaled(code: Assembler, { significand, shift }: Multiplier): (x: Local) => void {
  const product = prepareShiftedProduct(code, 30, 31);
  const factor = code.local("v128");
  const half = code.local("v128");
  const value = code.local("v128");
  code.vector(new Int32Array(4).fill(significand)).set(factor);
  code.vector(new Int32Array(4).fill(shift < 0 ? 2 ** (-shift - 1) : 0)).set(half);
  return (x) => {
    let source = x;
    if (shift > 0) {
      code.get(x).i32(shift).op("i32x4.shl").set(value);
      source = value;
    }
    product(
      () => code.get(source),
      () => code.get(factor),
    );
    if (shift >= 0) return;
    code.tee(value).get(value).i32(31).op("i32x4.shr_s").op("i32x4.add");
    code.get(half).op("i32x4.add").i32(-shift).op("i32x4.shr_s");
  };
}

/** Offsets of the vectors of four channels in a table. */
const BIAS = 0;
const SIGNIFICAND = 16;
const LEFT = 32;
const HALF = 48;
const SIGN = 64;
const RIGHT = 80;
/** Bytes of a table per four channels. */
export const TABLE_BYTES = 96;

/** The bias and the multiplier of each channel, in groups of four; missing channels are zeros. */
export function channelTable(
  multipliers: readonly Multiplier[],
  bias: ArrayLike<number> | undefined,
  rounding: Rounding,
  channels: number,
): Int32Array {
  const table = new Int32Array((Math.ceil(channels / 4) * TABLE_BYTES) / 4);
  for (const [channel, { significand, shift }] of multipliers.entries()) {
    const at = Math.floor(channel / 4) * (TABLE_BYTES / 4) + (channel % 4);
    // Rounding once is rounding the last quotient, so that there must be one.
    const least = rounding === "once" ? 1 : 0;
    const right = Math.max(least, -shift);
    // The product is below 2³⁰, so that a quotient by 2³¹ rounds to 0.
    const isZero = right > 30;
    table[at + BIAS / 4] = bias?.[channel] ?? 0;
    table[at + SIGNIFICAND / 4] = isZero ? 0 : significand;
    table[at + LEFT / 4] = 2 ** Math.max(0, shift + right);
    table[at + HALF / 4] = right > 0 && !isZero ? 2 ** (right - 1) : 0;
    table[at + SIGN / 4] = right > 0 && rounding === "twice" ? -1 : 0;
    table[at + RIGHT / 4] = isZero ? 0 : 2 ** (30 - right);
  }
  return table;
}

/** Pushes the bias of four channels of a table. */
export function pushBias(code: Assembler, table: Local, group: number): void {
  code.get(table).memory("v128.load", group * TABLE_BYTES + BIAS);
}

/**
 * Prepares the scaling of four accumulators by the multipliers of a table: pushes the scaled integers.
 * @param shiftsLeft whether a multiplier of the table is 1 or more
 */
export function prepareChannelScaling(
  code: Assembler,
  rounding: Rounding,
  shiftsLeft: boolean,
): (sum: Local, table: Local, group: number) => void {
  const product = prepareShiftedProduct(code, rounding === "twice" ? 30 : undefined, 31);
  const quotient = prepareShiftedProduct(code, undefined, 30);
  const value = code.local("v128");
  return (sum, table, group) => {
    const load = (offset: number) => code.get(table).memory("v128.load", group * TABLE_BYTES + offset);
    let source = sum;
    if (shiftsLeft) {
      code.get(sum);
      load(LEFT).op("i32x4.mul").set(value);
      source = value;
    }
    product(
      () => code.get(source),
      () => load(SIGNIFICAND),
    );
    code.tee(value);
    if (rounding === "twice") {
      code.get(value).i32(31).op("i32x4.shr_s");
      load(SIGN).op("v128.and").op("i32x4.add");
    }
    load(HALF).op("i32x4.add").set(value);
    quotient(
      () => code.get(value),
      () => load(RIGHT),
    );
  };
}

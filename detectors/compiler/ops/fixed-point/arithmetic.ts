/**
 * Whole-number arithmetic for real numbers stored as integers (Jacob et al. 2018, arXiv:1712.05877, section 2.2), to the bit as
 * TensorFlow Lite's reference kernels define it: gemmlowp's fixedpoint.h, and tensorflow/lite/kernels/internal/common.h and
 * quantization_util.cc, with double rounding. All numbers are 32-bit integers unless said otherwise.
 */

/** A positive real as significand · 2^(shift − 31), with a significand of 31 bits. */
export interface Multiplier {
  readonly significand: number;
  readonly shift: number;
}

const MOST = 2 ** 31 - 1;
const LEAST = -(2 ** 31);

/** Rounds to the nearest integer, halves away from zero (C's `round`). */
export function roundHalfAway(x: number): number {
  const whole = Math.trunc(x);
  return Math.abs(x - whole) >= 0.5 ? whole + Math.sign(x) : whole;
}

/** `QuantizeMultiplier`: the nearest multiplier; 0 below 2⁻³². */
export function multiplierOf(real: number): Multiplier {
  if (real === 0) return { significand: 0, shift: 0 };
  let shift = Math.floor(Math.log2(real)) + 1;
  // The logarithm may be off by one next to powers of two.
  if (real / 2 ** shift >= 1) shift++;
  else if (real / 2 ** shift < 0.5) shift--;
  const significand = roundHalfAway((real / 2 ** shift) * 2 ** 31);
  const normal =
    significand === 2 ** 31 ? { significand: 2 ** 30, shift: shift + 1 } : { significand, shift };
  return normal.shift < -31 ? { significand: 0, shift: 0 } : normal;
}

/** `SaturatingRoundingDoublingHighMul`: a · b / 2³¹, rounded to the nearest, halves up. */
export function highProduct(a: number, b: number): number {
  if (a === LEAST && b === LEAST) return MOST;
  // Two exact products of a with the halves of b.
  const low = b & 0xffff;
  const high = (b - low) / 2 ** 16;
  return Math.floor((a * high + Math.floor((a * low + 2 ** 30) / 2 ** 16)) / 2 ** 15);
}

/** `RoundingDivideByPOT`: x / 2^exponent, rounded to the nearest, halves away from zero. */
export function dividedByPowerOfTwo(x: number, exponent: number): number {
  return roundHalfAway(x / 2 ** exponent);
}

/** `MultiplyByQuantizedMultiplier`: x · multiplier, rounded twice. A product with a positive shift wraps around. */
export function scaled(x: number, { significand, shift }: Multiplier): number {
  const left = Math.imul(x, 2 ** Math.max(0, shift));
  return dividedByPowerOfTwo(highProduct(left, significand), Math.max(0, -shift));
}

/** `ruy::MultiplyByQuantizedMultiplier`: x · multiplier, rounded once, halves up. */
export function scaledOnce(x: number, { significand, shift }: Multiplier): number {
  const product = BigInt(x) * BigInt(significand);
  const bits = BigInt(31 - shift);
  return Number((product + (1n << (bits - 1n))) >> bits);
}

/** x · 2^exponent, saturating where the exponent is positive, else rounded. */
function timesPowerOfTwo(x: number, exponent: number): number {
  if (exponent < 0) return dividedByPowerOfTwo(x, -exponent);
  return Math.max(LEAST, Math.min(MOST, x * 2 ** exponent));
}

/** A real as a fixed-point number with `integerBits` bits before the point. */
function fixed(real: number, integerBits = 0): number {
  return Math.min(MOST, roundHalfAway(real * 2 ** (31 - integerBits)));
}

/** e^a for a fixed-point a from −1/4 to 0, without the latter: a Taylor series around −1/8. Both have no integer bits. */
function expOfQuarter(a: number): number {
  const x = a + 2 ** 28;
  const x2 = highProduct(x, x);
  const x3 = highProduct(x2, x);
  const x4 = highProduct(x2, x2);
  const higher = highProduct(dividedByPowerOfTwo(x4, 2) + x3, fixed(1 / 3)) + x2;
  const constant = fixed(Math.exp(-1 / 8));
  return (constant + highProduct(constant, x + dividedByPowerOfTwo(higher, 1))) | 0;
}

/** `exp_on_negative_values`: e^a for a fixed-point a ≤ 0 with 5 integer bits; the result has none. */
export function expOfNegative(a: number): number {
  if (a === 0) return MOST;
  const quarter = 2 ** 24;
  const fraction = (a & (quarter - 1)) - quarter;
  const rest = fraction - a;
  let result = expOfQuarter(timesPowerOfTwo(fraction, 5));
  for (let exponent = -2; exponent < 5; exponent++) {
    if ((rest & (2 ** (26 + exponent))) !== 0)
      result = highProduct(result, fixed(Math.exp(-(2 ** exponent))));
  }
  return result;
}

/** `one_over_one_plus_x_for_x_in_0_1`: 1 / (1 + x) by three steps of Newton and Raphson. Both have no integer bits. */
function reciprocalOfOnePlus(x: number): number {
  const sum = x + MOST;
  const half = Math.trunc((sum + (sum >= 0 ? 1 : -1)) / 2);
  let y = fixed(48 / 17, 2) + highProduct(half, fixed(-32 / 17, 2));
  for (let step = 0; step < 3; step++) {
    const error = 2 ** 29 - highProduct(half, y);
    y = (y + timesPowerOfTwo(highProduct(y, error), 2)) | 0;
  }
  return timesPowerOfTwo(y, 1);
}

/**
 * `GetReciprocal`: 1 / x for a fixed-point x > 0 with `integerBits` integer bits, as significand · 2^−bits with a significand
 * without integer bits.
 */
export function reciprocal(x: number, integerBits: number): { significand: number; bits: number } {
  const zeros = Math.clz32(x);
  return { significand: reciprocalOfOnePlus(x * 2 ** zeros - 2 ** 31), bits: integerBits - zeros };
}

/** Exponential function, logarithm, error function and power on four floats at once, to about 1e-7 of the result. */
import type { Assembler, Local } from "../wasm/assembler.ts";
import { broadcast } from "./loops.ts";

/** Emits the result for the vector in a local. */
export type EmitFunction = (x: Local) => void;

/** Pushes ((c₀ · x + c₁) · x + c₂) …. */
function polynomial(code: Assembler, x: Local, [first, ...others]: readonly Local[]): void {
  if (first === undefined) throw new Error("a polynomial has a coefficient");
  code.get(first);
  for (const coefficient of others) code.get(x).op("f32x4.mul").get(coefficient).op("f32x4.add");
}

/** eˣ = 2ⁿ · eʳ with the nearest integer n to x / ln 2. eʳ is its Taylor polynomial. 2ⁿ is two factors, so that each is normal. */
export function prepareExp(code: Assembler): EmitFunction {
  const highest = broadcast(code, 89);
  const lowest = broadcast(code, -105);
  const log2e = broadcast(code, Math.LOG2E);
  // ln 2 in two parts, the first exact in few bits, so that n · ln 2 has no rounding error.
  const ln2High = broadcast(code, 0.693359375);
  const ln2Low = broadcast(code, Math.LN2 - 0.693359375);
  const taylor = [1 / 5040, 1 / 720, 1 / 120, 1 / 24, 1 / 6, 1 / 2, 1, 1].map((value) =>
    broadcast(code, value),
  );
  const t = code.local("v128");
  const n = code.local("v128");
  const r = code.local("v128");
  const half = code.local("v128");
  const scale = (power: () => void): void => {
    power();
    code.i32(127).op("i32x4.splat").op("i32x4.add").i32(23).op("i32x4.shl").op("f32x4.mul");
  };
  return (x) => {
    code.get(x).get(highest).op("f32x4.pmin").get(lowest).op("f32x4.pmax").set(t);
    code.get(t).get(log2e).op("f32x4.mul").op("f32x4.nearest").set(n);
    code.get(t).get(n).get(ln2High).op("f32x4.mul").op("f32x4.sub");
    code.get(n).get(ln2Low).op("f32x4.mul").op("f32x4.sub").set(r);
    polynomial(code, r, taylor);
    code.get(n).op("i32x4.trunc_sat_f32x4_s").set(n);
    code.get(n).i32(1).op("i32x4.shr_s").set(half);
    scale(() => code.get(half));
    scale(() => code.get(n).get(half).op("i32x4.sub"));
  };
}

/** ln x = e · ln 2 + ln m with m in [√½, √2), and ln m = 2 · artanh s with s = (m − 1) / (m + 1). */
export function prepareLog(code: Assembler): EmitFunction {
  const one = broadcast(code, 1);
  const zero = broadcast(code, 0);
  const ln2 = broadcast(code, Math.LN2);
  const infinity = broadcast(code, Number.POSITIVE_INFINITY);
  const series = [2 / 11, 2 / 9, 2 / 7, 2 / 5, 2 / 3, 2].map((value) => broadcast(code, value));
  const bits = code.local("v128");
  const m = code.local("v128");
  const s = code.local("v128");
  const square = code.local("v128");
  /** The bits of √½. */
  const root = 0x3f3504f3;
  return (x) => {
    code.get(x).i32(root).op("i32x4.splat").op("i32x4.sub").set(bits);
    code
      .get(bits)
      .i32(0x7fffff)
      .op("i32x4.splat")
      .op("v128.and")
      .i32(root)
      .op("i32x4.splat")
      .op("i32x4.add")
      .set(m);
    code.get(m).get(one).op("f32x4.sub").get(m).get(one).op("f32x4.add").op("f32x4.div").set(s);
    code.get(s).get(s).op("f32x4.mul").set(square);
    polynomial(code, square, series);
    code.get(s).op("f32x4.mul");
    code
      .get(bits)
      .i32(23)
      .op("i32x4.shr_s")
      .op("f32x4.convert_i32x4_s")
      .get(ln2)
      .op("f32x4.mul")
      .op("f32x4.add");
    code.set(m);
    // ∞ → ∞, 0 → −∞, negative numbers and NaN → NaN, whose bits are all ones.
    code.get(infinity).get(m).get(x).get(infinity).op("f32x4.eq").op("v128.bitselect").set(m);
    code.get(infinity).op("f32x4.neg").get(m).get(x).get(zero).op("f32x4.eq").op("v128.bitselect");
    code.get(x).get(zero).op("f32x4.lt").op("v128.or").get(x).get(x).op("f32x4.ne").op("v128.or");
  };
}

/** tanh x = ±(1 − 2 / (e^(2|x|) + 1)) */
export function prepareTanh(code: Assembler): EmitFunction {
  const one = broadcast(code, 1);
  const two = broadcast(code, 2);
  const sign = signOf(code);
  const exp = prepareExp(code);
  const size = code.local("v128");
  return (x) => {
    code.get(x).op("f32x4.abs").get(two).op("f32x4.mul").set(size);
    code.get(one).get(two);
    exp(size);
    code.get(one).op("f32x4.add").op("f32x4.div").op("f32x4.sub");
    sign(x);
  };
}

/** erf to 1.5e-7 (Abramowitz and Stegun, "Handbook of Mathematical Functions", 7.1.26). */
export function prepareErf(code: Assembler): EmitFunction {
  const one = broadcast(code, 1);
  const p = broadcast(code, 0.3275911);
  const coefficients = [1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592].map((value) =>
    broadcast(code, value),
  );
  const sign = signOf(code);
  const exp = prepareExp(code);
  const t = code.local("v128");
  const power = code.local("v128");
  return (x) => {
    code
      .get(one)
      .get(x)
      .op("f32x4.abs")
      .get(p)
      .op("f32x4.mul")
      .get(one)
      .op("f32x4.add")
      .op("f32x4.div")
      .set(t);
    code.get(x).get(x).op("f32x4.mul").op("f32x4.neg").set(power);
    code.get(one);
    polynomial(code, t, coefficients);
    code.get(t).op("f32x4.mul");
    exp(power);
    code.op("f32x4.mul").op("f32x4.sub");
    sign(x);
  };
}

/** ln(1 + eˣ) = max(x, 0) + ln(1 + e^−|x|) */
export function prepareSoftplus(code: Assembler): EmitFunction {
  const zero = broadcast(code, 0);
  const one = broadcast(code, 1);
  const [exp, log] = [prepareExp(code), prepareLog(code)];
  const value = code.local("v128");
  return (x) => {
    code.get(x).op("f32x4.abs").op("f32x4.neg").set(value);
    exp(value);
    code.get(one).op("f32x4.add").set(value);
    log(value);
    code.get(x).get(zero).op("f32x4.max").op("f32x4.add");
  };
}

/** a ** b = ±e^(b · ln|a|): negative where a is negative and b odd, NaN where a is negative and b not whole. */
export function preparePow(code: Assembler): (a: Local, b: Local) => void {
  const zero = broadcast(code, 0);
  const half = broadcast(code, 0.5);
  const one = broadcast(code, 1);
  const [exp, log] = [prepareExp(code), prepareLog(code)];
  const size = code.local("v128");
  const power = code.local("v128");
  const isWhole = code.local("v128");
  const odd = code.local("v128");
  return (a, b) => {
    code.get(a).op("f32x4.abs").set(size);
    log(size);
    code.get(b).op("f32x4.mul").set(power);
    exp(power);
    code.set(power);
    code.get(b).op("f32x4.floor").get(b).op("f32x4.eq").set(isWhole);
    code.get(b).get(half).op("f32x4.mul").set(odd);
    code.get(odd).op("f32x4.floor").get(odd).op("f32x4.ne").get(isWhole).op("v128.and").set(odd);
    // The sign bit, where a is negative and b is odd.
    code.get(power).get(a).get(zero).op("f32x4.lt").get(odd).op("v128.and");
    code
      .i32(-(2 ** 31))
      .op("i32x4.splat")
      .op("v128.and")
      .op("v128.xor");
    // All ones, a NaN, where a is negative and b is not whole.
    code.get(isWhole).i32(-1).op("i32x4.splat").op("v128.xor").get(a).get(zero).op("f32x4.lt").op("v128.and");
    code.op("v128.or").set(power);
    // x ** 0 and 1 ** x are 1, also where the logarithm is infinite.
    code.get(one).get(power);
    code.get(b).get(zero).op("f32x4.eq").get(a).get(one).op("f32x4.eq").op("v128.or").op("v128.bitselect");
  };
}

/** Gives the vector on the stack, which is not negative, the sign of x. */
function signOf(code: Assembler): EmitFunction {
  const bit = code.local("v128");
  code
    .i32(-(2 ** 31))
    .op("i32x4.splat")
    .set(bit);
  return (x) => void code.get(x).get(bit).op("v128.and").op("v128.or");
}

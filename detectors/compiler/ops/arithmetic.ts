/** Arithmetic on elements. Integers wrap around in their own type; their division rounds towards zero. */
import { binary, comparison, NUMERIC, unary, unaryWith } from "./elementwise.ts";

export const add = binary((a, b) => a + b);
export const sub = binary((a, b) => a - b);
export const mul = binary((a, b) => a * b, NUMERIC, Math.imul);
/** An integer divided by zero is 0. */
export const div = binary(
  (a, b) => a / b,
  NUMERIC,
  (a, b) => (b === 0 ? 0 : Math.trunc(a / b)),
);
export const pow = binary((a, b) => a ** b, ["f32"]);
export const min = binary(Math.min);
export const max = binary(Math.max);

/** ONNX PRelu-16: y = x for x ≥ 0, else slope · x. Inputs: x, slope. */
export const prelu = binary((x, slope) => (x < 0 ? slope * x : x), ["f32"]);

export const abs = unary(Math.abs, NUMERIC);
export const neg = unary((x) => -x, NUMERIC);
export const sign = unary(Math.sign, NUMERIC);
export const sqrt = unary(Math.sqrt);
export const exp = unary(Math.exp);
export const log = unary(Math.log);
export const tanh = unary(Math.tanh);
export const floor = unary(Math.floor);
export const ceil = unary(Math.ceil);

/** Rounds to the nearest integer, halves to the even one. */
export const round = unary((x) => {
  const nearest = Math.round(x);
  return nearest - x === 0.5 && nearest % 2 !== 0 ? nearest - 1 : nearest;
});

/** The error function, 2/√π ∫ e^−t² from 0 to x, whose series here has only positive terms. */
export const erf = unary((x) => {
  const size = Math.abs(x);
  if (Number.isNaN(x)) return x;
  if (size > 6) return Math.sign(x);
  let term = size;
  let sum = size;
  for (let n = 1; n < 200; n++) {
    term *= (2 * size * size) / (2 * n + 1);
    sum += term;
  }
  return (Math.sign(x) * 2 * sum * Math.exp(-size * size)) / Math.sqrt(Math.PI);
});

/** ONNX Clip-13 with bounds that are known: y = min(max(x, least), most). */
export const clip = unaryWith<{ readonly least: number; readonly most: number }>(
  (x, { least, most }) => Math.min(Math.max(x, least), most),
  NUMERIC,
);

export const equal = comparison((a, b) => a === b, [...NUMERIC, "bool"]);
export const less = comparison((a, b) => a < b);
export const lessOrEqual = comparison((a, b) => a <= b);

const BOOL = ["bool"] as const;
export const and = comparison((a, b) => a !== 0 && b !== 0, BOOL);
export const or = comparison((a, b) => a !== 0 || b !== 0, BOOL);
export const xor = comparison((a, b) => a !== b, BOOL);
export const not = unary((x) => (x === 0 ? 1 : 0), BOOL);

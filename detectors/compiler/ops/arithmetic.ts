/** Arithmetic on elements. Integers wrap around in their own type; their division rounds towards zero. */
import { binary, comparison, NUMERIC, unary, unaryWith } from "./elementwise.ts";

const add = binary((a, b) => a + b);
const sub = binary((a, b) => a - b);
const mul = binary((a, b) => a * b, NUMERIC, Math.imul);
/** An integer divided by zero is 0. */
const div = binary(
  (a, b) => a / b,
  NUMERIC,
  (a, b) => (b === 0 ? 0 : Math.trunc(a / b)),
);
const pow = binary((a, b) => a ** b, ["f32"]);
const min = binary(Math.min);
const max = binary(Math.max);

/** ONNX PRelu-16: y = x for x ≥ 0, else slope · x. Inputs: x, slope. */
const prelu = binary((x, slope) => (x < 0 ? slope * x : x), ["f32"]);

const abs = unary(Math.abs, NUMERIC);
const neg = unary((x) => -x, NUMERIC);
const sign = unary(Math.sign, NUMERIC);
const sqrt = unary(Math.sqrt);
const exp = unary(Math.exp);
const log = unary(Math.log);
const tanh = unary(Math.tanh);
const floor = unary(Math.floor);
const ceil = unary(Math.ceil);

/** Rounds to the nearest integer, halves to the even one. */
const round = unary((x) => {
  const nearest = Math.round(x);
  return nearest - x === 0.5 && nearest % 2 !== 0 ? nearest - 1 : nearest;
});

/** The error function, 2/√π ∫ e^−t² from 0 to x, whose series here has only positive terms. */
const erf = unary((x) => {
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
const clip = unaryWith<{ readonly least: number; readonly most: number }>(
  (x, { least, most }) => Math.min(Math.max(x, least), most),
  NUMERIC,
);

const equal = comparison((a, b) => a === b, [...NUMERIC, "bool"]);
const less = comparison((a, b) => a < b);
const lessOrEqual = comparison((a, b) => a <= b);

const BOOL = ["bool"] as const;
const and = comparison((a, b) => a !== 0 && b !== 0, BOOL);
const or = comparison((a, b) => a !== 0 || b !== 0, BOOL);
const xor = comparison((a, b) => a !== b, BOOL);
const not = unary((x) => (x === 0 ? 1 : 0), BOOL);

/** All arithmetic by name. */
export const arithmetic = {
  add,
  sub,
  mul,
  div,
  pow,
  min,
  max,
  prelu,
  abs,
  neg,
  sign,
  sqrt,
  exp,
  log,
  tanh,
  floor,
  ceil,
  round,
  erf,
  clip,
  equal,
  less,
  less_or_equal: lessOrEqual,
  and,
  or,
  xor,
  not,
};

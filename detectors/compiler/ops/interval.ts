/**
 * Ranges of numbers. Each operator states the range of its result for the ranges of its inputs, so that the compiler can prove
 * that 64-bit integers fit into the 32 bits in which a module holds them (interval arithmetic, Moore 1966).
 */
import type { DType } from "../graph/value.ts";

/** All numbers from `least` to `most`, both included. NaN is in none. */
export interface Interval {
  readonly least: number;
  readonly most: number;
}

/** Nothing is known. */
export const ANY: Interval = { least: -Infinity, most: Infinity };

export const TRUTH_VALUES: Interval = { least: 0, most: 1 };

/** The numbers that each type can hold. */
const TYPE_RANGES: Readonly<Record<DType, Interval>> = {
  f32: ANY,
  i8: { least: -128, most: 127 },
  u8: { least: 0, most: 255 },
  i16: { least: -(2 ** 15), most: 2 ** 15 - 1 },
  i32: { least: -(2 ** 31), most: 2 ** 31 - 1 },
  bool: TRUTH_VALUES,
  u7: { least: 0, most: 127 },
};

/** The numbers that a type can hold. */
export function rangeOfType(dtype: DType): Interval {
  return TYPE_RANGES[dtype];
}

/** Whether a type can hold every number of a range. */
export function fits({ least, most }: Interval, dtype: DType): boolean {
  const type = rangeOfType(dtype);
  return least >= type.least && most <= type.most;
}

/** The range of results once they are stored in a type: floats are rounded, integers that do not fit wrap around. */
export function stored(range: Interval, dtype: DType): Interval {
  if (dtype === "f32") return { least: Math.fround(range.least), most: Math.fround(range.most) };
  return fits(range, dtype) ? range : rangeOfType(dtype);
}

/** The range of given numbers; of none, only 0. */
export function rangeOf(numbers: ArrayLike<number>): Interval {
  let [least, most] = [Infinity, -Infinity];
  for (let index = 0; index < numbers.length; index++) {
    const number = numbers[index] ?? 0;
    if (number < least) least = number;
    if (number > most) most = number;
  }
  return least <= most ? { least, most } : { least: 0, most: 0 };
}

/** The smallest range that contains all of these. */
export function hull(...ranges: readonly Interval[]): Interval {
  return {
    least: Math.min(...ranges.map(({ least }) => least)),
    most: Math.max(...ranges.map(({ most }) => most)),
  };
}

/** The results of a function that never falls. */
export function rising(compute: (x: number) => number): (ranges: readonly Interval[]) => Interval {
  return ([{ least, most } = ANY]) => ({ least: compute(least), most: compute(most) });
}

export function sum([a = ANY, b = ANY]: readonly Interval[]): Interval {
  return { least: a.least + b.least, most: a.most + b.most };
}

export function difference([a = ANY, b = ANY]: readonly Interval[]): Interval {
  return { least: a.least - b.most, most: a.most - b.least };
}

export function product([a = ANY, b = ANY]: readonly Interval[]): Interval {
  // 0 · ∞ stands for 0 times a number of any size.
  const ends = [a.least, a.most].flatMap((x) => [b.least, b.most].map((y) => x * y || 0));
  return rangeOf(ends);
}

/** Quotients of integers, rounded towards zero. A division by 0 gives 0. */
export function quotient([a = ANY, b = ANY]: readonly Interval[]): Interval {
  const holds = (x: number): boolean => x >= b.least && x <= b.most;
  const divisors = [b.least, b.most, ...[-1, 1].filter(holds)].filter((divisor) => divisor !== 0);
  const ends = [a.least, a.most].flatMap((x) => divisors.map((y) => Math.trunc(x / y) || 0));
  return rangeOf(holds(0) ? [0, ...ends] : ends);
}

/** Quotients of floats. */
export function ratio([a = ANY, b = ANY]: readonly Interval[]): Interval {
  if (b.least <= 0 && b.most >= 0) return ANY;
  return rangeOf([a.least, a.most].flatMap((x) => [b.least, b.most].map((y) => x / y || 0)));
}

export function negative([x = ANY]: readonly Interval[]): Interval {
  return { least: -x.most, most: -x.least };
}

export function magnitude([x = ANY]: readonly Interval[]): Interval {
  const most = Math.max(Math.abs(x.least), Math.abs(x.most));
  const holdsZero = x.least <= 0 && x.most >= 0;
  return { least: holdsZero ? 0 : Math.min(Math.abs(x.least), Math.abs(x.most)), most };
}

/** The larger of two numbers. */
export function larger([a = ANY, b = ANY]: readonly Interval[]): Interval {
  return { least: Math.max(a.least, b.least), most: Math.max(a.most, b.most) };
}

/** The smaller of two numbers. */
export function smaller([a = ANY, b = ANY]: readonly Interval[]): Interval {
  return { least: Math.min(a.least, b.least), most: Math.min(a.most, b.most) };
}

/** Remainders of integers with the sign of the divisor; a remainder of 0 is 0. */
export function floorRemainder([, b = ANY]: readonly Interval[]): Interval {
  return { least: Math.min(0, b.least + 1), most: Math.max(0, b.most - 1) };
}

/** Remainders of integers with the sign of the dividend; a remainder of 0 is 0. */
export function truncatedRemainder([a = ANY, b = ANY]: readonly Interval[]): Interval {
  const size = Math.max(0, magnitude([b]).most - 1);
  return { least: Math.max(Math.min(a.least, 0), -size), most: Math.min(Math.max(a.most, 0), size) };
}

/** Sums of `count` products of a number of each range. */
export function sumOfProducts(ranges: readonly Interval[], count: number): Interval {
  const { least, most } = ranges.reduce((range, factor) => product([range, factor]), { least: 1, most: 1 });
  return count === 0 ? { least: 0, most: 0 } : { least: least * count, most: most * count };
}

/** Products of `count` numbers of a range. */
export function productOf(range: Interval, count: number): Interval {
  const size = Math.max(1, magnitude([range]).most) ** count;
  return { least: range.least < 0 ? -size : 0, most: Math.max(size, 1) };
}

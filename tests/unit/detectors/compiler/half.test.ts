import { expect, test } from "vitest";
import {
  halfToNumber,
  numbersToHalves,
  numberToHalf,
  roundToHalf,
} from "../../../../detectors/compiler/half.ts";

test.each([
  [0x0000, 0],
  [0x8000, -0],
  [0x0001, 2 ** -24],
  [0x03ff, 1023 * 2 ** -24],
  [0x0400, 2 ** -14],
  [0x3555, 0.333251953125],
  [0x7bff, 65504],
  [0x7c00, Infinity],
  [0xfc00, -Infinity],
  [0x7e00, Number.NaN],
])("binary16 %i decodes to %d", (bits, value) => {
  expect(halfToNumber(bits)).toBe(value);
});

test("every finite binary16 number encodes to its own bits", () => {
  for (let bits = 0; bits < 0x10000; bits++) {
    const number = halfToNumber(bits);
    if (Number.isFinite(number)) expect(numberToHalf(number)).toBe(bits);
  }
});

test.each([
  ["between two binary16 numbers", 1 + 2 ** -11],
  ["between two subnormal numbers", 1.5 * 2 ** -24],
  ["below the smallest", 2 ** -25],
  ["above the largest", 65_536],
  ["halfway beyond the largest", 65_520],
  ["that is infinite", -Infinity],
  ["that is NaN", Number.NaN],
])("a number %s has no binary16 encoding", (_what, number) => {
  expect(numberToHalf(number)).toBeUndefined();
});

test("an array is converted only when every number fits", () => {
  expect(numbersToHalves(Float32Array.of(1, -2))).toEqual(Uint16Array.of(0x3c00, 0xc000));
  expect(numbersToHalves(Float32Array.of(1, -2, 0.1))).toBeUndefined();
});

test.each([
  [1 + 2 ** -11, 1],
  [1 + 3 * 2 ** -11, 1 + 2 ** -9],
  [1.0001, 1],
  [-1.5 * 2 ** -24, -(2 ** -23)],
  [2 ** -26, 0],
  [65_519, 65_504],
  [65_520, Infinity],
  [-Infinity, -Infinity],
])("%d rounds to the binary16 number %d", (number, rounded) => {
  expect(roundToHalf(number)).toBeCloseTo(rounded, 12);
});

test("binary16 numbers are not rounded", () => {
  for (let bits = 0; bits < 0x10000; bits += 7) {
    const number = halfToNumber(bits);
    if (!Number.isNaN(number)) expect(roundToHalf(number)).toBe(number);
  }
});

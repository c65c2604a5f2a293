import { expect, it } from "vitest";
import { halfToNumber, numbersToHalves, numberToHalf } from "../../../../detectors/compiler/half.ts";

it.each([
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
])("binary16 %i is %d", (bits, value) => {
  expect(halfToNumber(bits)).toBe(value);
});

it("every finite binary16 number has its own bits", () => {
  for (let bits = 0; bits < 0x10000; bits++) {
    const number = halfToNumber(bits);
    if (Number.isFinite(number)) expect(numberToHalf(number)).toBe(bits);
  }
});

it.each([
  ["between two of them", 1 + 2 ** -11],
  ["between two subnormal ones", 1.5 * 2 ** -24],
  ["smaller than all", 2 ** -25],
  ["larger than all", 65_536],
  ["halfway to what would be the next", 65_520],
  ["infinite", -Infinity],
  ["none at all", Number.NaN],
])("a number %s has none", (_what, number) => {
  expect(numberToHalf(number)).toBeUndefined();
});

it("one number that does not fit keeps all as they are", () => {
  expect(numbersToHalves(Float32Array.of(1, -2))).toEqual(Uint16Array.of(0x3c00, 0xc000));
  expect(numbersToHalves(Float32Array.of(1, -2, 0.1))).toBeUndefined();
});

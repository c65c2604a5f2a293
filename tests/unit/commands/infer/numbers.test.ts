import { describe, expect, test } from "vitest";
import { flatten, toTensor } from "../../../../agent/commands/infer/numbers.ts";
import type { TensorDType, TensorSpec } from "../../../../detectors/detector.ts";

const spec = (dtype: TensorDType, ...shape: readonly number[]): TensorSpec => ({ name: "x", dtype, shape });
const flat = (...numbers: readonly unknown[]) => ({ numbers, shape: undefined });

describe("numbers for an input", () => {
  test.each<[TensorDType, readonly unknown[]]>([
    ["i8", [-128, 127]],
    ["u8", [0, 255]],
    ["i16", [-32_768, 32_767]],
    ["i32", [-2_147_483_648, 2_147_483_647n]],
    ["bool", [false, 1]],
    ["f32", [-3.4028234663852886e38, 0.1]],
  ])("may have any value of %s", (dtype, numbers) => {
    expect(Array.from(toTensor(flat(...numbers), spec(dtype, 2)))).toEqual(
      numbers.map((number) => (dtype === "f32" ? Math.fround(Number(number)) : Number(number))),
    );
  });

  test.each<[TensorDType, unknown, string]>([
    ["i8", 128, "an integer from -128 to 127, received 128 at index 1"],
    ["u8", -1, "an integer from 0 to 255, received -1 at index 1"],
    ["i16", 0.5, "an integer from -32768 to 32767, received 0.5 at index 1"],
    ["i32", 2n ** 31n, "an integer from -2147483648 to 2147483647, received 2147483648 at index 1"],
    ["bool", 2, "an integer from 0 to 1, received 2 at index 1"],
    ["f32", 1e39, "a number that f32 can hold, received 1e+39 at index 1"],
    ["f32", "one", "a number that f32 can hold, received one at index 1"],
    ["f32", null, "a number that f32 can hold, received null at index 1"],
  ])("of %s are refused if one is %s", (dtype, number, message) => {
    expect(() => toTensor(flat(0, number), spec(dtype, 2))).toThrow(
      `input x: ${dtype} [2]: expected ${message}`,
    );
  });

  test("keep infinity and NaN of a file of floats", () => {
    const special = [Number.POSITIVE_INFINITY, Number.NaN];
    expect(Array.from(toTensor(flat(...special), spec("f32", 2)))).toEqual(special);
  });

  test("may have more or fewer dimensions of 1, but no other shape", () => {
    expect(toTensor({ numbers: [1, 2], shape: [2, 1] }, spec("f32", 1, 2))).toHaveLength(2);
    expect(() => toTensor({ numbers: [1, 2, 3, 4, 5, 6], shape: [3, 2] }, spec("f32", 2, 3))).toThrow(
      "expected 6 numbers of this shape, received the shape [3, 2]",
    );
    expect(() => toTensor(flat(1), spec("f32", 2))).toThrow(
      "expected 2 numbers of this shape, received 1 numbers",
    );
  });
});

describe("a nested list", () => {
  test("is flattened row by row", () => {
    expect(
      flatten(
        [
          [1, 2],
          [3, 4],
          [5, 6],
        ],
        spec("f32", 3, 2),
      ),
    ).toEqual({
      numbers: [1, 2, 3, 4, 5, 6],
      shape: [3, 2],
    });
    expect(flatten([1, 2], spec("f32", 2))).toEqual({ numbers: [1, 2], shape: undefined });
    expect(flatten(7, spec("f32"))).toEqual({ numbers: [7], shape: undefined });
  });

  test.each([
    ["with rows of different lengths", [[1, 2], [3]], "lists of equal lengths (2), received one of 1"],
    ["with a number beside a list", [[1], 2], "lists of equal lengths, received a number beside a list"],
    [
      "nested 100,000 deep",
      JSON.parse(`${"[".repeat(9000)}1${"]".repeat(9000)}`),
      "lists in at most 8 levels",
    ],
    ["with too many numbers", Array(100).fill([0, 0]), "expected 4 numbers, received more"],
  ])("%s is refused", (_, value, message) => {
    expect(() => flatten(value, spec("f32", 2, 2))).toThrow(message);
  });
});

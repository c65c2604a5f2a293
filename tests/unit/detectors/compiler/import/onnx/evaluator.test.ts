import { describe, expect, test } from "vitest";
import { evaluateNodes } from "../../../../../../detectors/compiler/import/evaluator.ts";
import type { NdArray } from "../../../../../../detectors/compiler/import/nd-array.ts";
import { onnxEvaluator } from "../../../../../../detectors/compiler/import/onnx/evaluator.ts";
import { type Attributes, writeOnnx } from "../../../../../support/models/onnx-writer.ts";

function floats(shape: readonly number[], values: readonly number[]): NdArray {
  return { type: "float", shape, data: Float32Array.from(values) };
}

function ints(values: readonly number[] | number, shape?: readonly number[]): NdArray {
  const list = typeof values === "number" ? [values] : values;
  return {
    type: "int",
    shape: shape ?? (typeof values === "number" ? [] : [list.length]),
    data: Float64Array.from(list),
  };
}

/** Runs one node on these inputs; undefined ones are omitted. */
function run(
  opType: string,
  inputs: readonly (NdArray | undefined)[],
  attributes: Attributes = {},
  outputs = 1,
): NdArray[] {
  const writer = writeOnnx();
  const names = inputs.map((input, index) => (input ? `input${index}` : ""));
  const made = writer.addMany(opType, names, outputs, attributes);
  const values = new Map<string, NdArray>();
  inputs.forEach((input, index) => {
    if (input) values.set(`input${index}`, input);
  });
  evaluateNodes(writer.nodes, values, onnxEvaluator());
  return made.flatMap((name) => values.get(name) ?? []);
}

function result(...call: Parameters<typeof run>): { shape: readonly number[]; values: number[] } {
  const [array] = run(...call);
  return { shape: array?.shape ?? [], values: [...(array?.data ?? [])] };
}

const grid = floats([2, 3], [1, 2, 3, 4, 5, 6]);

describe("the evaluator of tails", () => {
  test("writes slices in place as export.py --inplace does", () => {
    const rows = ints([1, 0], [2, 1]);
    const wholeRows = result("ScatterND", [grid, rows, floats([2, 3], [7, 7, 7, 8, 8, 8])]);
    expect(wholeRows).toEqual({ shape: [2, 3], values: [8, 8, 8, 7, 7, 7] });
    const cells = ints([0, 2, -1, 0], [2, 2]);
    expect(result("ScatterND", [grid, cells, floats([2], [30, 40])]).values).toEqual([1, 2, 30, 40, 5, 6]);
    expect(() => result("ScatterND", [grid, ints([5], [1, 1]), floats([1, 3], [0, 0, 0])])).toThrow(
      /element 5 of 2/,
    );
  });

  test("refuses to add or multiply where it only writes", () => {
    const operands = [grid, ints([0], [1, 1]), floats([1, 3], [1, 1, 1])];
    for (const reduction of ["add", "mul", "max"]) {
      expect(() => result("ScatterND", operands, { reduction })).toThrow(`combines elements by ${reduction}`);
    }
    expect(result("ScatterND", operands, { reduction: "none" }).values).toEqual([1, 1, 1, 4, 5, 6]);
  });

  test("rounds numbers that become binary16", () => {
    const x = floats([3], [1.0001, 65_520, 0.1]);
    expect(result("Cast", [x], { to: 10 }).values).toEqual([1, Infinity, 0.0999755859375]);
    expect(result("Cast", [x], { to: 1 }).values).toEqual([...x.data]);
  });

  test("slices backwards, beyond the ends and with torch's largest integer", () => {
    const slice = (start: number, end: number, step: number): number[] =>
      result("Slice", [grid, ints([start]), ints([end]), ints([1]), ints([step])]).values;
    expect(slice(2, -9, -1)).toEqual([3, 2, 1, 6, 5, 4]);
    expect(slice(1, 2 ** 63, 1)).toEqual([2, 3, 5, 6]);
    expect(slice(-2, 99, 2)).toEqual([2, 5]);
    expect(slice(3, 1, 1)).toEqual([]);
  });

  test("reshapes with an inferred size and a kept size", () => {
    expect(result("Reshape", [grid, ints([0, -1, 1])]).shape).toEqual([2, 3, 1]);
    expect(() => result("Reshape", [grid, ints([4, 2])])).toThrow(/cannot reshape \[2, 3\] to \[4, 2\]/);
  });

  test("broadcasts in both directions", () => {
    const sum = result("Add", [floats([2, 1], [10, 20]), floats([3], [1, 2, 3])]);
    expect(sum).toEqual({ shape: [2, 3], values: [11, 12, 13, 21, 22, 23] });
    expect(() => result("Add", [grid, floats([2], [1, 2])])).toThrow(/cannot combine \[2, 3\] and \[2\]/);
  });

  test("divides integers towards zero, and floats exactly", () => {
    expect(result("Div", [ints([7, -7]), ints(2)]).values).toEqual([3, -3]);
    expect(result("Div", [floats([1], [7]), floats([], [2])]).values).toEqual([3.5]);
  });

  test("splits by attribute, by input and evenly", () => {
    const shapes = (inputs: NdArray[], attributes: Attributes): (readonly number[])[] =>
      run("Split", inputs, attributes, 2).map(({ shape }) => shape);
    expect(shapes([grid], { axis: 1, split: [1, 2] })).toEqual([
      [2, 1],
      [2, 2],
    ]);
    expect(shapes([grid, ints([2, 1])], { axis: -1 })).toEqual([
      [2, 2],
      [2, 1],
    ]);
    expect(shapes([grid], { axis: 0 })).toEqual([
      [1, 3],
      [1, 3],
    ]);
    expect(() => shapes([grid], { axis: 1, split: [1, 1] })).toThrow(/splits 3 into \[1, 1\]/);
  });

  test("computes Range, Where, Cast and Shape", () => {
    expect(result("Range", [ints(0), ints(7), ints(3)]).values).toEqual([0, 3, 6]);
    const condition: NdArray = { type: "bool", shape: [2], data: Float64Array.of(1, 0) };
    expect(result("Where", [condition, ints([1, 2]), ints([-1, -2])]).values).toEqual([1, -2]);
    expect(result("Cast", [floats([2], [1.9, -1.9])], { to: 7 }).values).toEqual([1, -1]);
    expect(result("Shape", [grid], { start: 1 }).values).toEqual([3]);
  });

  test("refuses endless work", () => {
    const writer = writeOnnx();
    let value = writer.add("Expand", ["one", "size"]);
    for (let i = 0; i < 100; i++) value = writer.add("Neg", [value]);
    const values = new Map([
      ["one", floats([1], [1])],
      ["size", ints([2 ** 25])],
    ]);
    expect(() => evaluateNodes(writer.nodes, values, onnxEvaluator())).toThrow(/too much computation/);
  });
});

/** The ranges that operators state contain what their references compute. */
import { describe, expect, test } from "vitest";
import { buildGraph } from "../../../../../detectors/compiler/graph/builder.ts";
import { constantOf, type DType, type Shape } from "../../../../../detectors/compiler/graph/value.ts";
import { evaluateOperator } from "../../../../../detectors/compiler/ops/evaluate.ts";
import type { Operator, OperatorAttributes } from "../../../../../detectors/compiler/ops/index.ts";
import {
  fits,
  type Interval,
  quotient,
  ratio,
  stored,
} from "../../../../../detectors/compiler/ops/interval.ts";
import { elements } from "../../../../../detectors/compiler/ops/shapes.ts";
import { seeded } from "../../../../support/base/seeded.ts";

const THRESHOLDS = { score: 0.25, iou: 0.45 };

interface Trial<K extends Operator> {
  readonly op: K;
  readonly attributes: OperatorAttributes[K];
  readonly shapes: readonly Shape[];
  readonly dtypes: readonly DType[];
}

/** Computes an operator of constants within random ranges, which are ends that the operator sees, too. */
function expectSound<K extends Operator>({ op, attributes, shapes, dtypes }: Trial<K>): void {
  const random = seeded(op.length * 100 + shapes.length);
  for (let round = 0; round < 200; round++) {
    const builder = buildGraph();
    const tensors = shapes.map((shape, index) => {
      const dtype = dtypes[index] ?? dtypes[0] ?? "f32";
      const limit = { bool: 1, i32: 1000, f32: 1000, i8: 11, u8: 15, i16: 100, u7: 11 }[dtype];
      const [a, b] = [random, random].map((next) => (2 * next() - 1) * limit);
      const numbers = Array.from({ length: elements(shape) }, () => {
        const value = (a ?? 0) + random() * ((b ?? 0) - (a ?? 0));
        return dtype === "f32"
          ? value
          : dtype === "i32" || dtype === "i8"
            ? Math.round(value)
            : Math.round(Math.abs(value));
      });
      return { name: `x${index}`, constant: constantOf({ dtype, shape }, numbers) };
    });
    const names = tensors.map(({ name, constant }) => builder.constant(name, constant));
    const y = builder.add(op, names, attributes);
    const range = stored(builder.rangeOf(y), builder.typeOf(y).dtype);
    const { data } = evaluateOperator(
      op,
      tensors.map(({ constant }) => constant),
      attributes,
      THRESHOLDS,
    );
    for (const value of data) {
      if (Number.isNaN(value)) continue;
      expect(value, `${op} in round ${round}`).toBeGreaterThanOrEqual(range.least);
      expect(value, `${op} in round ${round}`).toBeLessThanOrEqual(range.most);
    }
  }
}

describe("the results of an operator lie in the range that it states", () => {
  const pairs = [[6], [6]];

  test.each(["add", "sub", "mul", "div", "min", "max", "equal", "less", "less_or_equal"] as const)(
    "%s",
    (op) => {
      for (const dtype of ["f32", "i32", "i8", "u8"] as const) {
        expectSound({ op, attributes: {}, shapes: pairs, dtypes: [dtype] });
      }
    },
  );

  test.each(["mod", "rem"] as const)("%s", (op) => {
    for (const dtype of ["i32", "i8", "u8"] as const) {
      expectSound({ op, attributes: {}, shapes: pairs, dtypes: [dtype] });
    }
  });

  test.each(["abs", "neg", "sign"] as const)("%s", (op) => {
    for (const dtype of ["f32", "i32", "i8"] as const) {
      expectSound({ op, attributes: {}, shapes: [[6]], dtypes: [dtype] });
    }
  });

  test.each([
    ...(["relu", "relu6", "sigmoid", "tanh", "erf", "silu", "softplus"] as const),
    ...(["floor", "ceil", "round", "sqrt", "exp", "log"] as const),
  ])("%s", (op) => {
    expectSound({ op, attributes: {}, shapes: [[6]], dtypes: ["f32"] });
  });

  test("clip, cast, where, pad and the movers", () => {
    for (const dtype of ["f32", "i32", "i8"] as const) {
      const dtypes = [dtype];
      expectSound({ op: "clip", attributes: { least: -5, most: 8 }, shapes: [[6]], dtypes });
      expectSound({ op: "where", attributes: {}, shapes: [[6], [6], [6]], dtypes: ["bool", dtype, dtype] });
      const sizes = { before: [1], after: [0], between: [0] };
      expectSound({ op: "pad", attributes: { ...sizes, value: 9 }, shapes: [[6]], dtypes });
      expectSound({ op: "concat", attributes: { axis: 0 }, shapes: pairs, dtypes });
      expectSound({ op: "gather", attributes: { axis: 0 }, shapes: pairs, dtypes: [dtype, "i32"] });
      expectSound({ op: "expand", attributes: { shape: [2, 6] }, shapes: [[6]], dtypes });
      for (const to of ["f32", "i32", "i8", "u8", "i16", "bool"] as const) {
        expectSound({ op: "cast", attributes: { to }, shapes: [[6]], dtypes });
      }
    }
  });

  test("reductions and products of matrices", () => {
    for (const combining of ["sum", "max", "min", "product"] as const) {
      for (const dtype of ["f32", "i32", "i8"] as const) {
        const attributes = { combining, axes: [0], keep: false, factor: 1 };
        expectSound({ op: "reduce", attributes, shapes: [[3, 2]], dtypes: [dtype] });
      }
    }
    const shapes = [
      [2, 3],
      [3, 2],
    ];
    expectSound({ op: "matmul", attributes: {}, shapes, dtypes: ["i32"] });
  });
});

describe("ranges are as narrow as a proof needs", () => {
  const interval = (least: number, most: number): Interval => ({ least, most });

  test("division by numbers on both sides of zero", () => {
    expect(quotient([interval(-7, 9), interval(2, 4)])).toEqual(interval(-3, 4));
    expect(quotient([interval(4, 9), interval(-2, 3)])).toEqual(interval(-9, 9));
    expect(quotient([interval(4, 9), interval(0, 0)])).toEqual(interval(0, 0));
    expect(fits(quotient([interval(-(2 ** 31), 5), interval(-1, -1)]), "i32")).toBe(false);
    expect(ratio([interval(4, 9), interval(-2, 3)])).toEqual(interval(-Infinity, Infinity));
  });

  test("a value is computed from its inputs' ranges, and integers that wrap around have that of their type", () => {
    const builder = buildGraph();
    const a = builder.input("a", { dtype: "i32", shape: [4] });
    const bounded = builder.add("clip", [a], { least: -3, most: 10 });
    expect(builder.rangeOf(bounded)).toEqual(interval(-3, 10));
    expect(builder.rangeOf(builder.add("add", [bounded, bounded], {}))).toEqual(interval(-6, 20));
    const sum = builder.add("add", [a, a], {});
    expect(builder.rangeOf(sum)).toEqual(interval(-(2 ** 32), 2 ** 32 - 2));
    expect(builder.rangeOf(builder.add("neg", [sum], {}))).toEqual(interval(-(2 ** 31) + 1, 2 ** 31));
    const total = { combining: "sum", axes: [0], keep: true, factor: 1 } as const;
    expect(builder.rangeOf(builder.add("reduce", [bounded], total))).toEqual(interval(-12, 40));
  });
});

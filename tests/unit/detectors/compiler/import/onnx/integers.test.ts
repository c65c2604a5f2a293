/** 64-bit integers, which a module holds in 32 bits where they are proven to fit; and what integers do at their limits. */
import { describe, expect, test } from "vitest";
import { compileOnnx } from "../../../../../../scripts/conformance/compile-onnx.ts";
import { runLibrary } from "../../../../../../scripts/conformance/run-library.ts";
import { floatTensor, integerTensor } from "../../../../../support/models/onnx-writer.ts";
import { node, onnx, refusal, TYPES, type Written } from "../../../../../support/models/tensor-onnx.ts";

const SMALLEST = -(2 ** 31);
const LARGEST = 2 ** 31 - 1;

/** The only output for these inputs. */
function run(written: Written, inputs: Readonly<Record<string, readonly number[]>>): number[] {
  return [...(runLibrary(compileOnnx(onnx(written)), new Map(Object.entries(inputs)))[0] ?? [])];
}

/** y of one operator on x, i64 [n], and a constant. */
function withConstant(op: string, constant: readonly number[], attributes = {}): Written {
  return {
    inputs: { x: ["i64", 4] },
    initializers: [integerTensor("c", constant)],
    nodes: [node(op, ["x", "c"], ["y"], attributes)],
    outputs: ["y"],
  };
}

const EDGES = { x: [SMALLEST, -1, 7, LARGEST] };

describe("64-bit integers that are proven to fit are computed", () => {
  test("quotients and remainders of an input of any size", () => {
    expect(run(withConstant("Div", [2]), EDGES)).toEqual([-(2 ** 30), 0, 3, 2 ** 30 - 1]);
    expect(run(withConstant("Mod", [-5]), EDGES)).toEqual([-3, -1, -3, -3]);
    expect(run(withConstant("Mod", [-5], { fmod: 1 }), EDGES)).toEqual([-3, -1, 2, 2]);
    expect(run(withConstant("Max", [0]), EDGES)).toEqual([0, 0, 7, LARGEST]);
  });

  test("sums and products of numbers that a Clip, a remainder or a narrower type limits", () => {
    const limits = [
      integerTensor("least", -1000),
      integerTensor("most", 1000),
      integerTensor("c", [2_000_000]),
    ];
    const clipped = node("Clip", ["x", "least", "most"], ["small"]);
    const scaled = { inputs: { x: ["i64", 4] }, initializers: limits, outputs: ["y"] } as const;
    expect(run({ ...scaled, nodes: [clipped, node("Mul", ["small", "c"], ["y"])] }, EDGES)).toEqual([
      -2_000_000_000, -2_000_000, 14_000_000, 2_000_000_000,
    ]);
    const total = node("ReduceSum", ["small"], ["y"], { keepdims: 1 });
    expect(run({ ...scaled, nodes: [clipped, total] }, EDGES)).toEqual([6]);
    const narrow = {
      inputs: { x: ["i8", 4] },
      nodes: [node("Cast", ["x"], ["long"], { to: TYPES.i64 }), node("Mul", ["long", "long"], ["y"])],
      outputs: ["y"],
    } as const;
    expect(run(narrow, { x: [-128, -1, 7, 127] })).toEqual([16384, 1, 49, 16129]);
  });

  test("floats that are known to be small, and the index of a maximum", () => {
    const nodes = [
      node("Sigmoid", ["x"], ["share"]),
      node("Mul", ["share", "hundred"], ["percent"]),
      node("Cast", ["percent"], ["long"], { to: TYPES.i64 }),
      node("ArgMax", ["x"], ["at"], { axis: 0, keepdims: 1 }),
      node("Add", ["long", "at"], ["y"]),
    ];
    const initializers = [floatTensor("hundred", [], Float32Array.of(100))];
    expect(
      run({ inputs: { x: ["f32", 3] }, initializers, nodes, outputs: ["y"] }, { x: [-100, 0, 100] }),
    ).toEqual([2, 52, 102]);
  });

  test("and are exact as f64 only up to 24 bits", () => {
    const nodes = [node("Mod", ["x", "c"], ["small"]), node("Cast", ["small"], ["y"], { to: 11 })];
    const of = (divisor: number): Written => ({
      inputs: { x: ["i64", 1] },
      initializers: [integerTensor("c", [divisor])],
      nodes,
      outputs: ["y"],
    });
    expect(run(of(2 ** 24), { x: [2 ** 30 + 5] })).toEqual([5]);
    expect(refusal(of(2 ** 26))).toMatch(/converts i32 to f64/);
  });
});

describe("64-bit integers that may not fit are refused by name, with their range", () => {
  const of = (...nodes: Written["nodes"]): Written => ({
    inputs: { a: ["i64", 4], b: ["i64", 4] },
    nodes,
    outputs: ["y"],
  });

  test.each([
    ["Add", "from -4294967296 to 4294967294"],
    ["Sub", "from -4294967295 to 4294967295"],
    ["Mul", "from -4611686016279904000 to 4611686018427388000"],
    ["Div", "from -2147483648 to 2147483648"],
  ])("%s", (op, range) => {
    expect(refusal(of(node(op, ["a", "b"], ["y"])))).toBe(
      `${op} "${op.toLowerCase()}" computes "y" of 64-bit integers ${range}, which may not fit into the 32 bits of a module.`,
    );
  });

  test.each(["Neg", "Abs", "ReduceSum", "ReduceProd", "ReduceL1", "ReduceSumSquare", "ReduceMean"])(
    "%s",
    (op) => {
      expect(refusal(of(node(op, ["a"], ["y"])))).toMatch(
        /computes "y" of 64-bit integers from .* may not fit/,
      );
    },
  );

  test("floats of any size, and the branches of a choice", () => {
    const floats: Written = {
      inputs: { x: ["f32", 1] },
      nodes: [node("Cast", ["x"], ["y"], { to: TYPES.i64 })],
      outputs: ["y"],
    };
    expect(refusal(floats)).toMatch(/computes "y" of 64-bit integers of any size/);
    const chosen: Written = {
      inputs: { c: ["bool", 2], x: ["f32", 2] },
      initializers: [integerTensor("p", [2 ** 30, 1]), integerTensor("q", [-(2 ** 30), 1])],
      nodes: [node("Where", ["c", "p", "q"], ["w"]), node("Sub", ["w", "q"], ["y"])],
      outputs: ["y"],
    };
    expect(refusal(chosen)).toMatch(/from -1073741825 to 2147483648/);
  });

  test("indices, which are of 64 bits whatever they index", () => {
    const nodes = [node("ArgMax", ["x"], ["at"], { axis: 0 }), node("Mul", ["at", "c"], ["y"])];
    const of = (factor: number): Written => ({
      inputs: { x: ["f32", 4] },
      initializers: [integerTensor("c", [factor])],
      nodes,
      outputs: ["y"],
    });
    expect(refusal(of(2 ** 30))).toMatch(/from 0 to 3221225472, which may not fit/);
    expect(run(of(2 ** 29), { x: [1, 2, 9, 3] })).toEqual([2 ** 30]);
  });

  test("a constant that does not fit", () => {
    expect(refusal(withConstant("Equal", [2 ** 40]))).toMatch(
      /Equal "equal" uses the integer 1099511627776, which does not fit into 32 bits/,
    );
  });
});

describe("integers at their limits", () => {
  test("of 32 bits and less wrap around", () => {
    const sum = (type: "i32", other: number): Written => ({
      inputs: { x: [type, 2], z: [type, 2] },
      nodes: [node("Add", ["x", "z"], ["y"])],
      outputs: [other === 0 ? "x" : "y"],
    });
    expect(run(sum("i32", 1), { x: [LARGEST, SMALLEST], z: [1, -1] })).toEqual([SMALLEST, LARGEST]);
  });

  test("are zero when divided by zero, and do not trap", () => {
    for (const [op, expected] of [
      ["Div", [SMALLEST, 0]],
      ["Mod", [0, 0]],
    ] as const) {
      const nodes = [node(op, ["x", "z"], ["y"])];
      const model: Written = { inputs: { x: ["i32", 2], z: ["i32", 2] }, nodes, outputs: ["y"] };
      expect(run(model, { x: [SMALLEST, 5], z: [-1, 0] })).toEqual(expected);
    }
  });

  test("lose their upper bits when converted to a narrower type, also at compile time", () => {
    const nodes = [node("Cast", ["x"], ["y"], { to: TYPES.i8 })];
    expect(run({ inputs: { x: ["i32", 3] }, nodes, outputs: ["y"] }, { x: [200, -129, 65] })).toEqual([
      -56, 127, 65,
    ]);
    const folded = [
      node("Cast", ["c"], ["narrow"], { to: TYPES.i8 }),
      node("Cast", ["narrow"], ["wide"], { to: TYPES.i32 }),
      node("Add", ["x", "wide"], ["y"]),
    ];
    expect(
      run(
        {
          inputs: { x: ["i32", 3] },
          initializers: [integerTensor("c", [200, -129, 65])],
          nodes: folded,
          outputs: ["y"],
        },
        { x: [0, 0, 0] },
      ),
    ).toEqual([-56, 127, 65]);
  });

  test("come from floats as the nearest that the type has, and 0 from NaN", () => {
    const nodes = [node("Cast", ["x"], ["y"], { to: TYPES.i32 })];
    const x = [Number.NaN, Number.POSITIVE_INFINITY, -1e20, 2.9];
    expect(run({ inputs: { x: ["f32", 4] }, nodes, outputs: ["y"] }, { x })).toEqual([
      0,
      LARGEST,
      SMALLEST,
      2,
    ]);
  });

  test("may be given as large as the end of a slice is", () => {
    const nodes = [
      node("Identity", ["end"], ["same"]),
      node("Concat", ["same"], ["ends"], { axis: 0 }),
      node("Slice", ["x", "start", "ends"], ["y"]),
    ];
    const rawData = new Uint8Array(BigInt64Array.of(2n ** 63n - 1n).buffer);
    const largest = { ...integerTensor("end", [0]), int64Data: [], rawData };
    const written: Written = {
      inputs: { x: ["i64", 4] },
      initializers: [integerTensor("start", [1]), largest],
      nodes,
      outputs: ["y"],
    };
    expect(run(written, EDGES)).toEqual([-1, 7, LARGEST]);
  });

  test("are refused when constants give no integer", () => {
    const constants = (op: string, other: number): Written => ({
      inputs: { x: ["i64", 1] },
      initializers: [integerTensor("a", [3]), integerTensor("b", [other])],
      nodes: [node(op, ["a", "b"], ["c"]), node("Equal", ["x", "c"], ["y"])],
      outputs: ["y"],
    });
    expect(refusal(constants("Div", 0))).toMatch(/Div "div" computes Infinity as i64/);
    expect(refusal(constants("Pow", -1))).toMatch(/Pow "pow" computes 0.333\d+ as i64/);
    expect(refusal(constants("Mul", 2 ** 52))).toMatch(/Mul "mul" computes 13510798882111488 as i64/);
    const notANumber: Written = {
      inputs: { x: ["i32", 1] },
      initializers: [floatTensor("a", [1], Float32Array.of(Number.NaN))],
      nodes: [node("Cast", ["a"], ["c"], { to: TYPES.i32 }), node("Equal", ["x", "c"], ["y"])],
      outputs: ["y"],
    };
    expect(refusal(notANumber)).toMatch(/Cast "cast" computes NaN as i32/);
  });
});

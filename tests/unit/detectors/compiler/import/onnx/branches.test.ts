/** If: a known condition takes one branch, any other chooses between the results of both. */
import { describe, expect, test } from "vitest";
import { compileOnnx } from "../../../../../../scripts/conformance/compile-onnx.ts";
import { runLibrary } from "../../../../../../scripts/conformance/run-library.ts";
import { floatTensor, integerTensor } from "../../../../../support/models/onnx-writer.ts";
import { branch, node, onnx, refusal, type Written } from "../../../../../support/models/tensor-onnx.ts";

type Inputs = Readonly<Record<string, readonly number[]>>;

function run(written: Written, inputs: Inputs): number[][] {
  const outputs = runLibrary(compileOnnx(onnx(written)), new Map(Object.entries(inputs)));
  return outputs.map((numbers) => [...numbers]);
}

const double = branch([node("Add", ["x", "x"], ["doubled"])], ["doubled"]);
const negate = branch([node("Neg", ["x"], ["negated"])], ["negated"]);
const ifNode = (condition: string, outputs: string[], yes = double, no = negate) =>
  node("If", [condition], outputs, { then_branch: yes, else_branch: no });

describe("a condition that comes at run time chooses", () => {
  const inputs = { c: ["bool"], x: ["f32", 2] } as const;

  test("between branches that read values around them", () => {
    const model: Written = { inputs, nodes: [ifNode("c", ["y"])], outputs: ["y"] };
    expect(run(model, { c: [1], x: [3, -4] })).toEqual([[6, -8]]);
    expect(run(model, { c: [0], x: [3, -4] })).toEqual([[-3, 4]]);
  });

  test("between several results, constants of a branch and values around it", () => {
    const yes = branch([], ["x", "k"], [floatTensor("k", [2], Float32Array.of(7, 8))]);
    const no = branch([node("Neg", ["x"], ["k"])], ["k", "k"]);
    const model: Written = { inputs, nodes: [ifNode("c", ["y", "z"], yes, no)], outputs: ["z", "y"] };
    expect(run(model, { c: [1], x: [3, -4] })).toEqual([
      [7, 8],
      [3, -4],
    ]);
    expect(run(model, { c: [0], x: [3, -4] })).toEqual([
      [-3, 4],
      [-3, 4],
    ]);
  });

  test("in branches of branches, by a condition of one element", () => {
    const inner = branch([{ ...ifNode("d", ["inside"]), name: "inner" }], ["inside"]);
    const model: Written = {
      inputs: { c: ["bool", 1], d: ["bool", 1], x: ["f32", 2] },
      nodes: [ifNode("c", ["y"], inner, branch([], ["x"])), node("Mul", ["y", "y"], ["square"])],
      outputs: ["y", "square"],
    };
    expect(run(model, { c: [1], d: [1], x: [3, 4] })[0]).toEqual([6, 8]);
    expect(run(model, { c: [1], d: [0], x: [3, 4] })[0]).toEqual([-3, -4]);
    expect(run(model, { c: [0], d: [0], x: [3, 4] })).toEqual([
      [3, 4],
      [9, 16],
    ]);
  });

  test("between numbers that are not finite, of which the other branch's do not matter", () => {
    const yes = branch([node("Div", ["x", "x"], ["ratio"])], ["ratio"]);
    const model: Written = { inputs, nodes: [ifNode("c", ["y"], yes)], outputs: ["y"] };
    expect(run(model, { c: [0], x: [0, 1] })).toEqual([[-0, -1]]);
    expect(run(model, { c: [1], x: [0, 1] })).toEqual([[Number.NaN, 1]]);
  });

  test("between 64-bit integers, whose range is that of both", () => {
    const constants = (name: string, value: number) => branch([], [name], [integerTensor(name, [value])]);
    const nodes = [
      ifNode("c", ["k"], constants("p", 2 ** 30), constants("q", 5)),
      node("Add", ["k", "k"], ["y"]),
    ];
    expect(refusal({ inputs, nodes, outputs: ["y"] })).toMatch(/64-bit integers from 10 to 2147483648/);
  });

  test("but not between results of other shapes or types, or by a vector", () => {
    const [longer, integer] = [
      branch([node("Concat", ["x", "x"], ["twice"], { axis: 0 })], ["twice"]),
      branch([], ["k"], [integerTensor("k", [1, 2])]),
    ];
    expect(refusal({ inputs, nodes: [ifNode("c", ["y"], longer)], outputs: ["y"] })).toBe(
      'If "if" returns "y" as f32 [4] or as f32 [2], depending on its condition, which cannot be compiled.',
    );
    expect(refusal({ inputs, nodes: [ifNode("c", ["y"], integer)], outputs: ["y"] })).toMatch(
      /as i32 \[2\] or as f32 \[2\]/,
    );
    const vector: Written = {
      inputs: { ...inputs, c: ["bool", 2] },
      nodes: [ifNode("c", ["y"])],
      outputs: ["y"],
    };
    expect(refusal(vector)).toMatch(/has the condition bool \[2\]; expected one bool/);
  });
});

describe("a condition that is known at compile time", () => {
  test("leaves the other branch out, whatever it contains", () => {
    const impossible = branch([node("Unheard", ["x"], ["a"]), node("Concat", ["x", "a"], ["b"])], ["b"]);
    const model: Written = {
      inputs: { x: ["f32", 2, 3] },
      initializers: [integerTensor("two", [2])],
      nodes: [
        node("Shape", ["x"], ["shape"], { end: 1 }),
        node("Equal", ["shape", "two"], ["c"]),
        ifNode("c", ["y"], negate, impossible),
      ],
      outputs: ["y"],
    };
    expect(run(model, { x: [1, 2, 3, 4, 5, 6] })).toEqual([[-1, -2, -3, -4, -5, -6]]);
    const { graph } = compileOnnx(onnx(model));
    expect(graph.nodes.map(({ op }) => op)).toEqual(["neg", "reshape"]);
  });

  test("may be computed by any operator that the compiler has", () => {
    const model: Written = {
      inputs: { x: ["f32", 2, 3] },
      initializers: [integerTensor("two", [2])],
      nodes: [
        node("Shape", ["x"], ["shape"], { end: 1 }),
        node("Mod", ["shape", "two"], ["odd"]),
        node("Cast", ["odd"], ["isOdd"], { to: 9 }),
        node("Not", ["isOdd"], ["isEven"]),
        node("Squeeze", ["isEven"], ["c"]),
        ifNode(
          "c",
          ["y"],
          negate,
          branch([node("Squeeze", ["x"], ["s"]), node("Unheard", ["s"], ["u"])], ["u"]),
        ),
      ],
      outputs: ["y"],
    };
    expect(run(model, { x: [1, 2, 3, 4, 5, 6] })).toEqual([[-1, -2, -3, -4, -5, -6]]);
  });

  test("may be computed from an input that always is one number", () => {
    const model: Written = {
      inputs: { rate: ["i64"], x: ["f32", 1] },
      initializers: [integerTensor("wide", 16000)],
      nodes: [node("Equal", ["rate", "wide"], ["c"]), ifNode("c", ["y"])],
      outputs: ["y"],
    };
    const at = (rate: number) => compileOnnx(onnx(model), { constants: new Map([["rate", rate]]) });
    expect(at(16000).inputs.map(({ name }) => name)).toEqual(["x"]);
    expect([...(runLibrary(at(16000), new Map([["x", [4]]]))[0] ?? [])]).toEqual([8]);
    expect([...(runLibrary(at(8000), new Map([["x", [4]]]))[0] ?? [])]).toEqual([-4]);
    expect(() => at(0.5)).toThrow('The input "rate" cannot be 0.5: it is i64.');
    expect(() => at(2 ** 31)).toThrow('The input "rate" cannot be 2147483648: it is i64.');
    const lost = { constants: new Map([["speed", 1]]) };
    expect(() => compileOnnx(onnx(model), lost)).toThrow('no input "speed" that could hold a constant');
    const both = { constants: new Map([["x", 1]]), states: [{ output: "y", input: "x" }] };
    expect(() => compileOnnx(onnx({ ...model, outputs: ["y", "c"] }), both)).toThrow(
      'The input "x" cannot be both a constant and a state.',
    );
  });

  test("decides the shape of the result", () => {
    const squeezed = branch([node("Squeeze", ["x"], ["s"])], ["s"]);
    const model: Written = {
      inputs: { x: ["f32", 1, 2] },
      initializers: [{ ...integerTensor("c", 1), dataType: 9, int64Data: [], int32Data: [1] }],
      nodes: [ifNode("c", ["y"], squeezed, branch([], ["x"]))],
      outputs: ["y"],
    };
    expect(compileOnnx(onnx(model)).outputs[0]?.shape).toEqual([2]);
  });
});

describe("refuses", () => {
  const inputs = { c: ["bool"], x: ["f32", 2] } as const;

  test("operators of all branches in one list, and loops", () => {
    const body = branch([node("Neg", ["x"], ["n"])], ["n"]);
    const yes = branch([node("Sinh", ["x"], ["a"]), node("Sinh", ["a"], ["b"])], ["b"]);
    const no = branch([node("Sinh", ["x"], ["a"]), node("Neg", ["a"], ["b"])], ["b"]);
    const nodes = [
      node("Loop", ["", "c", "x"], ["l"], { body }),
      node("Scan", ["x"], ["s"], { body, num_scan_inputs: 1 }),
      ifNode("c", ["y"], yes, no),
    ];
    expect(refusal({ inputs, nodes, outputs: ["y"] })).toMatch(
      /operators that cannot be compiled:\n {2}Loop: 1 node, "loop"\n {2}Scan: 1 node, "scan"\n {2}Sinh: 3 nodes, .*$/,
    );
  });

  test("branches that return another number of values, read what does not exist, or are missing", () => {
    const two = branch([], ["x", "x"]);
    expect(refusal({ inputs, nodes: [ifNode("c", ["y"], two)], outputs: ["y"] })).toMatch(
      /returns 1 values, and its then_branch returns 2/,
    );
    const lost = branch([node("Neg", ["nowhere"], ["n"])], ["n"]);
    expect(refusal({ inputs, nodes: [ifNode("c", ["y"], lost)], outputs: ["y"] })).toMatch(
      /uses "nowhere", which no earlier node produces/,
    );
    expect(refusal({ inputs, nodes: [ifNode("c", ["y"], branch([], ["nothing"]))], outputs: ["y"] })).toMatch(
      /no node produces the output "nothing"/,
    );
    const half = node("If", ["c"], ["y"], { then_branch: double });
    expect(refusal({ inputs, nodes: [half], outputs: ["y"] })).toMatch(/If "if" lacks a branch/);
  });

  test("a value of a branch outside it", () => {
    const nodes = [ifNode("c", ["y"]), node("Neg", ["doubled"], ["z"])];
    expect(refusal({ inputs, nodes, outputs: ["z"] })).toMatch(
      /uses "doubled", which no earlier node produces/,
    );
  });

  test("branches that are nested too deep", () => {
    let nested = double;
    for (let depth = 0; depth < 20; depth++) nested = branch([ifNode("c", ["deep"], nested)], ["deep"]);
    expect(refusal({ inputs, nodes: [ifNode("c", ["y"], nested)], outputs: ["y"] })).toMatch(
      /graphs are nested more than 16 deep/,
    );
  });
});

import { describe, expect, test } from "vitest";
import { compile } from "../../../../../../detectors/compiler/compile.ts";
import { explain } from "../../../../../../detectors/compiler/explain.ts";
import { print } from "../../../../../../detectors/compiler/graph/print.ts";
import {
  decodeModel,
  encodeModel,
  type OnnxGraph,
  type OnnxNode,
} from "../../../../../../detectors/compiler/import/onnx/schema.ts";
import { ModelError } from "../../../../../../detectors/errors.ts";
import { seeded } from "../../../../../support/base/seeded.ts";
import { importOnnx } from "../../../../../support/models/import-detector.ts";
import { smallYolov5 } from "../../../../../support/models/yolov5-onnx.ts";

const good = smallYolov5();
const dynamic = smallYolov5({ dynamic: true, resize: "sizes", constants: "nodes" });

/** The ModelError of the import; any other error fails the test. */
function refusal(bytes: Uint8Array): ModelError | undefined {
  try {
    importOnnx(bytes, { name: "hostile" });
    return undefined;
  } catch (error) {
    if (error instanceof ModelError) return error;
    throw error;
  }
}

function edited(edit: (graph: OnnxGraph) => OnnxGraph, bytes = good): Uint8Array {
  const model = decodeModel(bytes);
  if (!model.graph) throw new Error("no graph");
  return encodeModel({ ...model, graph: edit(model.graph) });
}

/** The file with its first node of this type changed. */
function withNode(opType: string, edit: (node: OnnxNode) => OnnxNode, bytes = good): Uint8Array {
  return edited((graph) => {
    const index = graph.node.findIndex((node) => node.opType === opType);
    const node = graph.node[index];
    if (!node) throw new Error(`no ${opType}`);
    return { ...graph, node: graph.node.with(index, edit(node)) };
  }, bytes);
}

function withInts(node: OnnxNode, name: string, ints: readonly number[]): OnnxNode {
  return { ...node, attribute: node.attribute.map((a) => (a.name === name ? { ...a, ints } : a)) };
}

function withText(node: OnnxNode, name: string, text: string): OnnxNode {
  const attribute = { name, type: 3, s: new TextEncoder().encode(text), floats: [], ints: [] };
  return { ...node, attribute: [...node.attribute.filter((other) => other.name !== name), attribute] };
}

function withInput(dims: readonly number[]): Uint8Array {
  return edited((graph) => ({
    ...graph,
    input: graph.input.map((input) => ({
      ...input,
      type: { tensorType: { elemType: 1, shape: { dim: dims.map((dimValue) => ({ dimValue })) } } },
    })),
  }));
}

describe("a name in an ONNX file", () => {
  const forged = "x\u001b[2J\n  → run this\u202e";
  /** All values and nodes have this name, followed by a number. */
  const renamed = edited((graph) => {
    const numbers = new Map<string, string>();
    const name = (old: string) => {
      const known = numbers.get(old) ?? `${forged}${numbers.size}`;
      numbers.set(old, known);
      return known;
    };
    return {
      ...graph,
      input: graph.input.map((input) => ({ ...input, name: name(input.name ?? "") })),
      output: graph.output.map((output) => ({ ...output, name: name(output.name ?? "") })),
      initializer: graph.initializer.map((tensor) => ({ ...tensor, name: name(tensor.name ?? "") })),
      node: graph.node.map((node) => ({
        ...node,
        name: `${node.name}${forged}`,
        input: node.input.map((input) => (input === "" ? "" : name(input))),
        output: node.output.map(name),
      })),
    };
  });
  const clean = (text: string) => expect(text).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}]|^ {2}→/mu);

  test("cannot start a line of its own in an error or control the terminal", () => {
    const unknown = withNode("Sigmoid", (n) => ({ ...n, opType: `Evil${forged}` }), renamed);
    const { message = "" } = refusal(unknown) ?? {};
    expect(message).toContain("operators that cannot be compiled for a detector:\n    Evil");
    clean(message);
    clean(refusal(withNode("Sigmoid", (n) => ({ ...n, input: n.output }), renamed))?.message ?? "\u0000");
    const error = new ModelError("a\nb", "c\nd", { list: ["e\nf"] }).of("/m.onnx");
    expect([error.message, error.remedy]).toEqual(["/m.onnx: a\uFFFDb\n  e\uFFFDf", "c\uFFFDd"]);
  });

  test("is stripped of control characters in --print, --explain and the module", () => {
    const { graph } = importOnnx(renamed, { name: "hostile" });
    expect(
      graph.nodes.some(({ output }) => output.includes("\u001b")),
      "the graph itself has them",
    ).toBe(true);
    clean(print(graph));
    const source = { format: "onnx", sha256: "0".repeat(64), licence: "MIT" } as const;
    const compiled = compile({ task: "detect", name: "hostile", labels: ["a", "b"], graph }, { source });
    for (const { output } of explain(compiled, "simd128")) clean(output);
    const module = new WebAssembly.Module(Uint8Array.from(compiled.bytes));
    const [names = new ArrayBuffer()] = WebAssembly.Module.customSections(module, "name");
    expect(Buffer.from(names).toString()).not.toContain("[2J\n");
  });
});

describe("a damaged or hostile ONNX file is refused", () => {
  test("wherever it is truncated", () => {
    for (let i = 0; i < 60; i++) {
      expect(refusal(good.subarray(0, Math.floor((good.length * i) / 60))), `cut at ${i}/60`).toBeDefined();
    }
  });

  test.each([
    ["static", good],
    ["dynamic", dynamic],
  ])("or imported, but never crashes, whichever bytes of a %s model are changed", (_, bytes) => {
    const next = seeded(1);
    let refused = 0;
    for (let round = 0; round < 300; round++) {
      const mutated = Uint8Array.from(bytes);
      for (let i = 0; i < 3; i++) mutated[Math.floor(next() * mutated.length)] = Math.floor(next() * 256);
      if (refusal(mutated)) refused++;
    }
    expect(refused).toBeGreaterThan(0);
  });

  test.each([
    ["no bytes", new Uint8Array(), /has no graph/],
    ["no protobuf", new TextEncoder().encode("<html>not found</html>"), /not an ONNX file|has no graph/],
    [
      "a node that uses its own output",
      withNode("Sigmoid", (n) => ({ ...n, input: n.output })),
      /no earlier node produces/,
    ],
    [
      "a value with two producers",
      edited((g) => ({ ...g, node: g.node.flatMap((n) => [n, n]) })),
      /an earlier node already does/,
    ],
    ["no nodes", edited((g) => ({ ...g, node: [], output: [] })), /no convolution/],
    ["no outputs", edited((g) => ({ ...g, output: [] })), /no convolution/],
    ["no input", edited((g) => ({ ...g, input: [] })), /no earlier node produces/],
    ["an input of four channels", withInput([1, 4, 64, 96]), /expected one input \[1, 3, height, width\]/],
    ["a batch size of four", withInput([4, 3, 64, 96]), /batch size of 4/],
    ["an input of absurd size", withInput([1, 3, 2 ** 40, 2 ** 40]), /multiples of 32/],
    ["an input of negative size", withInput([1, 3, -64, 96]), /multiples of 32/],
    ["a large input", withInput([1, 3, 8192, 8192]), /cannot|larger|absurd|not a YOLOv5/i],
    ["a stride of zero", withNode("Conv", (n) => withInts(n, "strides", [0, 0])), /positive integers/],
    ["endless padding", withNode("Conv", (n) => withInts(n, "pads", [2 ** 52, 0, 0, 0])), /./],
    ["a pool of size zero", withNode("MaxPool", (n) => withInts(n, "kernel_shape", [0, 0])), /./],
    [
      "a convolution without weights",
      withNode("Conv", (n) => ({ ...n, input: n.input.slice(0, 1) })),
      /expected weights/,
    ],
    ["a convolution without output", withNode("Conv", (n) => ({ ...n, output: [] })), /./],
    [
      "an invalid permutation",
      withNode("Transpose", (n) => withInts(n, "perm", [0, 0, 0, 0, 9])),
      /reorders/,
    ],
    [
      "depthwise convolutions",
      withNode("Conv", (n) => ({
        ...n,
        attribute: n.attribute.map((a) => (a.name === "group" ? { ...a, i: 3 } : a)),
      })),
      /Conv with groups/,
    ],
    [
      "a rounding with the name of a JavaScript property",
      withNode("Resize", (n) => withText(n, "nearest_mode", "__proto__")),
      /rounds coordinates/,
    ],
    [
      "coordinates with the name of a JavaScript function",
      withNode("Resize", (n) => withText(n, "coordinate_transformation_mode", "toString")),
      /Resize with toString: 1 node/,
    ],
    [
      "a foreign operator domain",
      withNode("Sigmoid", (n) => ({ ...n, domain: "com.example" })),
      /com\.example\.Sigmoid: 1 node/,
    ],
    [
      "weights in another file",
      edited((g) => ({ ...g, initializer: g.initializer.map((t) => ({ ...t, dataLocation: 1 })) })),
      /another file/,
    ],
    [
      "weights of absurd size",
      edited((g) => ({ ...g, initializer: g.initializer.map((t) => ({ ...t, dims: [2 ** 31, 2 ** 31] })) })),
      /too large to be computed/,
    ],
    [
      "weights of negative size",
      edited((g) => ({ ...g, initializer: g.initializer.map((t) => ({ ...t, dims: [-1, -16] })) })),
      /impossible sizes \[-1, -16\]/,
    ],
    [
      "weights that are too short",
      edited((g) => ({
        ...g,
        initializer: g.initializer.map((t) => ({
          ...t,
          rawData: t.rawData?.subarray(3) ?? new Uint8Array(),
        })),
      })),
      /expected \d+/,
    ],
    [
      "weights of strings",
      edited((g) => ({ ...g, initializer: g.initializer.map((t) => ({ ...t, dataType: 8 })) })),
      /elements of string/,
    ],
  ])("that contains %s", (_, bytes, message) => {
    expect(refusal(bytes)?.message).toMatch(message);
  });

  test("or imported, but never crashes, however its nodes are mixed up", () => {
    const next = seeded(2);
    const pick = <T>(list: readonly T[]): T | undefined => list[Math.floor(next() * list.length)];
    const numbers = [-(2 ** 53), -7, -1, 0, 1, 2, 3, 5, 1000, 2 ** 31, 2 ** 53];
    let refused = 0;
    for (let round = 0; round < 150; round++) {
      const mixed = edited(
        (graph) => {
          const others = graph.node;
          const index = Math.floor(next() * others.length);
          const before = others.slice(0, index).flatMap(({ output }) => output);
          const node = others[index];
          if (!node) return graph;
          const changes: (() => Partial<OnnxNode>)[] = [
            () => ({ opType: pick(others)?.opType ?? "" }),
            () => ({ input: node.input.map((name) => (next() < 0.5 ? (pick(before) ?? name) : name)) }),
            () => ({ input: node.input.slice(1) }),
            () => ({ attribute: pick(others)?.attribute ?? [] }),
            () => ({
              attribute: node.attribute.map((a) => ({
                ...a,
                ints: a.ints.map(() => pick(numbers) ?? 0),
                i: pick(numbers) ?? 0,
              })),
            }),
          ];
          return { ...graph, node: others.with(index, { ...node, ...pick(changes)?.() }) };
        },
        round % 2 === 0 ? good : dynamic,
      );
      if (refusal(mixed)) refused++;
    }
    expect(refused).toBeGreaterThan(40);
  });

  test("that contains an endless range", () => {
    const endless = withNode(
      "Range",
      (node) => ({ ...node, input: [node.input[0] ?? "", node.input[1] ?? "", node.input[0] ?? ""] }),
      dynamic,
    );
    expect(refusal(endless)?.message).toMatch(/impossible sizes \[Infinity\]/);
  });
});

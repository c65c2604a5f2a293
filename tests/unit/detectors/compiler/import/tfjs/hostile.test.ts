import { describe, expect, test } from "vitest";
import { isTfjs, tfjsShards } from "../../../../../../detectors/compiler/import/tfjs/schema.ts";
import { ModelError } from "../../../../../../detectors/errors.ts";
import { seeded } from "../../../../../support/base/seeded.ts";
import { importTfjs } from "../../../../../support/models/import-detector.ts";
import {
  integers,
  type SmallCenterNet,
  type TfjsFiles,
  tfjsFiles,
  type WrittenModel,
  type WrittenNode,
  windowAttributes,
  writeCenterNet,
} from "../../../../../support/models/tfjs-writer.ts";

const body: SmallCenterNet["body"] = (writer, image) => {
  const x = writer.add("Mul", "scaled", [image, writer.number("scale", 1 / 255)]);
  const weights = writer.seeded("weights", [3, 3, 3, 4]);
  const half = writer.add("Conv2D", "half", [x, weights], windowAttributes(2, "SAME"));
  const large = writer.add("ResizeBilinear", "large", [half, writer.integers("size", [8, 8])]);
  return { map: writer.add("AddV2", "sum", [large, writer.mix("wide", x, 3, 4)]), channels: 4 };
};
const good = (): { model: WrittenModel; weights: Uint8Array } =>
  writeCenterNet({ height: 8, width: 8, body });

/** The ModelError of the import; any other error fails the test. */
function refusal({ json, shards }: TfjsFiles): ModelError | undefined {
  try {
    importTfjs(json, shards, { name: "hostile" });
    return undefined;
  } catch (error) {
    if (error instanceof ModelError) return error;
    throw error;
  }
}

/** The importer's error message for a changed model. */
function refusalOf(
  edit: (model: WrittenModel, node: (name: string) => WrittenNode) => void,
): string | undefined {
  const written = good();
  edit(written.model, (name) => {
    const node = written.model.modelTopology.node.find((candidate) => candidate.name === name);
    if (!node) throw new Error(`no node ${name}`);
    return node;
  });
  return refusal(tfjsFiles(written))?.message;
}

function weight(model: WrittenModel, name: string) {
  const found = model.weightsManifest[0]?.weights.find((candidate) => candidate.name === name);
  if (!found) throw new Error(`no weight ${name}`);
  return found;
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("the model that all cases change", () => {
  test("is valid", () => expect(refusal(tfjsFiles(good()))).toBeUndefined());
});

describe("a damaged or hostile TensorFlow.js model is refused", () => {
  test("wherever its model.json is truncated", () => {
    const { json, shards } = tfjsFiles(good());
    for (let i = 0; i < 40; i++) {
      const cut = json.subarray(0, Math.floor((json.length * i) / 40));
      expect(refusal({ json: cut, shards })?.message, `cut at ${i}/40`).toMatch(/Cannot read/);
    }
  });

  test("when it is other JSON or not text", () => {
    const { shards } = tfjsFiles(good());
    for (const json of ["null", "[]", "1", "{}", '{"modelTopology": {}}', '{"modelTopology": {"node": 3}}']) {
      expect(refusal({ json: bytes(json), shards }), json).toBeDefined();
    }
    expect(refusal({ json: Uint8Array.of(0xff, 0xfe, 0x7b), shards })).toBeDefined();
    expect(
      refusal({ json: bytes('{"modelTopology": {"node": []}, "weightsManifest": []}'), shards }),
    ).toBeDefined();
  });

  test("when it is a layers model, with a remedy", () => {
    const layers = '{"format": "layers-model", "modelTopology": {"model_config": {}}, "weightsManifest": []}';
    const refused = refusal({ json: bytes(layers), shards: new Map() });
    expect(refused?.message).toMatch(/is a Keras layers model/);
    expect(refused?.remedy).toMatch(/--output_format=tfjs_graph_model/);
  });

  test("when a weight file is missing, too short or too long", () => {
    const { json, shards } = tfjsFiles(good());
    const data = shards.get("weights.bin") ?? new Uint8Array();
    expect(refusal({ json, shards: new Map() })?.message).toMatch(/"weights.bin" is missing/);
    for (const length of [0, 1, data.length - 1]) {
      const short = new Map([["weights.bin", data.subarray(0, length)]]);
      expect(refusal({ json, shards: short })?.message).toMatch(/but weights.bin holds/);
    }
    const long = new Map([["weights.bin", Buffer.concat([data, Buffer.alloc(1)])]]);
    expect(refusal({ json, shards: long })?.message).toMatch(/expected \d+ bytes of weights/);
  });

  test("when its nodes form a cycle", () => {
    expect(
      refusalOf((_, node) => {
        node("scaled").input = ["sum", "scale"];
      }),
    ).toMatch(/depends on its own output/);
    expect(
      refusalOf((_, node) => {
        node("half").input[0] = "half";
      }),
    ).toMatch(/"half" depends on its own output/);
  });

  test("when a node is missing or exists twice", () => {
    expect(
      refusalOf((_, node) => {
        node("half").input[0] = "nowhere";
      }),
    ).toMatch(/uses "nowhere", which no node produces/);
    expect(
      refusalOf(({ modelTopology }, node) => {
        modelTopology.node.push(node("half"));
      }),
    ).toMatch(/two nodes named "half"/);
  });

  test.each([
    ["scaled", ["half", "scale"]],
    ["half", ["scaled"]],
    ["half", []],
    ["half", ["weights", "weights"]],
    ["half", ["scaled", "scaled"]],
    ["half", ["scaled:1", "weights"]],
    ["large", ["half", "weights"]],
    ["sum", ["large", "half"]],
    ["sum", ["scale", "size"]],
    ["sum", ["large", "weights"]],
    ["top", ["flat"]],
    ["top", ["flat", "last"]],
    ["top", ["boxes", "top/k"]],
    ["sides", ["table", "cell", "last"]],
    ["table", ["sizes", "last"]],
    ["boxes/joined", ["last"]],
    ["boxes/joined", ["x1", "table", "last"]],
  ])("when the inputs of %s are %j", (name, input) => {
    expect(
      refusalOf((_, node) => {
        node(name).input = input;
      }),
    ).toBeDefined();
  });

  test.each<[string, number[]]>([
    ["weights", [3, 3, 3, -4]],
    ["weights", [2 ** 30, 2 ** 30, 3, 4]],
    ["weights", [3, 3, 3.5, 4]],
    ["weights", [0, 0, 3, 4]],
    ["weights", [108]],
    ["weights", [1, 1, 1, 108]],
    ["size", [1]],
  ])("when the shape of the weight %s is %j", (name, shape) => {
    expect(
      refusalOf((model) => {
        weight(model, name).shape = shape;
      }),
    ).toBeDefined();
  });

  test("when a weight has an unknown type, or is quantised without min and scale", () => {
    const spoilt = (dtype: string, quantization?: Record<string, unknown>): string | undefined =>
      refusalOf((model) => {
        Object.assign(weight(model, "weights"), quantization ? { dtype, quantization } : { dtype });
      });
    expect(spoilt("string")).toMatch(/"weights" is of type string/);
    expect(spoilt("complex64")).toMatch(/not supported/);
    expect(spoilt("float32", { dtype: "uint4", min: 0, scale: 1 })).toMatch(/stored as uint4/);
    expect(spoilt("float32", { dtype: "uint8" })).toMatch(/without min and scale/);
  });

  test.each([
    [0, 0],
    [-1, -1],
    [1e9, 1e9],
    [65, 65],
  ])("when a convolution has the stride %j", (rows, columns) => {
    expect(
      refusalOf((_, node) => {
        node("half").attr.strides = integers(1, rows, columns, 1);
      }),
    ).toMatch(/Conv2D with strides/);
  });

  test.each([
    [1e6, 1e6],
    [1e15, 1e15],
    [0, 8],
    [8, 0],
  ])("when its input is %j×%j", (height, width) => {
    expect(
      refusalOf((_, node) => {
        const dim = [1, height, width, 3].map((size) => ({ size: String(size) }));
        node("image").attr.shape = { shape: { dim } };
      }),
    ).toBeDefined();
  });

  test("when it enlarges its maps to an absurd size", () => {
    const written = good();
    const words = new Int32Array(written.weights.buffer);
    const at = words.findIndex((word, index) => word === 8 && words[index + 1] === 8);
    words.fill(4 * 2 ** 20, at, at + 2);
    expect(refusal(tfjsFiles(written))?.message).toMatch(/too large to be computed/);
  });

  test("when its chain of nodes is longer than the engine's stack", () => {
    expect(
      refusalOf(({ modelTopology }, node) => {
        for (let i = 0; i < 200_000; i++) {
          const input = [i === 199_999 ? "scaled" : `deep${i + 1}`];
          modelTopology.node.push({ name: `deep${i}`, op: "Unheard", input, attr: {} });
        }
        node("half").input[0] = "deep0";
      }),
    ).toMatch(/Unheard: 200000 nodes, "deep199999"/);
  });

  test("when its names clash with internal names", () => {
    const rename = (from: string, to: string): string | undefined => {
      const text = JSON.stringify(good().model).replaceAll(`"${from}"`, `"${to}"`);
      return refusal({ json: bytes(text), shards: tfjsFiles(good()).shards })?.message;
    };
    for (const name of ["__proto__", "constructor", "toString", "half.weights.2", "detections", "frame"]) {
      expect(rename("half", name), name).toBeUndefined();
    }
    for (const name of ["sum", "image.pixels", "large.weights"]) rename("half", name);
    expect(({} as Record<string, unknown>).name).toBeUndefined();
    expect(rename("sum", "image.pixels")).toMatch(/exists already/);
  });

  test("or imported, but never crashes, however its nodes are mixed up", () => {
    const next = seeded(11);
    const pick = <T>(items: readonly T[]): T | undefined => items[Math.floor(next() * items.length)];
    let refused = 0;
    for (let round = 0; round < 150; round++) {
      const message = refusalOf(({ modelTopology: { node: nodes } }) => {
        const [a, b] = [pick(nodes), pick(nodes)];
        if (!a || !b) return;
        const kind = Math.floor(next() * 4);
        if (kind === 0) a.op = b.op;
        if (kind === 1) a.input = [...b.input];
        if (kind === 2 && a.input.length > 0) a.input[Math.floor(next() * a.input.length)] = b.name;
        if (kind === 3) a.attr = b.attr;
      });
      if (message !== undefined) refused++;
    }
    expect(refused).toBeGreaterThan(60);
  });
});

describe("weight files are read only beside model.json", () => {
  const naming = (...paths: string[]): Uint8Array => {
    const { model } = good();
    const [group] = model.weightsManifest;
    if (group) group.paths = paths;
    return bytes(JSON.stringify(model));
  };

  test("by plain names, in the order of the manifest", () => {
    expect(tfjsShards(naming("b.bin", "a.bin"))).toEqual(["b.bin", "a.bin"]);
  });

  test.each(["../weights.bin", "/etc/passwd", "..", ".", "", "a/b.bin", "a\\b.bin", "c:b.bin", "a\0.bin"])(
    "never as %j",
    (path) => {
      expect(() => tfjsShards(naming(path))).toThrow(ModelError);
    },
  );
});

describe("a model.json is recognised by its contents", () => {
  test.each([
    ['{"format": "graph-model", "modelTopology": {}}', true],
    ['\uFEFF \n{"modelTopology": {}}', true],
    ['{"some": "json"}', false],
    ['"modelTopology"', false],
    ["", false],
  ])("%j", (text, expected) => {
    expect(isTfjs(bytes(text))).toBe(expected);
  });
});

import { InferenceSession, Tensor } from "onnxruntime-node";
import { describe, expect, test } from "vitest";
import { evaluate } from "../../../../../../detectors/compiler/ops/evaluate.ts";
import { runPasses } from "../../../../../../detectors/compiler/passes/index.ts";
import { seededBytes } from "../../../../../support/base/seeded.ts";
import { importOnnx } from "../../../../../support/models/import-detector.ts";
import { type SmallYolov5, smallYolov5 } from "../../../../../support/models/yolov5-onnx.ts";

const SCORE = 0.3;
/** No overlap is larger: nothing is suppressed, so that every decoded box can be compared. */
const IOU = 1;

type Row = readonly number[];

/** Boxes by onnxruntime's run of the exported decode: x1, y1, x2, y2, score, label, best first. */
async function boxesOfOnnxruntime(
  file: Uint8Array,
  image: Uint8Array,
  { width, height }: { width: number; height: number },
): Promise<Row[]> {
  const pixels = width * height;
  const planes = new Float32Array(image.length);
  for (let i = 0; i < image.length; i++) planes[(i % 3) * pixels + Math.floor(i / 3)] = (image[i] ?? 0) / 255;
  const session = await InferenceSession.create(file);
  const outputs = await session.run({ images: new Tensor("float32", planes, [1, 3, height, width]) });
  const boxes = outputs[session.outputNames[0] ?? ""];
  if (!(boxes?.data instanceof Float32Array)) throw new Error("onnxruntime gave no floats");
  const [, rows = 0, columns = 0] = boxes.dims;
  const found: Row[] = [];
  for (let row = 0; row < rows; row++) {
    const [cx = 0, cy = 0, w = 0, h = 0, objectness = 0, ...classes] = boxes.data.slice(
      row * columns,
      (row + 1) * columns,
    );
    const best = Math.max(...classes);
    if (objectness <= SCORE || objectness * best <= SCORE) continue;
    found.push([cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2, objectness * best, classes.indexOf(best)]);
  }
  return found.toSorted((a, b) => (b[4] ?? 0) - (a[4] ?? 0));
}

/** Boxes by the imported graph's references. */
function boxesOfGraph(file: Uint8Array, image: Uint8Array, size: { width: number; height: number }): Row[] {
  const graph = runPasses(importOnnx(file, { name: "small", size }).graph);
  const data = evaluate(graph, image, { score: SCORE, iou: IOU }).get(graph.outputs[0] ?? "")?.data ?? [];
  return Array.from({ length: 300 }, (_, row) => [...data.slice(row * 6, row * 6 + 6)]).filter(
    ([, , , , score = 0]) => score > 0,
  );
}

/** The largest distance of a box from its nearest counterpart: boxes with almost equal scores may be in any order. */
function furthest(got: readonly Row[], expected: readonly Row[]): number {
  const distance = (a: Row, b: Row): number =>
    Math.max(...a.map((value, i) => Math.abs(value - (b[i] ?? Infinity))));
  return Math.max(...got.map((row) => Math.min(...expected.map((other) => distance(row, other)))));
}

const variants: Record<string, SmallYolov5> = {
  "v7.0, static": {},
  "v6.0 with its raw heads as further outputs": { decode: "slice", opset: 12, rawOutputs: true },
  "v6.1 at opset 11": { decode: "slice", opset: 11 },
  "v6.2 at opset 12, not simplified": { opset: 12, constants: "nodes" },
  "v7.0 at opset 17, dynamic": { opset: 17, dynamic: true, constants: "nodes", resize: "sizes" },
  "v6.1 at opset 12, dynamic": { decode: "slice", opset: 12, dynamic: true, resize: "sizes" },
  "batch norms not folded": { batchNorm: true },
  "one class and two anchors": { classes: 1, anchors: 2 },
  "four scales (P6) at opset 18": { scales: 4, width: 128, height: 64, opset: 18 },
  "v7.0 at opset 19": { opset: 19 },
};

describe.each(Object.entries(variants))("a detector exported as %s", (_, variant) => {
  test("finds the same boxes as the exported decode in onnxruntime", async () => {
    const size = { width: variant.width ?? 96, height: variant.height ?? 64 };
    const file = smallYolov5(variant);
    const image = seededBytes(3, size.width * size.height * 3);
    const expected = await boxesOfOnnxruntime(file, image, size);
    const got = boxesOfGraph(file, image, size);
    expect(expected.length).toBeGreaterThan(10);
    expect(expected.length).toBeLessThan(300);
    expect(got.length).toBe(expected.length);
    expect(furthest(got, expected)).toBeLessThan(2e-3);
  });
});

describe("the input size", () => {
  test("may differ from the size in the exported decode", async () => {
    const size = { width: 64, height: 96 };
    const image = seededBytes(4, size.width * size.height * 3);
    const got = boxesOfGraph(smallYolov5(), image, size);
    const expected = await boxesOfOnnxruntime(smallYolov5(size), image, size);
    expect(got.length).toBe(expected.length);
    expect(got.length).toBeGreaterThan(10);
    expect(furthest(got, expected)).toBeLessThan(2e-3);
  });

  test("is the file's own by default", () => {
    const { graph } = importOnnx(smallYolov5(), { name: "small" });
    expect(graph.values.get(graph.inputs[0] ?? "")?.shape).toEqual([64, 96, 3]);
  });

  test("must be a multiple of the coarsest stride", () => {
    const options = { name: "small", size: { width: 96, height: 96 } };
    expect(() => importOnnx(smallYolov5({ scales: 4, width: 128, height: 64 }), options)).toThrow(
      /multiples of 64/,
    );
  });
});

describe("labels", () => {
  const labelsOf = (options: SmallYolov5): readonly string[] =>
    importOnnx(smallYolov5(options), { name: "small" }).labels;

  test.each([
    ["{0: 'person', 1: 'hot dog'}", ["person", "hot dog"]],
    ["['a', \"it's\"]", ["a", "it's"]],
    ['{1: "b", 0: "a",}', ["a", "b"]],
    ["['it\\'s \\\\', '\\xe9\\u00e8']", ["it's \\", "éè"]],
  ])("are read from the Python literal %s", (names, labels) => {
    expect(labelsOf({ metadata: { names } })).toEqual(labels);
  });

  test("are COCO's for 80 classes and numbered otherwise when the file names none", () => {
    expect(labelsOf({ classes: 80 }).slice(-2)).toEqual(["hair drier", "toothbrush"]);
    expect(labelsOf({})).toEqual(["class0", "class1"]);
  });

  test.each([
    ["['a']", /names 1 classes, but the head has 2/],
    ["{0: 'a', 2: 'b'}", /no name for class 1/],
    ["__import__('os').system('true')", /expected a list or a dict/],
    ["['a', open('/etc/passwd')]", /expected another name at "open/],
    ["['a' 'b']", /expected a name at/],
    ["['a', 'b'", /expected a list or a dict/],
  ])("are refused when the literal is %s", (names, message) => {
    expect(() => labelsOf({ metadata: { names } })).toThrow(message);
  });
});

describe("models that cannot be compiled", () => {
  const importing = (options: SmallYolov5) => () => importOnnx(smallYolov5(options), { name: "small" });

  test("are refused with all unsupported operators and their nodes", () => {
    expect(importing({ extra: "HardSwish" })).toThrow(/HardSwish: 1 node, "HardSwish_\d+"/);
    expect(importing({ extra: "Relu" })).toThrow(/Relu: 1 node/);
  });

  test("are refused for another head, with what was found instead", () => {
    expect(importing({ centreOffset: 0 })).toThrow(
      /YOLOv5 Detect \(v6, v7\): it is not as export\.py writes it.*first centre/s,
    );
  });
});

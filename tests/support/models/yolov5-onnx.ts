import { seededFloats } from "../base/seeded.ts";
import { type OnnxWriter, onnxFile, writeOnnx } from "./onnx-writer.ts";

/** Options of a small YOLOv5-like detector. Each choice exists in some version of export.py. */
export interface SmallYolov5 {
  readonly width?: number;
  readonly height?: number;
  readonly classes?: number;
  /** 3 scales of strides 8, 16, 32, or 4 with 64 (P6). */
  readonly scales?: 3 | 4;
  readonly anchors?: number;
  readonly opset?: number;
  /** `slice`: v6.0 and v6.1. `split`: v6.2 and v7.0. */
  readonly decode?: "slice" | "split";
  /** Leaves height and width open: the model computes shapes and grids. */
  readonly dynamic?: boolean;
  readonly constants?: "initializers" | "nodes";
  readonly resize?: "scales" | "sizes";
  readonly batchNorm?: boolean;
  /** Adds the heads' raw [1, anchors, height, width, 5 + classes] as outputs. */
  readonly rawOutputs?: boolean;
  readonly metadata?: Readonly<Record<string, string>>;
  /** Offset of a centre before the multiplication by the stride; −0.5 in YOLOv5. */
  readonly centreOffset?: number;
  /** An operator to insert behind the first convolution. */
  readonly extra?: string;
}

export const ANCHOR_SIDES = [10, 13, 16, 30, 33, 23, 30, 61, 62, 45, 59, 119, 116, 90, 156, 198] as const;

/** Writes the file. Its input is `images` [1, 3, height, width], its first output holds all boxes. */
export function smallYolov5(options: SmallYolov5 = {}): Uint8Array {
  const { width = 96, height = 64, dynamic = false, opset = 13, classes = 2, anchors = 3 } = options;
  const scales = options.scales ?? 3;
  const writer = writeOnnx(options.constants);
  const perBox = 5 + classes;
  const features = backbone(writer, options, scales);
  const rawOutputs: string[] = [];
  const boxes = features.map(({ value, channels, stride }, index) => {
    const logits = convolution(writer, value, channels, anchors * perBox, { seed: 500 + index, gain: 6 });
    const sides = ANCHOR_SIDES.slice(index * 2, index * 2 + anchors * 2);
    const cells = { columns: width / stride, rows: height / stride };
    const { decoded, raw } = decodeScale(
      writer,
      logits,
      { ...options, opset, anchors, perBox },
      cells,
      stride,
      sides,
    );
    rawOutputs.push(raw);
    return decoded;
  });
  const output = writer.add("Concat", boxes, { axis: 1 });
  return onnxFile(writer, {
    input: { name: "images", dims: dynamic ? [1, 3, "height", "width"] : [1, 3, height, width] },
    outputs: [output, ...(options.rawOutputs ? rawOutputs : [])],
    opset,
    metadata: options.metadata ?? {},
  });
}

interface Feature {
  readonly value: string;
  readonly channels: number;
  readonly stride: number;
}

/** Convolutions that halve the input, with residuals, and between the coarse scales a pool, an upsample and a concat. */
function backbone(writer: OnnxWriter, options: SmallYolov5, scales: number): Feature[] {
  const norm = options.batchNorm ?? false;
  let x = convolution(writer, "images", 3, 4, { stride: 2, kernel: 6, seed: 1, norm });
  if (options.extra) x = writer.add(options.extra, [x]);
  x = silu(writer, x);
  x = silu(writer, convolution(writer, x, 4, 4, { stride: 2, kernel: 3, seed: 2, norm }));
  const levels: Feature[] = [];
  for (let level = 0; level < scales; level++) {
    x = silu(
      writer,
      convolution(writer, x, level === 0 ? 4 : 6, 6, { stride: 2, kernel: 3, seed: 10 + level, norm }),
    );
    const inner = silu(writer, convolution(writer, x, 6, 6, { kernel: 3, seed: 20 + level, norm }));
    x = writer.add("Add", [x, inner]);
    levels.push({ value: x, channels: 6, stride: 8 * 2 ** level });
  }
  const [fine, ...coarse] = levels.toReversed().slice(1).toReversed();
  const last = levels.at(-1);
  const before = coarse.at(-1) ?? fine;
  if (!last || !before) throw new Error("too few scales");
  const pooled = writer.add("MaxPool", [last.value], {
    kernel_shape: [5, 5],
    strides: [1, 1],
    pads: [2, 2, 2, 2],
  });
  const joined = writer.add("Concat", [resize(writer, pooled, before.value, options), before.value], {
    axis: 1,
  });
  return levels.map((level) => (level === before ? { ...level, value: joined, channels: 12 } : level));
}

function resize(
  writer: OnnxWriter,
  x: string,
  like: string,
  { resize: kind = "scales", opset = 13 }: SmallYolov5,
): string {
  const attributes = { mode: "nearest", coordinate_transformation_mode: "asymmetric", nearest_mode: "floor" };
  const nothing = opset < 13 ? writer.floats([0], new Float32Array()) : "";
  if (kind === "scales") {
    return writer.add("Resize", [x, nothing, writer.floats([4], Float32Array.of(1, 1, 2, 2))], attributes);
  }
  // Like torch's interpolate(): the first two sizes are those of x, the last two are computed.
  const front = writer.add("Slice", [
    writer.add("Shape", [x]),
    writer.integers([0]),
    writer.integers([2]),
    writer.integers([0]),
  ]);
  const back = writer.add("Slice", [
    writer.add("Shape", [like]),
    writer.integers([2]),
    writer.integers([4]),
    writer.integers([0]),
  ]);
  const sizes = writer.add("Concat", [front, back], { axis: 0 });
  const noScales = opset < 13 ? writer.floats([0], new Float32Array()) : "";
  return writer.add("Resize", [x, nothing, noScales, sizes], attributes);
}

function silu(writer: OnnxWriter, x: string): string {
  return writer.add("Mul", [x, writer.add("Sigmoid", [x])]);
}

function convolution(
  writer: OnnxWriter,
  x: string,
  inputs: number,
  outputs: number,
  {
    kernel = 1,
    stride = 1,
    seed,
    norm = false,
    gain = 2,
  }: { kernel?: number; stride?: number; seed: number; norm?: boolean; gain?: number },
): string {
  const taps = inputs * kernel * kernel;
  const weights = writer.floats(
    [outputs, inputs, kernel, kernel],
    seededFloats(seed, outputs * taps, gain / Math.sqrt(taps)),
  );
  const vector = (offset: number, scale: number): Float32Array => seededFloats(seed + offset, outputs, scale);
  const bias = norm ? [] : [writer.floats([outputs], vector(1000, 0.5))];
  const pad = Math.floor((kernel - 1) / 2);
  const y = writer.add("Conv", [x, weights, ...bias], {
    kernel_shape: [kernel, kernel],
    strides: [stride, stride],
    pads: [pad, pad, pad, pad],
    dilations: [1, 1],
    group: 1,
  });
  if (!norm) return y;
  const statistics = [
    vector(2000, 2),
    vector(3000, 1),
    vector(4000, 1),
    vector(5000, 0.4).map((v) => v + 0.5),
  ].map((data) => writer.floats([outputs], data));
  return writer.add("BatchNormalization", [y, ...statistics], { epsilon: { float: 0.001 } });
}

type DecodeOptions = SmallYolov5 & { opset: number; anchors: number; perBox: number };

/** The decode of one scale, as the selected version of models/yolo.py writes it. */
export function decodeScale(
  writer: OnnxWriter,
  logits: string,
  options: DecodeOptions,
  { columns, rows }: { columns: number; rows: number },
  stride: number,
  sides: readonly number[],
): { decoded: string; raw: string } {
  const { anchors, perBox, opset, decode = "split", dynamic = false, centreOffset = -0.5 } = options;
  const shape = dynamic ? dynamicShape(writer, logits, opset) : undefined;
  const cut = shape
    ? writer.add(
        "Concat",
        [shape.batch, writer.integers([anchors]), writer.integers([perBox]), shape.rows, shape.columns],
        { axis: 0 },
      )
    : writer.integers([1, anchors, perBox, rows, columns]);
  const raw = writer.add("Transpose", [writer.add("Reshape", [logits, cut])], { perm: [0, 1, 3, 4, 2] });
  const y = writer.add("Sigmoid", [raw]);
  const grid = shape
    ? dynamicGrid(writer, shape, anchors, opset)
    : writer.floats([1, anchors, rows, columns, 2], staticGrid(anchors, rows, columns));
  const sizes = writer.floats([1, anchors, 1, 1, 2], Float32Array.from(sides));

  const [xy, wh, rest] =
    decode === "split" ? splitColumns(writer, y, perBox, opset) : sliceColumns(writer, y, perBox);
  const doubled = writer.add("Mul", [xy, writer.scalar(2)]);
  // v6.0 and v6.1 subtract half a cell in the decode, later versions in the grid.
  const moved = writer.add("Add", [doubled, writer.add("Add", [grid, writer.scalar(centreOffset)])]);
  const centres = writer.add("Mul", [moved, writer.scalar(stride)]);
  const squared = writer.add("Pow", [writer.add("Mul", [wh, writer.scalar(2)]), writer.scalar(2)]);
  const joined = writer.add("Concat", [centres, writer.add("Mul", [squared, sizes]), rest], { axis: 4 });
  const flat = shape
    ? writer.add("Concat", [shape.batch, writer.integers([-1]), writer.integers([perBox])], { axis: 0 })
    : writer.integers([1, anchors * rows * columns, perBox]);
  return { decoded: writer.add("Reshape", [joined, flat]), raw };
}

function splitColumns(
  writer: OnnxWriter,
  y: string,
  perBox: number,
  opset: number,
): [string, string, string] {
  const sizes = [2, 2, perBox - 4];
  const [xy = "", wh = "", rest = ""] =
    opset < 13
      ? writer.addMany("Split", [y], 3, { axis: 4, split: sizes })
      : writer.addMany("Split", [y, writer.integers(sizes)], 3, { axis: 4 });
  return [xy, wh, rest];
}

function sliceColumns(writer: OnnxWriter, y: string, perBox: number): [string, string, string] {
  const slice = (start: number, end: number): string =>
    writer.add("Slice", [
      y,
      writer.integers([start]),
      writer.integers([end]),
      writer.integers([4]),
      writer.integers([1]),
    ]);
  return [slice(0, 2), slice(2, 4), slice(4, perBox)];
}

/** x, y of every cell, repeated for every anchor. */
function staticGrid(anchors: number, rows: number, columns: number): Float32Array {
  return Float32Array.from({ length: anchors * rows * columns * 2 }, (_, i) => {
    const cell = Math.floor(i / 2) % (rows * columns);
    return i % 2 === 0 ? cell % columns : Math.floor(cell / columns);
  });
}

interface DynamicShape {
  readonly batch: string;
  readonly rows: string;
  readonly columns: string;
}

function unsqueeze(writer: OnnxWriter, x: string, axes: readonly number[], opset: number): string {
  return opset < 13
    ? writer.add("Unsqueeze", [x], { axes })
    : writer.add("Unsqueeze", [x, writer.integers(axes)]);
}

/** `bs, _, ny, nx = x.shape`, each as a vector of one element. */
function dynamicShape(writer: OnnxWriter, x: string, opset: number): DynamicShape {
  const size = (axis: number): string =>
    unsqueeze(writer, writer.add("Gather", [writer.add("Shape", [x]), writer.integers(axis)]), [0], opset);
  return { batch: size(0), rows: size(2), columns: size(3) };
}

/** `torch.stack(meshgrid(arange(ny), arange(nx)))` expanded to all anchors. */
function dynamicGrid(
  writer: OnnxWriter,
  { rows, columns }: DynamicShape,
  anchors: number,
  opset: number,
): string {
  const arange = (count: string): string => {
    const limit =
      opset < 13
        ? writer.add("Squeeze", [count], { axes: [0] })
        : writer.add("Squeeze", [count, writer.integers([0])]);
    const range = writer.add("Range", [writer.integers(0), limit, writer.integers(1)]);
    return writer.add("Cast", [range], { to: 1 });
  };
  const size = writer.add("Concat", [rows, columns], { axis: 0 });
  const one = writer.integers([1]);
  const y = writer.add("Reshape", [arange(rows), writer.add("Concat", [rows, one], { axis: 0 })]);
  const x = writer.add("Reshape", [arange(columns), writer.add("Concat", [one, columns], { axis: 0 })]);
  const planes = [x, y].map((axis) => unsqueeze(writer, writer.add("Expand", [axis, size]), [2], opset));
  const grid = writer.add("Concat", planes, { axis: -1 });
  const whole = writer.add("Concat", [one, writer.integers([anchors]), rows, columns, writer.integers([2])], {
    axis: 0,
  });
  return writer.add("Expand", [grid, whole]);
}

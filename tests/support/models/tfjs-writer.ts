/** Writes TensorFlow.js graph models node by node, like tensorflowjs_converter. */
import { seededFloats } from "../base/seeded.ts";

type Attribute = Readonly<Record<string, unknown>>;

/** One node of the topology in model.json. */
export interface WrittenNode {
  name: string;
  op: string;
  input: string[];
  attr: Record<string, Attribute>;
}

/** A model.json before serialisation, so that tests can damage it. */
export interface WrittenModel {
  modelTopology: { node: WrittenNode[]; versions: { producer: number } };
  weightsManifest: {
    paths: string[];
    weights: { name: string; shape: number[]; dtype: string; quantization?: Record<string, unknown> }[];
  }[];
  signature?: { outputs: Record<string, unknown> };
}

/** The files of a model. */
export interface TfjsFiles {
  readonly json: Uint8Array;
  readonly shards: ReadonlyMap<string, Uint8Array>;
}

/** A string attribute; protobuf's JSON writes bytes in base64. */
export const text = (value: string): Attribute => ({ s: Buffer.from(value).toString("base64") });
/** A list of integers; protobuf's JSON writes 64-bit numbers as strings. */
export const integers = (...values: number[]): Attribute => ({ list: { i: values.map(String) } });
/** A list of strings. */
export const texts = (...values: string[]): Attribute => ({
  list: { s: values.map((value) => Buffer.from(value).toString("base64")) },
});
/** A flag. */
export const flag = (b: boolean): Attribute => ({ b });

/** Attributes of a window. */
export function windowAttributes(stride: number, padding: "SAME" | "VALID"): Record<string, Attribute> {
  return {
    strides: integers(1, stride, stride, 1),
    dilations: integers(1, 1, 1, 1),
    padding: text(padding),
    data_format: text("NHWC"),
  };
}

/** Builds a model; every method that adds a node returns its name. */
export class TfjsWriter {
  readonly #model: WrittenModel = {
    modelTopology: { node: [], versions: { producer: 1 } },
    weightsManifest: [{ paths: ["weights.bin"], weights: [] }],
  };
  readonly #weights: Uint8Array[] = [];
  #seed = 0;

  add(op: string, name: string, input: string[], attr: Record<string, Attribute> = {}): string {
    this.#model.modelTopology.node.push({ name, op, input, attr });
    return name;
  }

  /** The input image, [1, height, width, 3]. */
  image(height: number, width: number): string {
    return this.input("image", [1, height, width, 3]);
  }

  /** An input of floats; −1 is a size that the file leaves open. */
  input(name: string, shape: readonly number[]): string {
    const dim = shape.map((size) => ({ size: String(size) }));
    return this.add("Placeholder", name, [], { dtype: { type: "DT_FLOAT" }, shape: { shape: { dim } } });
  }

  /** A constant of floats, or of 32-bit integers. */
  constant(name: string, shape: number[], data: Float32Array | Int32Array): string {
    const isFloat = data instanceof Float32Array;
    this.#model.weightsManifest[0]?.weights.push({ name, shape, dtype: isFloat ? "float32" : "int32" });
    this.#weights.push(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    return this.add("Const", name, [], { dtype: { type: isFloat ? "DT_FLOAT" : "DT_INT32" } });
  }

  /** A constant of random floats. */
  seeded(name: string, shape: number[], scale = 1): string {
    const count = shape.reduce((product, size) => product * size, 1);
    return this.constant(name, shape, seededFloats(++this.#seed, count, scale));
  }

  number(name: string, value: number): string {
    return this.constant(name, [], Float32Array.of(value));
  }

  /** 32-bit integers: a vector, or a scalar for a single number. */
  integers(name: string, values: number[] | number): string {
    return typeof values === "number"
      ? this.constant(name, [], Int32Array.of(values))
      : this.constant(name, [values.length], Int32Array.from(values));
  }

  /** A 1×1 convolution with random weights and bias. */
  mix(name: string, x: string, inputs: number, outputs: number): string {
    const scale = 1 / Math.sqrt(inputs);
    const weights = this.seeded(`${name}/weights`, [1, 1, inputs, outputs], scale);
    const bias = this.seeded(`${name}/bias`, [outputs], 0.5);
    const attr = { ...windowAttributes(1, "SAME"), fused_ops: texts("BiasAdd"), num_args: { i: "1" } };
    return this.add("_FusedConv2D", name, [x, weights, bias], attr);
  }

  /** The model as an object, and its weights as one run of bytes. */
  finish(outputs?: string[]): { model: WrittenModel; weights: Uint8Array } {
    if (outputs)
      this.#model.signature = { outputs: Object.fromEntries(outputs.map((name) => [name, { name }])) };
    return { model: this.#model, weights: new Uint8Array(Buffer.concat(this.#weights)) };
  }
}

/** The files of a model. The weights are split into as many files as the manifest names. */
export function tfjsFiles({ model, weights }: { model: WrittenModel; weights: Uint8Array }): TfjsFiles {
  const paths = model.weightsManifest.flatMap((group) => group.paths);
  const size = Math.ceil(weights.length / paths.length);
  const shards = new Map(paths.map((path, index) => [path, weights.slice(index * size, (index + 1) * size)]));
  return { json: new TextEncoder().encode(JSON.stringify(model)), shards };
}

/** Options of a CenterNet's tail. */
export interface TailOptions {
  readonly height: number;
  readonly width: number;
  readonly classes: number;
  readonly stride: number;
  readonly candidates: number;
}

/** Writes the nodes behind the maps `heat` and `sizes`, and returns the name of the boxes, [1, candidates, 6]. */
export function writeTail(
  writer: TfjsWriter,
  heat: string,
  sizes: string,
  { height, width, classes, stride, candidates }: TailOptions,
): string {
  const pool = writer.add("MaxPool", "pool", [heat], {
    ...windowAttributes(1, "SAME"),
    ksize: integers(1, 3, 3, 1),
  });
  const equal = writer.add("Equal", "equal", [heat, pool]);
  const mask = writer.add("Cast", "mask", [equal], { SrcT: { type: "DT_BOOL" }, DstT: { type: "DT_FLOAT" } });
  const peaks = writer.add("Mul", "peaks", [heat, mask]);
  const flat = writer.add("Reshape", "flat", [peaks, writer.integers("flat/shape", [1, -1])]);
  const top = writer.add("TopKV2", "top", [flat, writer.integers("top/k", candidates)], {
    sorted: flag(true),
  });
  const all = writer.integers("classes", classes);
  const cell = writer.add("FloorDiv", "cell", [`${top}:1`, all]);
  const label = writer.add("FloorMod", "label", [`${top}:1`, all]);
  const columns = writer.integers("columns", width);
  const floats = (name: string, value: string): string =>
    writer.add("Cast", name, [value], { SrcT: { type: "DT_INT32" }, DstT: { type: "DT_FLOAT" } });
  const last = writer.integers("last", -1);
  const column = (name: string, value: string): string => writer.add("ExpandDims", name, [value, last]);
  const y = column("y", floats("y/float", writer.add("FloorDiv", "row", [cell, columns])));
  const x = column("x", floats("x/float", writer.add("FloorMod", "column", [cell, columns])));
  const pixels = writer.number("stride", stride);
  const [px, py] = [writer.add("Mul", "px", [x, pixels]), writer.add("Mul", "py", [y, pixels])];
  const table = writer.add("Reshape", "table", [sizes, writer.integers("table/shape", [height * width, 4])]);
  const rows = writer.add("Reshape", "rows", [cell, writer.integers("rows/shape", [-1])]);
  const sides = writer.add("GatherV2", "sides", [table, rows, writer.integers("axis", 0)], {
    batch_dims: { i: "0" },
  });
  const batch = writer.add("Reshape", "batch", [sides, writer.integers("batch/shape", [1, candidates, 4])]);
  const side = (name: string, index: number): string => {
    const bounds = [
      [0, 0, index],
      [0, 0, index + 1],
      [1, 1, 1],
    ].map((bound, i) => writer.integers(`${name}/${i}`, bound));
    const masks = { begin_mask: { i: "3" }, end_mask: { i: "3" } };
    return writer.add("StridedSlice", name, [batch, ...bounds], masks);
  };
  const corners = [
    writer.add("Sub", "x1", [px, side("left", 0)]),
    writer.add("Sub", "y1", [py, side("top/side", 1)]),
    writer.add("Add", "x2", [px, side("right", 2)]),
    writer.add("AddV2", "y2", [py, side("bottom", 3)]),
  ];
  const ends = [column("score", top), column("class", floats("label/float", label))];
  const joined = writer.add("ConcatV2", "boxes/joined", [...corners, ...ends, last], { N: { i: "6" } });
  return writer.add("Identity", "boxes", [joined]);
}

export interface SmallCenterNet {
  readonly height: number;
  readonly width: number;
  /** The network before the two maps: from the image's name to a map of `width / stride` × `height / stride`. */
  readonly body: (writer: TfjsWriter, image: string) => { map: string; channels: number };
  readonly stride?: number;
  readonly classes?: number;
  readonly candidates?: number;
}

/** A complete CenterNet around a body. Its maps are named `heat` and `sizes`, its boxes `boxes`. */
export function writeCenterNet(options: SmallCenterNet): { model: WrittenModel; weights: Uint8Array } {
  const { stride = 1, classes = 3, candidates = 10 } = options;
  const [height, width] = [options.height / stride, options.width / stride];
  const writer = new TfjsWriter();
  const { map, channels } = options.body(writer, writer.image(options.height, options.width));
  const heat = writer.add("Sigmoid", "heat", [writer.mix("heat/mix", map, channels, classes)]);
  const scaled = writer.add("Mul", "sizes/scaled", [
    writer.mix("sizes/mix", map, channels, 4),
    writer.number("sizes/factor", 16),
  ]);
  const sizes = writer.add("Identity", "sizes", [scaled]);
  const boxes = writeTail(writer, heat, sizes, { height, width, classes, stride, candidates });
  return writer.finish([boxes, heat, sizes]);
}

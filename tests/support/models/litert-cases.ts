/** Random models of one operator on quantized integers, whose answers by LiteRT's reference kernels are stored. */
import { elements } from "../../../detectors/compiler/ops/shapes.ts";
import { seeded } from "../base/seeded.ts";
import { type OptionDraft, type TensorDraft, writeTflite } from "./tflite-writer.ts";

/** A model and the bytes of its inputs. */
export interface LiteRtCase {
  readonly model: Uint8Array;
  readonly inputs: readonly Uint8Array[];
}

type Random = ReturnType<typeof source>;
type Name = Parameters<typeof writeTflite>[0]["operators"][number]["name"];
type Byte = "INT8" | "UINT8";

/** Random draws from a seed. */
function source(seed: number) {
  const next = seeded(seed);
  const whole = (least: number, most: number): number => least + Math.floor(next() * (most - least + 1));
  const pick = <Item>(items: readonly Item[]): Item => items[whole(0, items.length - 1)] as Item;
  return {
    whole,
    pick,
    chance: (share: number): boolean => next() < share,
    /** A binary32 scale, on a logarithmic distribution. */
    scale: (least: number, most: number): number => Math.fround(least * (most / least) ** next()),
    bytes: (count: number): Uint8Array => Uint8Array.from({ length: count }, () => whole(0, 255)),
  };
}

/** Zero points of a type: often at an end of its range, as after a relu. */
function zeroOf(random: Random, type: Byte): number {
  const [least, most] = type === "INT8" ? [-128, 127] : [0, 255];
  return random.chance(0.4) ? random.pick([least, most]) : random.whole(least, most);
}

function quantized(random: Random, type: Byte, shape: readonly number[], scale?: number): TensorDraft {
  return { type, shape, scale: [scale ?? random.scale(0.003, 0.3)], zero: [zeroOf(random, type)] };
}

function int32(shape: readonly number[], numbers: readonly number[]): TensorDraft {
  return { type: "INT32", shape, data: Int32Array.from(numbers) };
}

/** Numbers of the fused activations NONE, RELU, RELU_N1_TO_1 and RELU6. */
const activation = (random: Random): number => random.pick([0, 0, 1, 2, 3]);

/** A model whose last tensor is the output, with random bytes for the tensors without data. */
function model(
  random: Random,
  name: Name,
  tensors: readonly TensorDraft[],
  options: readonly OptionDraft[] = [],
): LiteRtCase {
  const output = tensors.length - 1;
  const all = [...tensors.keys()].slice(0, -1);
  const inputs = all.filter((index) => tensors[index]?.data === undefined);
  return {
    model: writeTflite({
      tensors,
      inputs,
      outputs: [output],
      operators: [{ name, inputs: all, outputs: [output], options }],
    }),
    inputs: inputs.map((index) => numbers(random, tensors[index])),
  };
}

function numbers(random: Random, tensor: TensorDraft | undefined): Uint8Array {
  const count = elements(tensor?.shape ?? []);
  if (tensor?.type !== "FLOAT32") return random.bytes(count);
  const floats = Float32Array.from({ length: count }, () => (random.whole(-4000, 4000) / 16) * 0.05);
  return new Uint8Array(floats.buffer);
}

/** Weights with a scale per output channel, or one for all, along an axis. */
function weights(random: Random, type: Byte, shape: readonly number[], axis: number): TensorDraft {
  const count = shape[axis] ?? 1;
  const isPerChannel = type === "INT8" && random.chance(0.7);
  const scales = Array.from({ length: isPerChannel ? count : 1 }, () => random.scale(0.001, 0.05));
  // Symmetric weights of INT8 lie within ±127.
  const data = random.bytes(elements(shape)).map((byte) => (type === "INT8" && byte === 128 ? 127 : byte));
  return {
    type,
    shape,
    scale: scales,
    zero: scales.map(() => (type === "INT8" ? 0 : zeroOf(random, type))),
    axis: isPerChannel ? axis : 0,
    data,
  };
}

function bias(random: Random, count: number, input: TensorDraft, filter: TensorDraft): TensorDraft {
  const [inputScale = 1] = input.scale ?? [];
  const scale = (filter.scale ?? []).map((factor) => Math.fround(factor * inputScale));
  return {
    ...int32(
      [count],
      Array.from({ length: count }, () => random.whole(-20_000, 20_000)),
    ),
    scale,
    zero: scale.map(() => 0),
  };
}

/** The number of positions of a window with padding SAME (0) or VALID (1). */
function positions(size: number, reach: number, stride: number, padding: number): number {
  return padding === 0 ? Math.ceil(size / stride) : Math.ceil((size - reach + 1) / stride);
}

/** A scale of the output with which sums of `count` products fill the range well, or badly. */
function outputScale(random: Random, input: TensorDraft, filter: TensorDraft, count: number): number {
  const [a = 1, b = 1] = [input.scale?.[0], filter.scale?.[0]];
  return Math.fround(a * b * Math.sqrt(count) * random.scale(10, 2_000));
}

function convolution(isDepthwise: boolean) {
  return (random: Random): LiteRtCase => {
    const type = random.pick(["INT8", "INT8", "UINT8"] as const);
    const [kernelHeight, kernelWidth] = random.chance(0.3)
      ? ([1, 1] as const)
      : ([random.whole(1, 5), random.whole(1, 5)] as const);
    const stride = [random.whole(1, 3), random.whole(1, 3)] as const;
    const isDilated = stride[0] === 1 && stride[1] === 1 && random.chance(0.25);
    const dilation = isDilated ? ([random.whole(1, 2), random.whole(1, 3)] as const) : ([1, 1] as const);
    const reach = [(kernelHeight - 1) * dilation[0] + 1, (kernelWidth - 1) * dilation[1] + 1] as const;
    const height = random.whole(reach[0], reach[0] + 6);
    const width = random.whole(reach[1], reach[1] + 9);
    const channels = random.pick([1, 2, 3, 4, 5, 7, 8, 12, 16, 17, 24]);
    const multiplier = isDepthwise ? random.pick([1, 1, 1, 2, 3]) : 1;
    const outputs = isDepthwise ? channels * multiplier : random.whole(1, 20);
    const batch = random.pick([1, 1, 1, 2]);
    const padding = random.whole(0, 1);
    const input = quantized(random, type, [batch, height, width, channels]);
    const shape = isDepthwise
      ? [1, kernelHeight, kernelWidth, outputs]
      : [outputs, kernelHeight, kernelWidth, channels];
    const filter = weights(random, type, shape, isDepthwise ? 3 : 0);
    const sums = kernelHeight * kernelWidth * (isDepthwise ? 1 : channels);
    const output = quantized(
      random,
      type,
      [
        batch,
        positions(height, reach[0], stride[0], padding),
        positions(width, reach[1], stride[1], padding),
        outputs,
      ],
      outputScale(random, input, filter, sums),
    );
    const at = isDepthwise ? 1 : 0;
    return model(
      random,
      isDepthwise ? "DEPTHWISE_CONV_2D" : "CONV_2D",
      [input, filter, bias(random, outputs, input, filter), output],
      [
        [0, "int8", padding],
        [1, "int32", stride[1]],
        [2, "int32", stride[0]],
        ...(isDepthwise ? [[3, "int32", multiplier] as const] : []),
        [3 + at, "int8", activation(random)],
        [4 + at, "int32", dilation[1]],
        [5 + at, "int32", dilation[0]],
      ],
    );
  };
}

function fullyConnected(random: Random): LiteRtCase {
  const type = random.pick(["INT8", "INT8", "UINT8"] as const);
  const [rows, inputs, outputs] = [random.whole(1, 5), random.whole(1, 70), random.whole(1, 30)];
  const input = quantized(random, type, [rows, inputs]);
  const filter = weights(random, type, [outputs, inputs], 0);
  const output = quantized(random, type, [rows, outputs], outputScale(random, input, filter, inputs));
  const tensors = [input, filter, bias(random, outputs, input, filter), output];
  return model(random, "FULLY_CONNECTED", tensors, [[0, "int8", activation(random)]]);
}

/** A shape, and one that broadcasts to it. */
function pairOfShapes(random: Random): readonly [readonly number[], readonly number[]] {
  const shape = Array.from({ length: random.whole(1, 4) }, () => random.whole(1, 7));
  const kind = random.whole(0, 3);
  if (kind === 0) return [shape, shape.map((size) => (random.chance(0.5) ? 1 : size))];
  if (kind === 1) return [shape, []];
  return [shape, shape];
}

function binary(name: "ADD" | "SUB" | "MUL") {
  return (random: Random): LiteRtCase => {
    const type = random.pick(["INT8", "UINT8"] as const);
    const shapes = pairOfShapes(random);
    const [a, b] = random.chance(0.5) ? shapes : [shapes[1], shapes[0]];
    const [first, second] = [quantized(random, type, a), quantized(random, type, b)];
    const [s = 1, t = 1] = [first.scale?.[0], second.scale?.[0]];
    const natural = name === "MUL" ? s * t * 128 : Math.max(s, t);
    const output = quantized(random, type, shapes[0], Math.fround(natural * random.scale(0.2, 4)));
    return model(random, name, [first, second, output], [[0, "int8", activation(random)]]);
  };
}

function anyShape(random: Random): readonly number[] {
  return Array.from({ length: random.whole(1, 4) }, () => random.whole(1, 9));
}

/** A function of one element, with an output of the fixed scale that some have. */
function unary(name: Name, fixed?: (type: Byte) => Pick<TensorDraft, "scale" | "zero">) {
  return (random: Random): LiteRtCase => {
    const type = random.pick(["INT8", "UINT8"] as const);
    const shape = anyShape(random);
    const input = quantized(random, type, shape);
    const output = { ...quantized(random, type, shape), ...fixed?.(type) };
    return model(
      random,
      name,
      [input, output],
      name === "LEAKY_RELU" ? [[0, "float32", random.pick([0.1, 0.01, 0.3])]] : [],
    );
  };
}

function softmax(random: Random): LiteRtCase {
  const type = random.pick(["INT8", "UINT8"] as const);
  const shape = [...anyShape(random).slice(0, 2), random.whole(1, 100)];
  const output = { type, shape, scale: [1 / 256], zero: [type === "INT8" ? -128 : 0] };
  const beta = random.pick([1, 1, 0.5, 2]);
  return model(random, "SOFTMAX", [quantized(random, type, shape), output], [[0, "float32", beta]]);
}

function pool(name: "AVERAGE_POOL_2D" | "MAX_POOL_2D") {
  return (random: Random): LiteRtCase => {
    const type = random.pick(["INT8", "UINT8"] as const);
    const kernel = [random.whole(1, 5), random.whole(1, 5)] as const;
    const stride = [random.whole(1, 3), random.whole(1, 3)] as const;
    const [height, width] = [random.whole(kernel[0], 9), random.whole(kernel[1], 9)];
    const channels = random.pick([1, 3, 8, 16, 19, 40]);
    const batch = random.pick([1, 1, 2]);
    const padding = random.whole(0, 1);
    const input = quantized(random, type, [batch, height, width, channels]);
    const shape = [
      batch,
      positions(height, kernel[0], stride[0], padding),
      positions(width, kernel[1], stride[1], padding),
      channels,
    ];
    return model(
      random,
      name,
      [input, { ...input, shape }],
      [
        [0, "int8", padding],
        [1, "int32", stride[1]],
        [2, "int32", stride[0]],
        [3, "int32", kernel[1]],
        [4, "int32", kernel[0]],
        [5, "int8", activation(random)],
      ],
    );
  };
}

function quantize(random: Random): LiteRtCase {
  const [from, to] = [
    random.pick(["FLOAT32", "INT8", "UINT8"] as const),
    random.pick(["INT8", "UINT8"] as const),
  ];
  const shape = anyShape(random);
  const input = from === "FLOAT32" ? { type: from, shape } : quantized(random, from, shape);
  return model(random, "QUANTIZE", [input, quantized(random, to, shape)]);
}

function dequantize(random: Random): LiteRtCase {
  const shape = anyShape(random);
  const input = quantized(random, random.pick(["INT8", "UINT8"] as const), shape);
  return model(random, "DEQUANTIZE", [input, { type: "FLOAT32", shape }]);
}

function concatenation(random: Random): LiteRtCase {
  const type = random.pick(["INT8", "UINT8"] as const);
  const shape = [1, random.whole(1, 4), random.whole(1, 4), random.whole(1, 9)];
  const axis = random.whole(1, 3);
  const output = quantized(random, type, shape);
  const sizes = Array.from({ length: random.whole(2, 4) }, () => random.whole(1, 6));
  const parts = sizes.map((size) => {
    const own = shape.with(axis, size);
    return type === "UINT8" && random.chance(0.6) ? quantized(random, type, own) : { ...output, shape: own };
  });
  const whole = {
    ...output,
    shape: shape.with(
      axis,
      sizes.reduce((a, b) => a + b, 0),
    ),
  };
  return model(
    random,
    "CONCATENATION",
    [...parts, whole],
    [[0, "int32", random.chance(0.5) ? axis : axis - 4]],
  );
}

function pad(random: Random): LiteRtCase {
  const type = random.pick(["INT8", "UINT8"] as const);
  const input = quantized(random, type, anyShape(random));
  const sizes = input.shape.map(() => [random.whole(0, 3), random.whole(0, 3)] as const);
  const shape = input.shape.map((size, axis) => size + (sizes[axis]?.[0] ?? 0) + (sizes[axis]?.[1] ?? 0));
  return model(random, "PAD", [input, int32([sizes.length, 2], sizes.flat()), { ...input, shape }]);
}

function transpose(random: Random): LiteRtCase {
  const type = random.pick(["INT8", "UINT8"] as const);
  const input = quantized(random, type, anyShape(random));
  const order = [...input.shape.keys()];
  for (const at of order.keys()) {
    const other = random.whole(at, order.length - 1);
    [order[at], order[other]] = [order[other] ?? 0, order[at] ?? 0];
  }
  const shape = order.map((axis) => input.shape[axis] ?? 1);
  return model(random, "TRANSPOSE", [input, int32([order.length], order), { ...input, shape }]);
}

function stridedSlice(random: Random): LiteRtCase {
  const type = random.pick(["INT8", "UINT8"] as const);
  const input = quantized(random, type, anyShape(random));
  const axes = input.shape.map((size) => {
    const step = random.pick([1, 1, 2, -1]);
    const [begin, end] = [random.whole(-size, size - 1), random.whole(-size - 1, size + 1)];
    return { size, step, begin, end };
  });
  const rank = axes.length;
  // A slice without elements has no use: each axis either is whole, or one of its elements.
  const masks = 2 ** rank - 1;
  const shrink = random.whole(0, masks) & (random.chance(0.5) ? masks : 0);
  const shape = axes.flatMap(({ size, step }, axis) =>
    (shrink >> axis) & 1 ? [] : [Math.ceil(size / Math.abs(step))],
  );
  const steps = axes.map(({ step }, axis) => ((shrink >> axis) & 1 ? 1 : step));
  return model(
    random,
    "STRIDED_SLICE",
    [
      input,
      int32(
        [rank],
        axes.map(({ begin }) => begin),
      ),
      int32(
        [rank],
        axes.map(({ end }) => end),
      ),
      int32([rank], steps),
      { ...input, shape },
    ],
    [
      [0, "int32", masks & ~shrink],
      [1, "int32", masks],
      [4, "int32", shrink],
    ],
  );
}

function resize(name: "RESIZE_NEAREST_NEIGHBOR" | "RESIZE_BILINEAR") {
  return (random: Random): LiteRtCase => {
    const type = random.pick(["INT8", "UINT8"] as const);
    const input = quantized(random, type, [1, random.whole(1, 9), random.whole(1, 9), random.whole(1, 9)]);
    const [rows, columns] = [random.whole(1, 20), random.whole(1, 20)];
    const shape = [1, rows, columns, input.shape[3] ?? 1];
    const [isAligned, isHalf] = random.pick([
      [0, 0],
      [1, 0],
      [0, 1],
    ] as const);
    const first = name === "RESIZE_BILINEAR" ? 2 : 0;
    return model(
      random,
      name,
      [input, int32([2], [rows, columns]), { ...input, shape }],
      [
        [first, "int8", isAligned],
        [first + 1, "int8", isHalf],
      ],
    );
  };
}

/** The generators, by the name under which their answers are stored. */
export const LITERT_CASES: Readonly<Record<string, (random: Random) => LiteRtCase>> = {
  CONV_2D: convolution(false),
  DEPTHWISE_CONV_2D: convolution(true),
  FULLY_CONNECTED: fullyConnected,
  ADD: binary("ADD"),
  SUB: binary("SUB"),
  MUL: binary("MUL"),
  CONCATENATION: concatenation,
  PAD: pad,
  AVERAGE_POOL_2D: pool("AVERAGE_POOL_2D"),
  MAX_POOL_2D: pool("MAX_POOL_2D"),
  RESIZE_NEAREST_NEIGHBOR: resize("RESIZE_NEAREST_NEIGHBOR"),
  SOFTMAX: softmax,
  LOGISTIC: unary("LOGISTIC", (type) => ({ scale: [1 / 256], zero: [type === "INT8" ? -128 : 0] })),
  TANH: unary("TANH", (type) => ({ scale: [1 / 128], zero: [type === "INT8" ? 0 : 128] })),
  RELU: unary("RELU"),
  RELU6: unary("RELU6"),
  RELU_N1_TO_1: unary("RELU_N1_TO_1"),
  LEAKY_RELU: unary("LEAKY_RELU"),
  HARD_SWISH: unary("HARD_SWISH"),
  QUANTIZE: quantize,
  DEQUANTIZE: dequantize,
  TRANSPOSE: transpose,
  STRIDED_SLICE: stridedSlice,
};

/** The case of an operator with this number. */
export function liteRtCase(operator: string, number: number): LiteRtCase {
  const generate = LITERT_CASES[operator];
  if (generate === undefined) throw new Error(`there are no cases of ${operator}`);
  return generate(source(number + 1));
}

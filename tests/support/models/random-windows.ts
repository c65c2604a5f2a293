/** Random convolutions and pooling of a value [1, channels, …]. */
import type { Attributes } from "./onnx-writer.ts";
import type { Draw, Value } from "./random-draw.ts";

/** A window along each spatial axis. */
interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Padding before all axes, then after them. */
  readonly pads: readonly number[];
}

/** A window with square or other strides, dilations and padding on any side. */
function drawWindow(rank: number, { random, below, pick }: Draw, mostTaps: number): Window {
  const alike = (draw: () => number): number[] => {
    const first = draw();
    return Array.from({ length: rank }, () => (random() < 0.6 ? first : draw()));
  };
  const kernel = alike(() => 1 + below(mostTaps));
  return {
    kernel,
    strides: alike(() => pick([1, 1, 1, 2, 2, 3])),
    dilations: random() < 0.75 ? kernel.map(() => 1) : alike(() => 1 + below(3)),
    pads: [...kernel, ...kernel].map((size) => (random() < 0.5 ? Math.floor(size / 2) : below(size))),
  };
}

/** How far a window reaches along each axis. */
function reachesOf({ kernel, dilations }: Window): readonly number[] {
  return kernel.map((taps, axis) => (taps - 1) * (dilations[axis] ?? 1) + 1);
}

/** Positions of a window along each axis; 0 where it does not fit. */
function positions(sizes: readonly number[], window: Window, isCeil = false): readonly number[] {
  const { pads, strides } = window;
  return reachesOf(window).map((reach, axis) => {
    const [size = 1, before = 0, after = 0] = [sizes[axis], pads[axis], pads[sizes.length + axis]];
    const stride = strides[axis] ?? 1;
    const room = size + before + after - reach;
    if (room < 0) return 0;
    const count = (isCeil ? Math.ceil(room / stride) : Math.floor(room / stride)) + 1;
    // onnxruntime's shapes and results disagree about a window that starts behind the input.
    return isCeil && (count - 1) * stride >= size + before ? 0 : count;
  });
}

/** Channels in groups, each its own group, or all together, and the number of outputs of each. */
function drawGroups(channels: number, { random, below, pick }: Draw): { groups: number; each: number } {
  const divisors = Array.from({ length: channels }, (_, index) => index + 1).filter(
    (n) => channels % n === 0,
  );
  const groups = random() < 0.4 ? 1 : pick([channels, ...divisors]);
  return { groups, each: 1 + below(groups === 1 ? 9 : 3) };
}

/** Attributes of a window, of which those that equal their defaults are sometimes absent. */
function attributesOf({ kernel, strides, dilations, pads }: Window, { random }: Draw): Attributes {
  const isAbsent = (list: readonly number[], value: number): boolean =>
    list.every((size) => size === value) && random() < 0.5;
  return {
    kernel_shape: kernel,
    ...(!isAbsent(strides, 1) && { strides }),
    ...(!isAbsent(dilations, 1) && { dilations }),
    ...(!isAbsent(pads, 0) && { pads }),
  };
}

export function convolution(x: Value, draw: Draw): readonly Value[] | undefined {
  const { model, numbers, random, pick } = draw;
  const [, channels = 1, ...sizes] = x.shape;
  if (sizes.length < 1 || sizes.length > 2) return undefined;
  const window = drawWindow(sizes.length, draw, 5);
  const { groups, each } = drawGroups(channels, draw);
  const outputs = groups * each;
  const isDilated = window.dilations.some((dilation) => dilation > 1);
  // onnxruntime has no SAME padding with dilations.
  const autos = isDilated ? ["VALID"] : ["SAME_UPPER", "SAME_LOWER", "VALID"];
  const auto = random() < 0.2 ? pick(autos) : "NOTSET";
  const isPadded = auto === "NOTSET";
  const { pads: _, ...others } = attributesOf(window, draw);
  const attributes = isPadded ? attributesOf(window, draw) : { ...others, auto_pad: auto };
  const shape = auto.startsWith("SAME")
    ? sizes.map((size, axis) => Math.ceil(size / (window.strides[axis] ?? 1)))
    : positions(sizes, isPadded ? window : { ...window, pads: window.pads.map(() => 0) });
  if (shape.some((size) => size < 1)) return undefined;
  const inputs = channels / groups;
  const scale = 2 / Math.sqrt(inputs * window.kernel.reduce((product, taps) => product * taps, 1));
  const operands = [x.name, numbers([outputs, inputs, ...window.kernel], scale)];
  if (random() < 0.6) operands.push(numbers([outputs]));
  return [
    { name: model.add("Conv", operands, { ...attributes, group: groups }), shape: [1, outputs, ...shape] },
  ];
}

export function transposedConvolution(x: Value, draw: Draw): readonly Value[] | undefined {
  const { model, numbers, random, below } = draw;
  const [, channels = 1, ...sizes] = x.shape;
  if (sizes.length < 1 || sizes.length > 2) return undefined;
  const window = drawWindow(sizes.length, draw, 4);
  const { groups, each } = drawGroups(channels, draw);
  const more = window.strides.map((stride) => (random() < 0.3 ? below(stride) : 0));
  const reaches = reachesOf(window);
  const shape = sizes.map((size, axis) => {
    const removed = (window.pads[axis] ?? 0) + (window.pads[sizes.length + axis] ?? 0);
    return (window.strides[axis] ?? 1) * (size - 1) + (more[axis] ?? 0) + (reaches[axis] ?? 1) - removed;
  });
  if (shape.some((size) => size < 1)) return undefined;
  const taps = window.kernel.reduce((product, size) => product * size, 1);
  const operands = [
    x.name,
    numbers([channels, each, ...window.kernel], 2 / Math.sqrt((channels / groups) * taps)),
  ];
  if (random() < 0.6) operands.push(numbers([groups * each]));
  const attributes = { ...attributesOf(window, draw), group: groups, output_padding: more };
  return [{ name: model.add("ConvTranspose", operands, attributes), shape: [1, groups * each, ...shape] }];
}

export function pool(x: Value, draw: Draw): readonly Value[] | undefined {
  const { model, random, pick } = draw;
  const [, channels = 1, ...sizes] = x.shape;
  if (sizes.length < 1 || sizes.length > 2) return undefined;
  const op = pick(["AveragePool", "MaxPool"]);
  const drawn = drawWindow(sizes.length, draw, 4);
  // Operator set 17 has no dilated averages.
  const window = op === "MaxPool" ? drawn : { ...drawn, dilations: drawn.dilations.map(() => 1) };
  const isCeil = random() < 0.4;
  const shape = positions(sizes, window, isCeil);
  if (shape.some((size) => size < 1)) return undefined;
  const { dilations, ...others } = attributesOf(window, draw);
  const attributes = {
    ...others,
    ...(op === "MaxPool" && dilations !== undefined && { dilations }),
    ...(op === "AveragePool" && random() < 0.5 && { count_include_pad: 1 }),
    ...(isCeil && { ceil_mode: 1 }),
  };
  return [{ name: model.add(op, [x.name], attributes), shape: [1, channels, ...shape] }];
}

export function globalPool(x: Value, { model, pick }: Draw): readonly Value[] | undefined {
  const [, channels = 1, ...sizes] = x.shape;
  if (sizes.length < 1 || sizes.length > 2) return undefined;
  const name = model.add(pick(["GlobalAveragePool", "GlobalMaxPool"]), [x.name]);
  return [{ name, shape: [1, channels, ...sizes.map(() => 1)] }];
}

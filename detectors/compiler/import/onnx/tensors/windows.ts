/** Nodes that slide a window over the spatial axes of [batch, channels, …]. */
import type { Shape } from "../../../graph/value.ts";
import { elements } from "../../../ops/shapes.ts";
import { intAttribute, intsAttribute, stringAttribute } from "../attributes.ts";
import { transposed } from "./movement.ts";
import { type NodeCall, type NodeImporter, refuse, tableLength } from "./node-call.ts";
import { padded } from "./padding.ts";

/** A window along each spatial axis. */
interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly before: readonly number[];
  readonly after: readonly number[];
  /** Elements behind the padding that `ceil_mode` adds: they belong to no average. */
  readonly extra: readonly number[];
}

/** The window of a node over an input of these spatial sizes. */
function windowOf({ node }: NodeCall, sizes: Shape, kernel: readonly number[]): Window {
  const all = (name: string): readonly number[] => intsAttribute(node, name) ?? sizes.map(() => 1);
  const [strides, dilations] = [all("strides"), all("dilations")];
  const reaches = kernel.map((size, axis) => (size - 1) * (dilations[axis] ?? 1) + 1);
  const pads = padsOf(node, sizes, reaches, strides);
  const [before, after] = [pads.slice(0, sizes.length), pads.slice(sizes.length)];
  const isCeil = intAttribute(node, "ceil_mode", 0) === 1;
  const extra = sizes.map((size, axis) => {
    const stride = strides[axis] ?? 1;
    const whole = size + (before[axis] ?? 0) + (after[axis] ?? 0);
    const room = whole - (reaches[axis] ?? 1);
    const rest = room % stride;
    // A last window that would start behind the input, in the padding, is left out.
    const isInside = room - rest + stride < size + (before[axis] ?? 0);
    return isCeil && rest > 0 && isInside ? stride - rest : 0;
  });
  return { kernel, strides, dilations, before, after, extra };
}

/** Padding before all spatial axes, then after them. */
function padsOf(
  node: NodeCall["node"],
  sizes: Shape,
  reaches: readonly number[],
  strides: readonly number[],
): readonly number[] {
  const auto = stringAttribute(node, "auto_pad", "NOTSET");
  if (auto === "VALID") return [...sizes, ...sizes].map(() => 0);
  if (auto === "NOTSET" || auto === "")
    return intsAttribute(node, "pads") ?? [...sizes, ...sizes].map(() => 0);
  const totals = sizes.map((size, axis) => {
    const stride = strides[axis] ?? 1;
    return Math.max((Math.ceil(size / stride) - 1) * stride + (reaches[axis] ?? 1) - size, 0);
  });
  const smaller = totals.map((total) => Math.floor(total / 2));
  const larger = totals.map((total) => Math.ceil(total / 2));
  if (auto === "SAME_UPPER") return [...smaller, ...larger];
  if (auto === "SAME_LOWER") return [...larger, ...smaller];
  throw refuse(node, `has auto_pad ${auto}`);
}

/** Pads the spatial axes. */
function padSpatially(
  call: NodeCall,
  x: string,
  before: readonly number[],
  after: readonly number[],
  value: number,
  between: readonly number[] = before.map(() => 0),
): string {
  return padded(call, x, [0, 0, ...before], [0, 0, ...after], value, [0, 0, ...between]);
}

/** Adds a bias [channels] to [batch, channels, …]. */
function addBias(call: NodeCall, y: string, index: number): string {
  if (!call.has(index)) return y;
  const bias = call.value(index);
  const spatial = call
    .shapeOf(y)
    .slice(2)
    .map(() => 1);
  const shape = [elements(call.shapeOf(bias)), ...spatial];
  return call.add("add", [y, call.add("reshape", [bias], { shape })], {});
}

/** Appends a convolution without padding; its groups of channels are joined again. */
function convolved(
  call: NodeCall,
  x: string,
  weights: string,
  attributes: { strides: readonly number[]; dilations: readonly number[]; groups: number },
): string {
  const grouped = call.add("convolution", [x, weights], attributes);
  const [batch = 0, groups = 0, outputs = 0, ...sizes] = call.shapeOf(grouped);
  return call.add("reshape", [grouped], { shape: [batch, groups * outputs, ...sizes] });
}

function convolution(call: NodeCall): string {
  const [x, weights] = [call.value(0), call.value(1)];
  const kernel = call.shapeOf(weights).slice(2);
  const { strides, dilations, before, after } = windowOf(call, call.shapeOf(x).slice(2), kernel);
  const groups = intAttribute(call.node, "group", 1);
  const y = convolved(call, padSpatially(call, x, before, after, 0), weights, { strides, dilations, groups });
  return addBias(call, y, 2);
}

/** A convolution of the input with gaps between its elements, with mirrored weights. */
function transposedConvolution(call: NodeCall): string {
  const { node } = call;
  const [x, w] = [call.value(0), call.value(1)];
  const sizes = call.shapeOf(x).slice(2);
  const [channels = 0, outputs = 0, ...kernel] = call.shapeOf(w);
  const groups = intAttribute(node, "group", 1);
  const ones = sizes.map(() => 1);
  const strides = intsAttribute(node, "strides") ?? ones;
  const dilations = intsAttribute(node, "dilations") ?? ones;
  const more = intsAttribute(node, "output_padding") ?? sizes.map(() => 0);
  const reaches = kernel.map((size, axis) => (size - 1) * (dilations[axis] ?? 1) + 1);
  const pads = transposedPads(node, sizes, reaches, strides, more);
  const before = reaches.map((reach, axis) => reach - 1 - (pads[axis] ?? 0));
  const after = reaches.map(
    (reach, axis) => reach - 1 - (pads[sizes.length + axis] ?? 0) + (more[axis] ?? 0),
  );
  if ([...before, ...after].some((size) => size < 0))
    throw refuse(node, "removes more than its kernel reaches");
  const spread = padSpatially(
    call,
    x,
    before,
    after,
    0,
    strides.map((stride) => stride - 1),
  );
  const split = call.add("reshape", [w], { shape: [groups, channels / groups, outputs, ...kernel] });
  const swapped = transposed(call, split, [0, 2, 1, ...kernel.map((_, axis) => 3 + axis)]);
  const joined = call.add("reshape", [swapped], { shape: [groups * outputs, channels / groups, ...kernel] });
  const mirrored = call.add("slice", [joined], {
    starts: [0, 0, ...kernel.map((size) => size - 1)],
    steps: [1, 1, ...kernel.map(() => -1)],
    sizes: call.shapeOf(joined),
  });
  return addBias(call, convolved(call, spread, mirrored, { strides: ones, dilations, groups }), 2);
}

/** The padding that a transposed convolution removes, given or such that the output gets the asked size. */
function transposedPads(
  node: NodeCall["node"],
  sizes: Shape,
  reaches: readonly number[],
  strides: readonly number[],
  more: readonly number[],
): readonly number[] {
  const auto = stringAttribute(node, "auto_pad", "NOTSET");
  const isSame = auto.startsWith("SAME");
  const asked =
    intsAttribute(node, "output_shape")?.slice(-sizes.length) ??
    (isSame ? sizes.map((size, axis) => size * (strides[axis] ?? 1)) : undefined);
  if (asked === undefined) return intsAttribute(node, "pads") ?? [...sizes, ...sizes].map(() => 0);
  const totals = sizes.map(
    (size, axis) =>
      (strides[axis] ?? 1) * (size - 1) + (more[axis] ?? 0) + (reaches[axis] ?? 1) - (asked[axis] ?? 0),
  );
  const smaller = totals.map((total) => Math.floor(total / 2));
  const larger = totals.map((total) => Math.ceil(total / 2));
  return auto === "SAME_UPPER" ? [...smaller, ...larger] : [...larger, ...smaller];
}

/** The smallest number of each type that pooling takes: padding never wins. */
const LOWEST: Readonly<Record<string, number>> = { f32: -Infinity, i8: -128, u8: 0 };

function maxPool(call: NodeCall): string {
  const x = call.value(0);
  if (call.node.output[1]) throw refuse(call.node, "returns the indices of its maxima");
  const kernel = intsAttribute(call.node, "kernel_shape") ?? [];
  const window = windowOf(call, call.shapeOf(x).slice(2), kernel);
  const after = window.after.map((size, axis) => size + (window.extra[axis] ?? 0));
  const lowest = LOWEST[call.typeOf(x).dtype] ?? -Infinity;
  const source = padSpatially(call, x, window.before, after, lowest);
  const { strides, dilations } = window;
  return call.add("pool", [source], { combining: "max", kernel, strides, dilations, factor: 1 });
}

/** The sum over each window divided by the number of its elements that count. */
function averagePool(call: NodeCall): string {
  const x = call.value(0);
  const sizes = call.shapeOf(x).slice(2);
  const kernel = intsAttribute(call.node, "kernel_shape") ?? [];
  const { strides, dilations, before, after, extra } = windowOf(call, sizes, kernel);
  const countsPadding = intAttribute(call.node, "count_include_pad", 0) === 1;
  const pooled = (source: string, factor: number): string =>
    call.add("pool", [source], { combining: "sum", kernel, strides, dilations, factor });
  const end = after.map((size, axis) => size + (extra[axis] ?? 0));
  const source = padSpatially(call, x, before, end, 0);
  const isUniform =
    extra.every((size) => size === 0) && (countsPadding || [...before, ...end].every((n) => n === 0));
  if (isUniform) return pooled(source, 1 / elements(kernel));
  const ones = call.constant([1, 1, ...sizes], new Float32Array(tableLength(call, elements(sizes))).fill(1));
  const counted = padSpatially(call, ones, before, after, countsPadding ? 1 : 0);
  const counts = pooled(
    padSpatially(
      call,
      counted,
      before.map(() => 0),
      extra,
      0,
    ),
    1,
  );
  return call.add("div", [pooled(source, 1), counts], {});
}

function globalPool(combining: "sum" | "max"): NodeImporter {
  return {
    add(call) {
      const x = call.value(0);
      const [, , ...sizes] = call.shapeOf(x);
      const axes = sizes.map((_, axis) => axis + 2);
      const factor = combining === "sum" ? 1 / elements(sizes) : 1;
      return call.add("reduce", [x], { combining, axes, keep: true, factor });
    },
  };
}

/** Nodes with windows, by operator. */
export const windowNodes: Readonly<Record<string, NodeImporter>> = {
  Conv: { add: convolution },
  ConvTranspose: { add: transposedConvolution },
  MaxPool: { add: maxPool },
  AveragePool: { add: averagePool },
  GlobalAveragePool: globalPool("sum"),
  GlobalMaxPool: globalPool("max"),
};

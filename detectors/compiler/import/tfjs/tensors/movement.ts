/** Nodes that move elements or combine them along axes. */
import { flagOf, integerOf, integersOf, stringOf, stringsOf } from "../attributes.ts";
import { giveActivated, requireZero } from "./elementwise.ts";
import { Obstacle, type TfjsCall, type Translate } from "./translation.ts";

/** Networks split a value into a few parts; larger numbers come from broken files. */
const MOST_PARTS = 4096;

/** Beyond the end of every axis. */
const END = 2 ** 31 - 1;

/** The only number of an input, such as an axis. */
function number({ numbers }: TfjsCall, index: number): number {
  const [value, ...more] = numbers(index);
  if (value === undefined || more.length > 0) throw new Obstacle(`with ${numbers(index).length} axes`);
  return value;
}

function reduction(opType: string): Translate {
  return (call) =>
    call.give(opType, [call.input(0), call.integers(call.numbers(1))], {
      keepdims: flagOf(call.node, "keep_dims") ? 1 : 0,
      // TensorFlow reduces along no axis where the list is empty.
      noop_with_empty_axes: 1,
    });
}

function concat(call: TfjsCall): void {
  const last = call.node.input.length - 1;
  call.give("Concat", call.node.input.slice(0, last), { axis: number(call, last) });
}

/** Stacks its inputs along a new axis. */
function pack(call: TfjsCall): void {
  const axis = integerOf(call.node, "axis", 0);
  const parts = call.node.input.map((part) => call.add("Unsqueeze", [part, call.integers([axis])]));
  call.give("Concat", parts, { axis });
}

function slice(call: TfjsCall): void {
  const { numbers, integers, give, input } = call;
  const starts = numbers(1);
  const ends = numbers(2).map((size, axis) => (size === -1 ? END : (starts[axis] ?? 0) + size));
  give("Slice", [input(0), integers(starts), integers(ends)]);
}

/** A bit of a mask for each axis (tf.strided_slice). */
function stridedSlice(call: TfjsCall): void {
  const { node, numbers, integers, give, add, input } = call;
  requireZero(node, "ellipsis_mask");
  requireZero(node, "new_axis_mask");
  const has = (mask: string, axis: number): boolean => ((integerOf(node, mask, 0) >> axis) & 1) === 1;
  const [begin, end] = [numbers(1), numbers(2)];
  const axes = [...begin.keys()];
  const removed = axes.filter((axis) => has("shrink_axis_mask", axis));
  const steps = numbers(3).map((step, axis) => (removed.includes(axis) ? 1 : step));
  const starts = axes.map((axis) => {
    if (!has("begin_mask", axis) || removed.includes(axis)) return begin[axis] ?? 0;
    return (steps[axis] ?? 1) > 0 ? 0 : END;
  });
  const ends = axes.map((axis) => {
    const start = starts[axis] ?? 0;
    if (removed.includes(axis)) return start === -1 ? END : start + 1;
    if (!has("end_mask", axis)) return end[axis] ?? 0;
    return (steps[axis] ?? 1) > 0 ? END : -END;
  });
  const operands = [input(0), integers(starts), integers(ends), integers(axes), integers(steps)];
  if (removed.length === 0) give("Slice", operands);
  else give("Squeeze", [add("Slice", operands), integers(removed)]);
}

/** Pads are [axes, 2] in TensorFlow; ONNX lists those before all axes, then those after them. */
function pad(mode: "constant" | "mirror"): Translate {
  return (call) => {
    const { node, numbers, integers, give, input } = call;
    const pads = numbers(1);
    const sides = [0, 1].flatMap((side) => pads.filter((_, index) => index % 2 === side));
    if (mode === "constant") {
      const value = node.opType === "PadV2" ? [input(2)] : [];
      give("Pad", [input(0), integers(sides), ...value]);
      return;
    }
    const kind = stringOf(node, "mode", "REFLECT");
    if (kind !== "REFLECT") throw new Obstacle(`with mode ${kind}`);
    give("Pad", [input(0), integers(sides)], { mode: "reflect" });
  };
}

/** Products of matrices; a fused one adds a bias to the last axis and has an activation. */
function matmul(call: TfjsCall): void {
  const { node, input, add } = call;
  const transposes = {
    transA: flagOf(node, "transpose_a") ? 1 : 0,
    transB: flagOf(node, "transpose_b") ? 1 : 0,
  };
  const product = add("Gemm", [input(0), input(1)], transposes);
  const [first, activation, ...more] = stringsOf(node, "fused_ops");
  if (more.length > 0 || (first !== undefined && first !== "BiasAdd")) {
    throw new Obstacle(`with fused ${stringsOf(node, "fused_ops").join(", ")}`);
  }
  const sum = first === undefined ? product : add("Add", [product, input(2)]);
  giveActivated(call, sum, activation, 3);
}

function batchMatmul({ node, input, give }: TfjsCall): void {
  for (const name of ["adj_x", "adj_y"]) if (flagOf(node, name)) throw new Obstacle(`with ${name}`);
  give("MatMul", [input(0), input(1)]);
}

/** Nodes that move elements, by operator. */
export const movementNodes: Readonly<Record<string, Translate>> = {
  // A zero is a size of zero, not that of the input.
  Reshape: ({ input, give }) => give("Reshape", [input(0), input(1)], { allowzero: 1 }),
  Shape: ({ input, give }) => give("Shape", [input(0)]),
  Squeeze(call) {
    const axes = integersOf(call.node, "squeeze_dims");
    call.give("Squeeze", axes.length === 0 ? [call.input(0)] : [call.input(0), call.integers(axes)]);
  },
  ExpandDims: (call) => call.give("Unsqueeze", [call.input(0), call.integers([number(call, 1)])]),
  Transpose: (call) => call.give("Transpose", [call.input(0)], { perm: call.numbers(1) }),
  ConcatV2: concat,
  Pack: pack,
  Unpack({ node, input, integer, giveAt }) {
    const axis = integerOf(node, "axis", 0);
    for (const index of node.output.keys()) giveAt(index, "Gather", [input(0), integer(index)], { axis });
  },
  Split: (call) => split(call, call.input(1), number(call, 0), undefined),
  SplitV: (call) => split(call, call.input(0), number(call, 2), call.numbers(1)),
  Slice: slice,
  StridedSlice: stridedSlice,
  Tile: ({ input, give }) => give("Tile", [input(0), input(1)]),
  Fill: ({ input, give }) => give("Expand", [input(1), input(0)]),
  Range: ({ input, give }) => give("Range", [input(0), input(1), input(2)]),
  Pad: pad("constant"),
  PadV2: pad("constant"),
  MirrorPad: pad("mirror"),
  GatherV2(call) {
    requireZero(call.node, "batch_dims");
    call.give("Gather", [call.input(0), call.input(1)], { axis: number(call, 2) });
  },
  DepthToSpace: blocks("DepthToSpace"),
  SpaceToDepth: blocks("SpaceToDepth"),
  MatMul: matmul,
  _FusedMatMul: matmul,
  BatchMatMul: batchMatmul,
  BatchMatMulV2: batchMatmul,
  Mean: reduction("ReduceMean"),
  Sum: reduction("ReduceSum"),
  Max: reduction("ReduceMax"),
  Min: reduction("ReduceMin"),
  Prod: reduction("ReduceProd"),
  ArgMax: argument("ArgMax"),
  ArgMin: argument("ArgMin"),
};

/** Parts of equal size, or of the given sizes. */
function split(call: TfjsCall, x: string, axis: number, sizes: readonly number[] | undefined): void {
  const count = sizes?.length ?? integerOf(call.node, "num_split", 1);
  if (!(count >= 1 && count <= MOST_PARTS)) throw new Obstacle(`into ${count} parts`);
  call.give("Split", sizes === undefined ? [x] : [x, call.integers(sizes)], { axis }, count);
}

function blocks(opType: "DepthToSpace" | "SpaceToDepth"): Translate {
  return ({ node, input, add, give }) => {
    if (stringOf(node, "data_format", "NHWC") !== "NHWC") throw new Obstacle("with another data_format");
    const x = add("Transpose", [input(0)], { perm: [0, 3, 1, 2] });
    const y = add(opType, [x], { blocksize: integerOf(node, "block_size", 1) });
    give("Transpose", [y], { perm: [0, 2, 3, 1] });
  };
}

function argument(opType: "ArgMax" | "ArgMin"): Translate {
  return (call) => call.give(opType, [call.input(0)], { axis: number(call, 1), keepdims: 0 });
}

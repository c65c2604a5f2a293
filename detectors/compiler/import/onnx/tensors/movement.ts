/** Nodes that move elements. */
import type { Shape } from "../../../graph/value.ts";
import { elements } from "../../../ops/shapes.ts";
import { broadcastShape } from "../../../ops/tensors.ts";
import { intAttribute, intsAttribute, stringAttribute } from "../attributes.ts";
import { copy } from "./elementwise.ts";
import { frontAxis, integersOf, listAt, type NodeCall, type NodeImporter, refuse } from "./node-call.ts";
import { pad } from "./padding.ts";

function reshape(call: NodeCall): string {
  const x = call.value(0);
  const own = call.shapeOf(x);
  const keepZero = intAttribute(call.node, "allowzero", 0) === 1;
  const requested = (integersOf(call, 1, "shape") ?? []).map((size, axis) =>
    size === 0 && !keepZero ? (own[axis] ?? 0) : size,
  );
  const known = elements(requested.filter((size) => size !== -1));
  const shape = requested.map((size) => (size === -1 ? elements(own) / known : size));
  return call.add("reshape", [x], { shape });
}

function flatten(call: NodeCall): string {
  const x = call.value(0);
  const shape = call.shapeOf(x);
  const axis = intAttribute(call.node, "axis", 1);
  const front = axis === shape.length ? axis : frontAxis(call, axis, shape.length);
  return call.add("reshape", [x], { shape: [elements(shape.slice(0, front)), elements(shape.slice(front))] });
}

function squeeze(call: NodeCall): string {
  const x = call.value(0);
  const own = call.shapeOf(x);
  const axes = integersOf(call, 1, "axes")?.map((axis) => frontAxis(call, axis, own.length));
  const shape = own.filter((size, axis) => (axes ? !axes.includes(axis) : size !== 1));
  return call.add("reshape", [x], { shape });
}

function unsqueeze(call: NodeCall): string {
  const x = call.value(0);
  const requested = integersOf(call, 1, "axes") ?? [];
  const own = call.shapeOf(x);
  const rank = own.length + requested.length;
  const axes = requested.map((axis) => frontAxis(call, axis, rank));
  const sizes = own.values();
  const shape = Array.from({ length: rank }, (_, axis) =>
    axes.includes(axis) ? 1 : (sizes.next().value ?? 1),
  );
  return call.add("reshape", [x], { shape });
}

/** Appends a transposition. */
export function transposed(call: NodeCall, x: string, order: readonly number[]): string {
  return call.add("transpose", [x], { order });
}

function transpose(call: NodeCall): string {
  const x = call.value(0);
  const rank = call.shapeOf(x).length;
  const order =
    intsAttribute(call.node, "perm") ?? Array.from({ length: rank }, (_, axis) => rank - 1 - axis);
  return transposed(call, x, order);
}

function expand(call: NodeCall): string {
  const x = call.value(0);
  return call.add("expand", [x], { shape: broadcastShape([call.shapeOf(x), listAt(call, 1)]) });
}

/** Repeats one axis after another: [outer, inner] becomes [outer, count, inner]. */
function tile(call: NodeCall): string {
  const repeats = listAt(call, 1);
  const rank = call.shapeOf(call.value(0)).length;
  if (repeats.length !== rank) throw refuse(call.node, `repeats ${repeats.length} of ${rank} axes`);
  return repeats.reduce(
    (value, count, axis) => {
      if (count === 1) return value;
      const shape = call.shapeOf(value);
      const [outer, inner] = [elements(shape.slice(0, axis)), elements(shape.slice(axis))];
      const apart = call.add("reshape", [value], { shape: [outer, 1, inner] });
      const repeated = call.add("expand", [apart], { shape: [outer, count, inner] });
      return call.add("reshape", [repeated], { shape: shape.with(axis, (shape[axis] ?? 1) * count) });
    },
    copy(call, call.value(0)),
  );
}

function slice(call: NodeCall): string {
  const x = call.value(0);
  const shape = call.shapeOf(x);
  const starts = integersOf(call, 1, "starts") ?? [];
  const ends = integersOf(call, 2, "ends") ?? [];
  const axes = integersOf(call, 3, "axes") ?? [...starts.keys()];
  const steps = call.has(4) ? listAt(call, 4) : starts.map(() => 1);
  const cut = { starts: shape.map(() => 0), steps: shape.map(() => 1), sizes: [...shape] };
  for (const [index, requested] of axes.entries()) {
    const axis = frontAxis(call, requested, shape.length);
    const size = shape[axis] ?? 1;
    const step = steps[index] ?? 1;
    if (step === 0) throw refuse(call.node, "has a step of 0");
    const fromFront = (position: number): number => (position < 0 ? position + size : position);
    const [least, most] = step > 0 ? [0, size] : [-1, size - 1];
    const start = Math.min(Math.max(fromFront(starts[index] ?? 0), Math.max(least, 0)), most);
    const end = Math.min(Math.max(fromFront(ends[index] ?? 0), least), most);
    cut.sizes[axis] = Math.max(0, Math.ceil((end - start) / step));
    cut.starts[axis] = start;
    cut.steps[axis] = step;
  }
  return call.add("slice", [x], cut);
}

/** Appends a slice of one axis. */
export function sliced(
  call: NodeCall,
  x: string,
  axis: number,
  start: number,
  size: number,
  step = 1,
): string {
  const shape = call.shapeOf(x);
  return call.add("slice", [x], {
    starts: shape.map((_, at) => (at === axis ? start : 0)),
    steps: shape.map((_, at) => (at === axis ? step : 1)),
    sizes: shape.with(axis, size),
  });
}

function split(call: NodeCall): string[] {
  const x = call.value(0);
  const shape = call.shapeOf(x);
  const axis = frontAxis(call, intAttribute(call.node, "axis", 0), shape.length);
  const size = shape[axis] ?? 1;
  const parts = call.node.output.length;
  const each = Math.ceil(size / parts);
  const sizes =
    integersOf(call, 1, "split") ??
    Array.from({ length: parts }, (_, part) => Math.max(0, Math.min(each, size - part * each)));
  if (sizes.length !== parts || sizes.reduce((sum, part) => sum + part, 0) !== size) {
    throw refuse(call.node, `splits ${size} into [${sizes.join(", ")}] for ${parts} outputs`);
  }
  let start = 0;
  return sizes.map((part) => {
    const piece = sliced(call, x, axis, start, part);
    start += part;
    return piece;
  });
}

function concat(call: NodeCall): string {
  const values = Array.from({ length: call.inputCount }, (_, index) => call.value(index));
  const rank = call.shapeOf(values[0] ?? "").length;
  return call.add("concat", values, { axis: frontAxis(call, intAttribute(call.node, "axis", 1), rank) });
}

function gather(call: NodeCall): string {
  const x = call.value(0);
  const axis = frontAxis(call, intAttribute(call.node, "axis", 0), call.shapeOf(x).length);
  return call.add("gather", [x, indicesOf(call, 1)], { axis });
}

/** Indices as i32: numbers without a type of their own would take that of the data. */
function indicesOf(call: NodeCall, index: number): string {
  if (call.isKnown(index)) {
    const { shape, data } = call.known(index);
    return call.constant(shape, data, "i32");
  }
  const indices = call.value(index);
  return call.typeOf(indices).dtype === "i32" ? indices : call.add("cast", [indices], { to: "i32" });
}

/** Blocks of channels become blocks of pixels, or the reverse: a reshape to six axes, a transposition, a reshape. */
function depthToSpace(call: NodeCall): string {
  const x = call.value(0);
  const [batch = 0, channels = 0, height = 0, width = 0] = call.shapeOf(x);
  const block = intAttribute(call.node, "blocksize");
  const depth = channels / block ** 2;
  const isDcr = stringAttribute(call.node, "mode", "DCR") === "DCR";
  const split = isDcr
    ? [batch, block, block, depth, height, width]
    : [batch, depth, block, block, height, width];
  const order = isDcr ? [0, 3, 4, 1, 5, 2] : [0, 1, 4, 2, 5, 3];
  const moved = transposed(call, call.add("reshape", [x], { shape: split }), order);
  return call.add("reshape", [moved], { shape: [batch, depth, height * block, width * block] });
}

function spaceToDepth(call: NodeCall): string {
  const x = call.value(0);
  const [batch = 0, channels = 0, height = 0, width = 0] = call.shapeOf(x);
  const block = intAttribute(call.node, "blocksize");
  const [rows, columns] = [height / block, width / block];
  const split: Shape = [batch, channels, rows, block, columns, block];
  const moved = transposed(call, call.add("reshape", [x], { shape: split }), [0, 3, 5, 1, 2, 4]);
  return call.add("reshape", [moved], { shape: [batch, block ** 2 * channels, rows, columns] });
}

/** Nodes that move elements, by operator. */
export const movementNodes: Readonly<Record<string, NodeImporter>> = {
  Identity: { add: (call) => copy(call, call.value(0)) },
  Dropout: {
    known: [1, 2],
    add(call) {
      const isTraining = call.has(2) && call.known(2).data[0] !== 0;
      if (isTraining) throw refuse(call.node, "is in training mode");
      const x = call.value(0);
      const kept = call.constant([], [1], "bool");
      return [copy(call, x), call.add("expand", [kept], { shape: call.shapeOf(x) })];
    },
  },
  Reshape: { known: [1], add: reshape },
  Flatten: { add: flatten },
  Squeeze: { known: [1], add: squeeze },
  Unsqueeze: { known: [1], add: unsqueeze },
  Transpose: { add: transpose },
  Expand: { known: [1], add: expand },
  Tile: { known: [1], add: tile },
  Slice: { known: [1, 2, 3, 4], add: slice },
  Split: { known: [1], add: split },
  Concat: { add: concat },
  Gather: { add: gather },
  Pad: { known: [1, 2, 3], add: pad },
  DepthToSpace: { add: depthToSpace },
  SpaceToDepth: { add: spaceToDepth },
};

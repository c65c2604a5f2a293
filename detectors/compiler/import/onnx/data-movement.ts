import { damagedOnnx } from "../errors.ts";
import { showNode } from "../file-node.ts";
import { elementsOf, gatherStrided, type NdArray, reshaped, stridesOf, zeros } from "../nd-array.ts";
import { broadcastShape, broadcastStrides } from "./arithmetic.ts";
import { intAttribute, intsAttribute, stringAttribute } from "./attributes.ts";
import { type Call, frontAxis, integerOperand, type Operation, operand } from "./call.ts";

/** Operators that move elements without changing them. */
export const dataMovement: Readonly<Record<string, Operation>> = {
  Identity: (call) => [operand(call, 0)],
  Reshape: (call) => [reshape(call)],
  Flatten: (call) => [flatten(call)],
  Squeeze: (call) => [squeeze(call)],
  Unsqueeze: (call) => [unsqueeze(call)],
  Transpose: (call) => [transpose(call)],
  Expand: (call) => [expand(call)],
  Tile: (call) => [tile(call)],
  Slice: (call) => [slice(call)],
  Split: split,
  Concat: (call) => [concat(call)],
  Gather: (call) => [gather(call)],
  ScatterND: (call) => [scatter(call)],
};

function reshape(call: Call): NdArray {
  const x = operand(call, 0);
  const keepZero = intAttribute(call.node, "allowzero", 0) === 1;
  const requested = integerOperand(call, 1).map((size, axis) =>
    size === 0 && !keepZero ? (x.shape[axis] ?? 0) : size,
  );
  const known = requested.filter((size) => size !== -1).reduce((product, size) => product * size, 1);
  const shape = requested.map((size) => (size === -1 ? x.data.length / known : size));
  if (elementsOf(shape) !== x.data.length) {
    throw damagedOnnx(
      `${showNode(call.node)} cannot reshape [${x.shape.join(", ")}] to [${requested.join(", ")}]`,
    );
  }
  return reshaped(x, shape);
}

function flatten(call: Call): NdArray {
  const x = operand(call, 0);
  const requested = intAttribute(call.node, "axis", 1);
  const axis = requested === x.shape.length ? requested : frontAxis(call, requested, x.shape.length);
  return reshaped(x, [elementsOf(x.shape.slice(0, axis)), elementsOf(x.shape.slice(axis))]);
}

/** Axes are an input since operator set 13, and an attribute before. */
function axesOf(call: Call): readonly number[] | undefined {
  return call.inputs[1] ? integerOperand(call, 1) : intsAttribute(call.node, "axes");
}

function squeeze(call: Call): NdArray {
  const x = operand(call, 0);
  const axes = axesOf(call)?.map((axis) => frontAxis(call, axis, x.shape.length));
  const shape = x.shape.filter((size, axis) => (axes ? !axes.includes(axis) : size !== 1));
  if (elementsOf(shape) !== x.data.length) {
    throw damagedOnnx(
      `${showNode(call.node)} removes an axis of [${x.shape.join(", ")}] that is longer than 1`,
    );
  }
  return reshaped(x, shape);
}

function unsqueeze(call: Call): NdArray {
  const x = operand(call, 0);
  const requested = axesOf(call) ?? [];
  const rank = x.shape.length + requested.length;
  const axes = new Set(requested.map((axis) => frontAxis(call, axis, rank)));
  const sizes = x.shape.values();
  const shape = Array.from({ length: rank }, (_, axis) => (axes.has(axis) ? 1 : (sizes.next().value ?? 1)));
  return reshaped(x, shape);
}

function transpose(call: Call): NdArray {
  const x = operand(call, 0);
  const order = intsAttribute(call.node, "perm") ?? x.shape.map((_, axis) => x.shape.length - 1 - axis);
  const strides = stridesOf(x.shape);
  if (new Set(order).size !== x.shape.length || !order.every((axis) => x.shape[axis] !== undefined)) {
    throw damagedOnnx(`${showNode(call.node)} reorders [${x.shape.join(", ")}] by [${order.join(", ")}]`);
  }
  return gatherStrided(
    x,
    order.map((axis) => x.shape[axis] ?? 1),
    order.map((axis) => strides[axis] ?? 0),
  );
}

function expand(call: Call): NdArray {
  const x = operand(call, 0);
  const shape = broadcastShape(call, [x.shape, integerOperand(call, 1)]);
  return gatherStrided(x, shape, broadcastStrides(x.shape, shape));
}

function tile(call: Call): NdArray {
  const x = operand(call, 0);
  const repeats = integerOperand(call, 1);
  if (repeats.length !== x.shape.length) {
    throw damagedOnnx(`${showNode(call.node)} repeats ${repeats.length} of ${x.shape.length} axes`);
  }
  // A repeated axis is read as two axes, the outer with stride 0.
  const strides = stridesOf(x.shape);
  const doubled = x.shape.flatMap((size, axis) => [repeats[axis] ?? 1, size]);
  const y = gatherStrided(
    x,
    doubled,
    strides.flatMap((stride) => [0, stride]),
  );
  return reshaped(
    y,
    x.shape.map((size, axis) => size * (repeats[axis] ?? 1)),
  );
}

function slice(call: Call): NdArray {
  const x = operand(call, 0);
  // Up to operator set 9 these were attributes.
  const asInputs = call.inputs.length > 1;
  const starts = asInputs ? integerOperand(call, 1) : (intsAttribute(call.node, "starts") ?? []);
  const ends = asInputs ? integerOperand(call, 2) : (intsAttribute(call.node, "ends") ?? []);
  const axes = call.inputs[3] ? integerOperand(call, 3) : (intsAttribute(call.node, "axes") ?? starts.keys());
  const steps = call.inputs[4] ? integerOperand(call, 4) : starts.map(() => 1);

  const shape = [...x.shape];
  const strides = stridesOf(x.shape);
  let offset = 0;
  for (const [index, requested] of [...axes].entries()) {
    const axis = frontAxis(call, requested, x.shape.length);
    const size = x.shape[axis] ?? 1;
    const step = steps[index] ?? 1;
    if (step === 0) throw damagedOnnx(`${showNode(call.node)} has a step of 0`);
    const fromFront = (position: number): number => (position < 0 ? position + size : position);
    const [least, most] = step > 0 ? [0, size] : [-1, size - 1];
    const start = Math.min(Math.max(fromFront(starts[index] ?? 0), Math.max(least, 0)), most);
    const end = Math.min(Math.max(fromFront(ends[index] ?? 0), least), most);
    shape[axis] = Math.max(0, Math.ceil((end - start) / step));
    offset += start * (strides[axis] ?? 0);
    strides[axis] = (strides[axis] ?? 0) * step;
  }
  return gatherStrided(x, shape, strides, offset);
}

function split(call: Call): NdArray[] {
  const x = operand(call, 0);
  const axis = frontAxis(call, intAttribute(call.node, "axis", 0), x.shape.length);
  const size = x.shape[axis] ?? 1;
  const parts = call.node.output.length;
  const each = Math.ceil(size / parts);
  // Sizes are an input since operator set 13, and an attribute before. Without them the parts are equal.
  const sizes =
    (call.inputs[1] ? integerOperand(call, 1) : intsAttribute(call.node, "split")) ??
    Array.from({ length: parts }, (_, part) => Math.min(each, size - part * each));
  if (sizes.length !== parts || sizes.reduce((sum, part) => sum + part, 0) !== size) {
    throw damagedOnnx(
      `${showNode(call.node)} splits ${size} into [${sizes.join(", ")}] for ${parts} outputs`,
    );
  }
  const strides = stridesOf(x.shape);
  let start = 0;
  return sizes.map((part) => {
    const piece = gatherStrided(x, x.shape.with(axis, part), strides, start * (strides[axis] ?? 0));
    start += part;
    return piece;
  });
}

function concat(call: Call): NdArray {
  const arrays = call.inputs.map((_, index) => operand(call, index));
  const first = operand(call, 0);
  const axis = frontAxis(call, intAttribute(call.node, "axis"), first.shape.length);
  for (const { shape } of arrays) {
    if (shape.length !== first.shape.length || shape.some((n, i) => i !== axis && n !== first.shape[i])) {
      throw damagedOnnx(
        `${showNode(call.node)} cannot join [${shape.join(", ")}] to [${first.shape.join(", ")}]`,
      );
    }
  }
  const total = arrays.reduce((sum, { shape }) => sum + (shape[axis] ?? 0), 0);
  const y = zeros(first.type, first.shape.with(axis, total));
  const rows = elementsOf(first.shape.slice(0, axis));
  const rowLength = y.data.length / Math.max(1, rows);
  let start = 0;
  for (const { shape, data } of arrays) {
    const run = elementsOf(shape.slice(axis));
    for (let row = 0; row < rows; row++) {
      y.data.set(data.subarray(row * run, (row + 1) * run), row * rowLength + start);
    }
    start += run;
  }
  return y;
}

function gather(call: Call): NdArray {
  const x = operand(call, 0);
  const indices = operand(call, 1);
  const axis = frontAxis(call, intAttribute(call.node, "axis", 0), x.shape.length);
  const size = x.shape[axis] ?? 1;
  const run = elementsOf(x.shape.slice(axis + 1));
  const rows = elementsOf(x.shape.slice(0, axis));
  const y = zeros(x.type, [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)]);
  let to = 0;
  for (let row = 0; row < rows; row++) {
    for (const requested of indices.data) {
      const index = requested < 0 ? requested + size : requested;
      if (!(index >= 0 && index < size)) {
        throw damagedOnnx(`${showNode(call.node)} reads element ${requested} of ${size}`);
      }
      const from = (row * size + index) * run;
      y.data.set(x.data.subarray(from, from + run), to);
      to += run;
    }
  }
  return y;
}

/** ONNX ScatterND-11, which stands for `y[..., 0:2] = …` in Python (export.py --inplace). */
function scatter(call: Call): NdArray {
  const x = operand(call, 0);
  const indices = operand(call, 1);
  const updates = operand(call, 2);
  const reduction = stringAttribute(call.node, "reduction", "none");
  if (reduction !== "none") throw damagedOnnx(`${showNode(call.node)} combines elements by ${reduction}`);
  const depth = indices.shape.at(-1) ?? 0;
  const run = elementsOf(x.shape.slice(depth));
  const places = depth === 0 ? 0 : indices.data.length / depth;
  if (depth > x.shape.length || updates.data.length !== places * run) {
    throw damagedOnnx(
      `${showNode(call.node)} writes [${updates.shape.join(", ")}] at [${indices.shape.join(", ")}] of [${x.shape.join(", ")}]`,
    );
  }
  const strides = stridesOf(x.shape);
  const y = gatherStrided(x, x.shape, strides);
  for (let place = 0; place < places; place++) {
    let to = 0;
    for (let axis = 0; axis < depth; axis++) {
      const size = x.shape[axis] ?? 1;
      const requested = indices.data[place * depth + axis] ?? 0;
      const index = requested < 0 ? requested + size : requested;
      if (!(index >= 0 && index < size)) {
        throw damagedOnnx(`${showNode(call.node)} writes to element ${requested} of ${size}`);
      }
      to += index * (strides[axis] ?? 0);
    }
    y.data.set(updates.data.subarray(place * run, (place + 1) * run), to);
  }
  return y;
}

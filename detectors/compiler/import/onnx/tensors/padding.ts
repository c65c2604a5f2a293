import { floatAttribute, intsAttribute, stringAttribute } from "../attributes.ts";
import { copy } from "./elementwise.ts";
import { frontAxis, integersOf, listAt, type NodeCall, refuse, tableLength } from "./node-call.ts";

/** Pad: a border of a number, or of copies of the elements at the edge. Negative padding removes elements. */
export function pad(call: NodeCall): string {
  const x = call.value(0);
  const shape = call.shapeOf(x);
  const given = integersOf(call, 1, "pads") ?? intsAttribute(call.node, "paddings") ?? [];
  const axes = call.has(3)
    ? listAt(call, 3).map((axis) => frontAxis(call, axis, shape.length))
    : [...shape.keys()];
  const side = (first: number): number[] =>
    shape.map((_, axis) => (axes.includes(axis) ? (given[first + axes.indexOf(axis)] ?? 0) : 0));
  const [before, after] = [side(0), side(axes.length)];
  const mode = stringAttribute(call.node, "mode", "constant");
  const cut = cropped(call, x, before, after);
  const [more, less] = [before, after].map((sizes) => sizes.map((size) => Math.max(0, size)));
  if (mode === "constant") {
    const value = call.has(2) ? (call.known(2).data[0] ?? 0) : floatAttribute(call.node, "value", 0);
    return padded(call, cut, more ?? [], less ?? [], value);
  }
  return [...shape.keys()].reduce(
    (value, axis) => extended(call, value, axis, more?.[axis] ?? 0, less?.[axis] ?? 0, mode),
    copy(call, cut),
  );
}

/** Removes elements where padding is negative. */
function cropped(call: NodeCall, x: string, before: readonly number[], after: readonly number[]): string {
  const own = call.shapeOf(x);
  if ([...before, ...after].every((size) => size >= 0)) return x;
  return call.add("slice", [x], {
    starts: own.map((_, axis) => Math.max(0, -(before[axis] ?? 0))),
    steps: own.map(() => 1),
    sizes: own.map((size, axis) => size + Math.min(0, before[axis] ?? 0) + Math.min(0, after[axis] ?? 0)),
  });
}

/** Appends padding with a number, and between elements, where it is not zero everywhere. */
export function padded(
  call: NodeCall,
  x: string,
  before: readonly number[],
  after: readonly number[],
  value: number,
  between: readonly number[] = before.map(() => 0),
): string {
  if ([...before, ...after, ...between].every((size) => size === 0)) return x;
  return call.add("pad", [x], { before, after, between, value });
}

/** Extends one axis by copies of its own elements: mirrored at its ends, its last ones, or from its other end. */
function extended(
  call: NodeCall,
  x: string,
  axis: number,
  before: number,
  after: number,
  mode: string,
): string {
  if (before === 0 && after === 0) return x;
  const size = call.shapeOf(x)[axis] ?? 0;
  const indexOf = (position: number): number => {
    if (mode === "edge") return Math.max(0, Math.min(size - 1, position));
    if (mode === "wrap") return ((position % size) + size) % size;
    if (mode !== "reflect") throw refuse(call.node, `has mode ${mode}`);
    const period = Math.max(1, 2 * (size - 1));
    const inPeriod = ((position % period) + period) % period;
    return inPeriod < size ? inPeriod : period - inPeriod;
  };
  const length = tableLength(call, before + size + after);
  const indices = Array.from({ length }, (_, at) => indexOf(at - before));
  return call.add("gather", [x, call.constant([indices.length], indices, "i32")], { axis });
}

/** Resize and Upsample: along each axis, weighted sums of elements whose indices are known. */
import { floatsAttribute, intAttribute, intsAttribute, stringAttribute } from "../attributes.ts";
import { ROUNDING } from "../resize.ts";
import { copy } from "./elementwise.ts";

import { frontAxis, listAt, type NodeCall, type NodeImporter, refuse, tableLength } from "./node-call.ts";

/** How one axis is resized. */
interface AxisResize {
  readonly axis: number;
  readonly size: number;
  readonly resized: number;
  readonly scale: number;
}

/** Where a position of the output lies in the input (ONNX Resize-19, coordinate_transformation_mode). */
const COORDINATES: ReadonlyMap<string, (position: number, axis: AxisResize) => number> = new Map(
  Object.entries({
    asymmetric: (position, { scale }) => position / scale,
    half_pixel: (position, { scale }) => (position + 0.5) / scale - 0.5,
    pytorch_half_pixel: (position, { scale, resized }) => (resized > 1 ? (position + 0.5) / scale - 0.5 : 0),
    align_corners: (position, { size, resized }) =>
      resized > 1 ? (position * (size - 1)) / (resized - 1) : 0,
    tf_half_pixel_for_nn: (position, { scale }) => (position + 0.5) / scale,
  }),
);

function resize(call: NodeCall): string {
  const { node } = call;
  if (intAttribute(node, "antialias", 0) !== 0) throw refuse(node, "has antialias");
  const mode = stringAttribute(node, "mode", "nearest");
  if (mode !== "nearest" && mode !== "linear" && mode !== "bilinear") throw refuse(node, `has mode ${mode}`);
  const x = call.value(0);
  return axesOf(call, x).reduce(
    (value, axis) => {
      if (mode === "nearest") return nearest(call, value, axis);
      return linear(call, value, axis);
    },
    copy(call, x),
  );
}

/** The axes whose size changes, or whose elements move. */
function axesOf(call: NodeCall, x: string): readonly AxisResize[] {
  const { node } = call;
  const shape = call.shapeOf(x);
  const axes = intsAttribute(node, "axes")?.map((axis) => frontAxis(call, axis, shape.length)) ?? [
    ...shape.keys(),
  ];
  const isUpsample = node.opType === "Upsample" || call.opset < 11;
  const numbers = (index: number): readonly number[] => (call.has(index) ? listAt(call, index) : []);
  const scales = floatsAttribute(node, "scales") ?? numbers(isUpsample ? 1 : 2);
  const sizes = isUpsample ? [] : numbers(3);
  if (stringAttribute(node, "keep_aspect_ratio_policy", "stretch") !== "stretch") {
    throw refuse(node, "keeps the aspect ratio");
  }
  return axes.flatMap((axis, index) => {
    const size = shape[axis] ?? 1;
    const resized = sizes[index] ?? Math.floor(size * (scales[index] ?? 1));
    const scale = sizes.length > 0 ? resized / size : (scales[index] ?? 1);
    return scale === 1 && resized === size ? [] : [{ axis, size, resized, scale }];
  });
}

/** The coordinate of each position of the output. */
function coordinatesOf(call: NodeCall, axis: AxisResize): readonly number[] {
  const { node, opset } = call;
  const absent = node.opType === "Upsample" || opset < 11 ? "asymmetric" : "half_pixel";
  const mode = stringAttribute(node, "coordinate_transformation_mode", absent);
  const transform = COORDINATES.get(mode);
  if (!transform) throw refuse(node, `has the coordinates ${mode}`);
  // ONNX's tests align with the size before it is rounded, onnxruntime with the size after it.
  if (mode === "align_corners" && Math.abs(axis.size * axis.scale - axis.resized) > 1e-6) {
    throw refuse(node, "aligns corners with a size that is not whole");
  }
  return Array.from({ length: tableLength(call, axis.resized) }, (_, position) => transform(position, axis));
}

/** Gathers elements along an axis; indices beyond its ends read the end. */
function gathered(call: NodeCall, x: string, { axis, size }: AxisResize, indices: readonly number[]): string {
  const inside = indices.map((index) => Math.max(0, Math.min(size - 1, index)));
  return call.add("gather", [x, call.constant([inside.length], inside, "i32")], { axis });
}

function nearest(call: NodeCall, x: string, axis: AxisResize): string {
  const absent = call.node.opType === "Upsample" || call.opset < 11 ? "floor" : "round_prefer_floor";
  const mode = stringAttribute(call.node, "nearest_mode", absent);
  const round = ROUNDING.get(mode);
  if (!round) throw refuse(call.node, `rounds by ${mode}`);
  return gathered(call, x, axis, coordinatesOf(call, axis).map(round));
}

function linear(call: NodeCall, x: string, axis: AxisResize): string {
  if (call.typeOf(x).dtype !== "f32") throw refuse(call.node, "interpolates integers");
  const coordinates = coordinatesOf(call, axis);
  const shares = coordinates.map((coordinate) => coordinate - Math.floor(coordinate));
  const along = call.shapeOf(x).map((_, at) => (at === axis.axis ? axis.resized : 1));
  const weighted = (offset: number, weights: readonly number[]): string => {
    const indices = coordinates.map((coordinate) => Math.floor(coordinate) + offset);
    return call.add("mul", [gathered(call, x, axis, indices), call.constant(along, weights)], {});
  };
  return call.add(
    "add",
    [
      weighted(
        0,
        shares.map((share) => 1 - share),
      ),
      weighted(1, shares),
    ],
    {},
  );
}

export const resizeNodes: Readonly<Record<string, NodeImporter>> = {
  Resize: { known: [1, 2, 3], add: resize },
  Upsample: { known: [1], add: resize },
};

import type { Padding } from "../../ops/window.ts";
import { damagedTfjs } from "../errors.ts";
import { showNode } from "../file-node.ts";
import type { NdArray } from "../nd-array.ts";
import { flagOf, integersOf } from "./attributes.ts";
import { arrayAt, type BodyContext, mapAt, setMap } from "./body-value.ts";
import type { TfjsNode } from "./schema.ts";
import { paddingOf, strideOf, windowObstacle } from "./window.ts";

type Constants = ReadonlyMap<string, NdArray>;

/** Why the graph cannot express a ResizeBilinear or ResizeNearestNeighbor; undefined when it can. */
export function resizeObstacle(node: TfjsNode): string | undefined {
  return ["align_corners", "half_pixel_centers"].find((flag) => flagOf(node, flag))?.replace(/^/, "with ");
}

/**
 * TensorFlow ResizeBilinear → resize_bilinear, ResizeNearestNeighbor → upsample.
 * @throws ModelError unless the factor is whole and the same in both directions.
 */
export function importResize(context: BodyContext, node: TfjsNode): void {
  const x = mapAt(context, node, 0);
  const [height = 0, width = 0] = context.builder.typeOf(x).shape;
  const [rows = 0, columns = 0] = arrayAt(context, node, 1).data;
  const factor = rows / height;
  if (!Number.isSafeInteger(factor) || factor < 1 || columns / width !== factor) {
    throw damagedTfjs(
      `${showNode(node)} scales ${width}x${height} to ${columns}x${rows}; only a whole factor that is the same in both directions is supported`,
    );
  }
  const op = node.opType === "ResizeBilinear" ? "resize_bilinear" : "upsample";
  setMap(context, node, context.builder.add(op, [x], { factor }, node.name));
}

/** Feature maps are [1, height, width, channels] in TensorFlow.js. */
export function concatObstacle(node: TfjsNode, constants: Constants): string | undefined {
  const axis = constants.get(node.input.at(-1) ?? "")?.data[0];
  return axis === 3 || axis === -1 ? undefined : `along axis ${axis ?? "unknown"}`;
}

/** TensorFlow ConcatV2 along channels → concat. */
export function importConcat(context: BodyContext, node: TfjsNode): void {
  const maps = node.input.slice(0, -1).map((_, index) => mapAt(context, node, index));
  setMap(context, node, context.builder.add("concat", maps, { axis: 2 }, node.name));
}

/** Why the graph cannot express a Mean; undefined when it can. */
export function meanObstacle(node: TfjsNode, constants: Constants): string | undefined {
  const axes = [...(constants.get(node.input[1] ?? "")?.data ?? [])].map((axis) =>
    axis < 0 ? axis + 4 : axis,
  );
  if (axes.toSorted().join() !== "1,2") return `over axes ${axes.join(", ") || "unknown"}`;
  return flagOf(node, "keep_dims") ? undefined : "without keep_dims";
}

/** TensorFlow Mean over height and width → mean. */
export function importMean(context: BodyContext, node: TfjsNode): void {
  setMap(context, node, context.builder.add("mean", [mapAt(context, node, 0)], {}, node.name));
}

/** Why the graph cannot express a MaxPool; undefined when it can. */
export function poolObstacle(node: TfjsNode): string | undefined {
  const [batch, rows, columns, channels] = integersOf(node, "ksize");
  if (batch !== 1 || channels !== 1 || rows !== columns)
    return `with ksize ${integersOf(node, "ksize").join("×")}`;
  return windowObstacle(node);
}

/** TensorFlow MaxPool → max_pool2d. */
export function importPool(context: BodyContext, node: TfjsNode): void {
  const x = mapAt(context, node, 0);
  const kernel = integersOf(node, "ksize")[1] ?? 0;
  const [height = 0, width = 0] = context.builder.typeOf(x).shape;
  const padding = paddingOf(node, [height, width], [kernel, kernel]);
  const attributes = { kernel, stride: strideOf(node), padding };
  setMap(context, node, context.builder.add("max_pool2d", [x], attributes, node.name));
}

/** Networks pad by less; larger numbers come from broken files. */
const MAX_PADDING = 64;

/** Why a Pad cannot become the padding of the next convolution; undefined when it can. */
export function padObstacle(node: TfjsNode, constants: Constants): string | undefined {
  const pads = constants.get(node.input[1] ?? "");
  const [n0, n1, top = -1, bottom = -1, left = -1, right = -1, c0, c1] = pads?.data ?? [];
  const outer = [n0, n1, c0, c1].some((pad) => pad !== 0);
  const odd = [top, bottom, left, right].some(
    (pad) => !(Number.isInteger(pad) && pad >= 0 && pad <= MAX_PADDING),
  );
  if (pads?.data.length !== 8 || outer || odd) return `by ${pads ? pads.data.join(", ") : "unknown numbers"}`;
  const [value = 0] =
    node.opType === "PadV2" ? (constants.get(node.input[2] ?? "")?.data ?? [Number.NaN]) : [];
  return value === 0 ? undefined : `with ${value}`;
}

/** TensorFlow Pad, PadV2 → padding of the convolution that uses it. */
export function importPad(context: BodyContext, node: TfjsNode): void {
  const [, , top = 0, bottom = 0, left = 0, right = 0] = arrayAt(context, node, 1).data;
  const padding: Padding = { top, left, bottom, right };
  setMap(context, node, mapAt(context, node, 0), padding);
}

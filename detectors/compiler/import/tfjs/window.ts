import type { Padding } from "../../ops/window.ts";
import { damagedTfjs } from "../errors.ts";
import { showNode } from "../file-node.ts";
import { integersOf, stringOf } from "./attributes.ts";
import type { TfjsNode } from "./schema.ts";

/** Networks have smaller strides; larger numbers come from broken files. */
const MAX_STEP = 64;

/** Why the graph cannot express the window of a convolution or pooling; undefined when it can. */
export function windowObstacle(node: TfjsNode): string | undefined {
  const format = stringOf(node, "data_format", "NHWC");
  if (format !== "NHWC") return `with data_format ${format}`;
  const [batch = 1, rows = 1, columns = 1, channels = 1] = integersOf(node, "strides");
  if (batch !== 1 || channels !== 1 || rows !== columns || rows < 1 || rows > MAX_STEP) {
    return `with strides ${[batch, rows, columns, channels].join("×")}`;
  }
  const dilations = integersOf(node, "dilations");
  if (dilations.some((dilation) => dilation !== 1)) return `with dilations ${dilations.join("×")}`;
  const padding = stringOf(node, "padding");
  return padding === "SAME" || padding === "VALID" ? undefined : `with padding ${padding || "unknown"}`;
}

/** The stride, which is the same on both axes. */
export function strideOf(node: TfjsNode): number {
  return integersOf(node, "strides")[1] ?? 1;
}

/**
 * The padding of a window (TensorFlow, tf.nn "Notes on padding conventions"). With SAME there are ⌈size / stride⌉
 * positions; when the number of added pixels is odd, the extra one is at the bottom and right.
 * @throws ModelError when the window has no size.
 */
export function paddingOf(
  node: TfjsNode,
  [height, width]: readonly [height: number, width: number],
  [kernelHeight, kernelWidth]: readonly [height: number, width: number],
): Padding {
  if (stringOf(node, "padding") === "VALID") return { top: 0, left: 0, bottom: 0, right: 0 };
  const stride = strideOf(node);
  const [top, bottom] = samePadding(height, kernelHeight, stride);
  const [left, right] = samePadding(width, kernelWidth, stride);
  if (![top, left, bottom, right].every(Number.isSafeInteger)) {
    throw damagedTfjs(`${showNode(node)} has a window of ${kernelWidth}x${kernelHeight}`);
  }
  return { top, left, bottom, right };
}

function samePadding(size: number, kernel: number, stride: number): [before: number, after: number] {
  const all = Math.max((Math.ceil(size / stride) - 1) * stride + kernel - size, 0);
  const before = Math.floor(all / 2);
  return [before, all - before];
}

/** Pooling of tensors as pooling of feature maps. An average is a depthwise convolution with equal weights. */
import type { Node } from "../../graph/graph.ts";
import { floats } from "../../graph/value.ts";
import { type Layouts, type MapOfValue, mapShape } from "./layouts.ts";
import { strideOfBoth } from "./window-sizes.ts";

const NO_PADDING = { top: 0, left: 0, bottom: 0, right: 0 };

export function lowerPool(node: Node<"pool">, layouts: Layouts): MapOfValue | undefined {
  const [x = ""] = node.inputs;
  const { combining, kernel, strides, dilations, factor } = node.attributes;
  const { dtype, shape } = layouts.typeOf(x);
  const [height = 1, width = 1] = kernel.length === 2 ? kernel : [1, ...kernel];
  const stride = strideOfBoth(
    shape.slice(2).map((size, axis) => ({ size, reach: kernel[axis] ?? 1, stride: strides[axis] ?? 1 })),
  );
  const channels = mapShape(shape)?.at(-1);
  const isPlain = dtype === "f32" && kernel.length <= 2 && dilations.every((dilation) => dilation === 1);
  if (!isPlain || stride === undefined || channels === undefined) return undefined;
  if (combining === "max") {
    if (height !== width) return undefined;
    const attributes = { kernel: width, stride, padding: NO_PADDING };
    return { name: layouts.add("max_pool2d", [layouts.mapOf(x)], attributes), channelAxes: 1 };
  }
  const weights = new Float32Array(height * width * channels).fill(factor);
  const constant = layouts.addConstant(floats([height, width, channels], weights));
  const attributes = { stride, padding: NO_PADDING, activation: "none" } as const;
  return { name: layouts.add("depthwise_conv2d", [layouts.mapOf(x), constant], attributes), channelAxes: 1 };
}

/** The average over all pixels of a map. */
export function lowerAverage(node: Node<"reduce">, layouts: Layouts): MapOfValue | undefined {
  const [x = ""] = node.inputs;
  const { combining, axes, factor } = node.attributes;
  const { dtype, shape } = layouts.typeOf(x);
  const [height = 1, width = 1] = mapShape(shape) ?? [];
  const isOfPixels =
    mapShape(shape) !== undefined &&
    shape.length > 2 &&
    axes.length === shape.length - 2 &&
    axes.every((axis) => axis >= 2);
  const isAverage = combining === "sum" && Math.abs(factor * height * width - 1) < 1e-6;
  if (!isOfPixels || !isAverage || dtype !== "f32" || !layouts.hasMap(x)) return undefined;
  return { name: layouts.add("mean", [layouts.mapOf(x)], {}), channelAxes: 1 };
}

/** Convolutions of tensors as convolutions of feature maps. */
import type { Node } from "../../graph/graph.ts";
import { type FloatConstant, floats } from "../../graph/value.ts";
import type { ConvolutionAttributes } from "../../ops/conv2d.ts";
import { elements } from "../../ops/shapes.ts";
import { type Layouts, type MapOfValue, mapShape } from "./layouts.ts";
import { strideOfBoth } from "./window-sizes.ts";

/** Above this, a convolution per group costs more than it saves. */
const MOST_GROUPS = 16;

export function lowerConvolution(node: Node<"convolution">, layouts: Layouts): MapOfValue | undefined {
  const [x = "", weightsName = ""] = node.inputs;
  const weights = layouts.constant(weightsName);
  const { groups, strides, dilations } = node.attributes;
  const channels = mapShape(layouts.typeOf(x).shape)?.at(-1);
  const kernel = kernelOf(weights, dilations);
  const sizes = layouts.typeOf(x).shape.slice(2);
  const reaches = kernel && [kernel.height, kernel.width].slice(-sizes.length);
  const stride = strideOfBoth(
    sizes.map((size, axis) => ({ size, reach: reaches?.[axis] ?? 1, stride: strides[axis] ?? 1 })),
  );
  if (weights === undefined || kernel === undefined || stride === undefined || channels === undefined) {
    return undefined;
  }
  const [outputs = 0] = weights.shape;
  const window = { stride, padding: { top: 0, left: 0, bottom: 0, right: 0 }, activation: "none" } as const;
  const isDepthwise = kernel.inputs === 1 && groups === channels && groups > 1;
  if (!isDepthwise && groups > MOST_GROUPS) return undefined;
  const map = layouts.mapOf(x);
  const name = isDepthwise
    ? depthwise(layouts, map, kernel, outputs / channels, window)
    : inGroups(layouts, map, kernel, groups, window);
  return { name, channelAxes: 2 };
}

interface Kernel {
  readonly outputs: number;
  readonly inputs: number;
  readonly height: number;
  readonly width: number;
  /** [outputs, inputs, height, width] */
  readonly data: Float32Array;
}

/** Weights of one or two spatial axes, with zeros between taps where there is a dilation. */
function kernelOf(weights: FloatConstant | undefined, dilations: readonly number[]): Kernel | undefined {
  const [outputs = 0, inputs = 0, ...taps] = weights?.shape ?? [];
  if (weights === undefined || taps.length < 1 || taps.length > 2) return undefined;
  const source = withoutTraces(weights.data);
  const [kernelHeight = 1, kernelWidth = 1] = taps.length === 2 ? taps : [1, ...taps];
  const [down = 1, right = 1] = taps.length === 2 ? dilations : [1, ...dilations];
  const height = (kernelHeight - 1) * down + 1;
  const width = (kernelWidth - 1) * right + 1;
  if (height === kernelHeight && width === kernelWidth) {
    return { outputs, inputs, height, width, data: source };
  }
  const data = new Float32Array(outputs * inputs * height * width);
  let from = 0;
  for (let plane = 0; plane < outputs * inputs; plane++) {
    for (let row = 0; row < kernelHeight; row++) {
      for (let column = 0; column < kernelWidth; column++) {
        data[(plane * height + row * down) * width + column * right] = source[from++] ?? 0;
      }
    }
  }
  return { outputs, inputs, height, width, data };
}

/** Fractions of the largest weight that no sum of floats shows. */
const TRACE = 2 ** -36;

/**
 * Replaces traces by zeros. Training shrinks the weights of unused channels to nothing; a few such layers in a row compute
 * subnormal numbers, for which CPUs need a hundred times as long.
 */
function withoutTraces(weights: Float32Array): Float32Array {
  const largest = weights.reduce((most, weight) => Math.max(most, Math.abs(weight)), 0);
  const least = largest * TRACE;
  return weights.map((weight) => (Math.abs(weight) < least ? 0 : weight));
}

/** Several outputs per channel: each channel is repeated first. */
function depthwise(
  layouts: Layouts,
  map: string,
  { outputs, height, width, data }: Kernel,
  perChannel: number,
  attributes: ConvolutionAttributes,
): string {
  const taps = height * width;
  const weights = new Float32Array(data.length);
  for (let output = 0; output < outputs; output++) {
    for (let tap = 0; tap < taps; tap++) weights[tap * outputs + output] = data[output * taps + tap] ?? 0;
  }
  const repeated = perChannel === 1 ? map : repeatChannels(layouts, map, perChannel);
  const constant = layouts.addConstant(floats([height, width, outputs], weights));
  return layouts.add("depthwise_conv2d", [repeated, constant], attributes);
}

function repeatChannels(layouts: Layouts, map: string, times: number): string {
  const [, , channels = 0] = layouts.builder.typeOf(map).shape;
  const indices = Int32Array.from({ length: channels * times }, (_, index) => Math.floor(index / times));
  const constant = layouts.addConstant({ dtype: "i32", shape: [indices.length], data: indices });
  return layouts.add("gather", [map, constant], { axis: 2 });
}

function inGroups(
  layouts: Layouts,
  map: string,
  { outputs, inputs, height, width, data }: Kernel,
  groups: number,
  attributes: ConvolutionAttributes,
): string {
  const each = outputs / groups;
  const taps = height * width;
  const [rows = 1, columns = 1] = layouts.builder.typeOf(map).shape;
  const parts = Array.from({ length: groups }, (_, group) => {
    const weights = new Float32Array(each * inputs * taps);
    const first = group * weights.length;
    for (let output = 0; output < each; output++) {
      for (let input = 0; input < inputs; input++) {
        for (let tap = 0; tap < taps; tap++) {
          weights[(output * taps + tap) * inputs + input] =
            data[first + (output * inputs + input) * taps + tap] ?? 0;
        }
      }
    }
    const constant = layouts.addConstant(floats([each, height, width, inputs], weights));
    const source =
      groups === 1
        ? map
        : layouts.add("slice", [map], {
            starts: [0, 0, group * inputs],
            steps: [1, 1, 1],
            sizes: [rows, columns, inputs],
          });
    return layouts.add("conv2d", [source, constant], attributes);
  });
  const [first = ""] = parts;
  return parts.length === 1 ? first : layouts.add("concat", parts, { axis: 2 });
}

/** [rows, inner] · constant [inner, columns]: every row is a pixel of inner channels, and the convolution has 1×1 pixels. */
export function lowerMatmul(node: Node<"matmul">, layouts: Layouts): MapOfValue | string | undefined {
  const [a = "", b = ""] = node.inputs;
  const { shape } = layouts.typeOf(a);
  const weights = layouts.constant(b);
  const [inner = 0, columns = 0] = weights?.shape.slice(-2) ?? [];
  const isMatrix = weights !== undefined && elements(weights.shape) === inner * columns;
  const result = layouts.typeOf(node.output).shape;
  if (
    !isMatrix ||
    layouts.constant(a) !== undefined ||
    shape.length !== result.length ||
    result.includes(0)
  ) {
    return undefined;
  }
  const transposed = new Float32Array(inner * columns);
  for (let row = 0; row < inner; row++) {
    for (let column = 0; column < columns; column++) {
      transposed[column * inner + row] = weights.data[row * columns + column] ?? 0;
    }
  }
  const rows = elements(shape) / inner;
  const isVector = shape.length === 2 && rows === 1;
  const source = isVector
    ? layouts.mapOf(a)
    : layouts.add("reshape", [layouts.tensorOf(a)], { shape: [1, rows, inner] });
  const product = layouts.add(
    "conv2d",
    [source, layouts.addConstant(floats([columns, 1, 1, inner], transposed))],
    { stride: 1, padding: { top: 0, left: 0, bottom: 0, right: 0 }, activation: "none" },
  );
  if (isVector) return { name: product, channelAxes: 1 };
  return result.length === 3 && result[0] === 1
    ? product
    : layouts.add("reshape", [product], { shape: result });
}

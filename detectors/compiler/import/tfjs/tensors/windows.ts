/** Nodes that slide a window over [batch, height, width, channels], which is [batch, channels, height, width] in ONNX. */
import { flagOf, integersOf, stringOf, stringsOf } from "../attributes.ts";
import { giveActivated, requireChannelsLast } from "./elementwise.ts";
import { Obstacle, type TfjsCall, type Translate } from "./translation.ts";

const TO_ONNX = [0, 3, 1, 2];
const FROM_ONNX = [0, 2, 3, 1];

function toOnnx({ add }: TfjsCall, x: string): string {
  return add("Transpose", [x], { perm: TO_ONNX });
}

function fromOnnx({ add }: TfjsCall, x: string): string {
  return add("Transpose", [x], { perm: FROM_ONNX });
}

/** The height and width of a list [batch, height, width, channels]. */
function spatial({ node }: TfjsCall, name: string): readonly number[] {
  const [batch = 1, height = 1, width = 1, channels = 1] = integersOf(node, name);
  if (batch === 1 && channels === 1) return [height, width];
  throw new Obstacle(`with ${name} ${integersOf(node, name).join("×")}`);
}

/** Strides and padding of a window. */
function windowOf(call: TfjsCall) {
  const { node } = call;
  requireChannelsLast(node);
  const strides = spatial(call, "strides");
  const padding = stringOf(node, "padding");
  if (padding === "SAME") return { strides, auto_pad: "SAME_UPPER" };
  if (padding === "VALID") return { strides, auto_pad: "VALID" };
  if (padding !== "EXPLICIT") throw new Obstacle(`with padding ${padding || "unknown"}`);
  const [, , top = 0, bottom = 0, left = 0, right = 0] = integersOf(node, "explicit_paddings");
  return { strides, pads: [top, left, bottom, right] };
}

/** A bias and an activation may be fused behind the convolution. */
function giveFused(
  call: TfjsCall,
  inputs: readonly string[],
  attributes: Parameters<TfjsCall["add"]>[2],
): void {
  const [first, ...others] = stringsOf(call.node, "fused_ops");
  const hasBias = first === "BiasAdd";
  const [activation, ...more] = hasBias || first === undefined ? others : [first, ...others];
  if (more.length > 0) throw new Obstacle(`with fused ${stringsOf(call.node, "fused_ops").join(", ")}`);
  const y = call.add("Conv", hasBias ? [...inputs, call.input(2)] : inputs, attributes);
  giveActivated(call, fromOnnx(call, y), activation, 3);
}

/** Weights [height, width, inputs, outputs] → [outputs, inputs, height, width]. */
function convolution(call: TfjsCall): void {
  const weights = call.add("Transpose", [call.input(1)], { perm: [3, 2, 0, 1] });
  const attributes = { ...windowOf(call), dilations: spatial(call, "dilations") };
  giveFused(call, [toOnnx(call, call.input(0)), weights], attributes);
}

/** Weights [height, width, channels, multiplier] → [channels · multiplier, 1, height, width], a group for each channel. */
function depthwise(channelsOf: (input: string) => number | undefined): Translate {
  return (call) => {
    const group = channelsOf(call.input(1));
    if (group === undefined) throw new Obstacle("with computed weights");
    const { add, input, integers } = call;
    const outermost = add("Transpose", [input(1)], { perm: [2, 3, 0, 1] });
    const kernel = add("Slice", [add("Shape", [outermost]), integers([2]), integers([4])]);
    const shape = add("Concat", [integers([-1, 1]), kernel], { axis: 0 });
    const weights = add("Reshape", [outermost, shape]);
    const attributes = { ...windowOf(call), dilations: spatial(call, "dilations"), group };
    giveFused(call, [toOnnx(call, input(0)), weights], attributes);
  };
}

/** The gradient of a convolution: weights [height, width, outputs, inputs] → [inputs, outputs, height, width]. */
function transposedConvolution(call: TfjsCall): void {
  const { add, give, input, numbers } = call;
  if (stringOf(call.node, "padding") !== "SAME") throw new Obstacle("with padding VALID");
  const [, height = 0, width = 0] = numbers(0);
  const weights = add("Transpose", [input(1)], { perm: [3, 2, 0, 1] });
  const attributes = { ...windowOf(call), output_shape: [height, width] };
  const y = add("ConvTranspose", [toOnnx(call, input(2)), weights], attributes);
  give("Transpose", [y], { perm: FROM_ONNX });
}

function pool(opType: "MaxPool" | "AveragePool"): Translate {
  return (call) => {
    const attributes = { ...windowOf(call), kernel_shape: spatial(call, "ksize") };
    const y = call.add(opType, [toOnnx(call, call.input(0))], attributes);
    call.give("Transpose", [y], { perm: FROM_ONNX });
  };
}

/** Height and width are axes 1 and 2; TensorFlow's three ways to place the centres of pixels have names in ONNX. */
function resize(mode: "linear" | "nearest"): Translate {
  return (call) => {
    const { node, input, give, numbers, integers } = call;
    const isAligned = flagOf(node, "align_corners");
    const isCentred = flagOf(node, "half_pixel_centers");
    const centred = mode === "linear" ? "half_pixel" : "tf_half_pixel_for_nn";
    give("Resize", [input(0), "", "", integers(numbers(1))], {
      mode,
      axes: [1, 2],
      coordinate_transformation_mode: isAligned ? "align_corners" : isCentred ? centred : "asymmetric",
      nearest_mode: isAligned ? "round_prefer_ceil" : "floor",
    });
  };
}

/** Nodes with windows, by operator. @param channelsOf the third size of a constant */
export function windowNodes(
  channelsOf: (input: string) => number | undefined,
): Readonly<Record<string, Translate>> {
  return {
    Conv2D: convolution,
    _FusedConv2D: convolution,
    DepthwiseConv2dNative: depthwise(channelsOf),
    FusedDepthwiseConv2dNative: depthwise(channelsOf),
    Conv2DBackpropInput: transposedConvolution,
    MaxPool: pool("MaxPool"),
    AvgPool: pool("AveragePool"),
    ResizeBilinear: resize("linear"),
    ResizeNearestNeighbor: resize("nearest"),
  };
}

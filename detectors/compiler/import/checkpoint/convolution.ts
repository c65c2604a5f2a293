import { type FloatConstant, floats } from "../../graph/value.ts";
import type { Padding } from "../../ops/window.ts";
import type { TorchArchive } from "./torch-archive.ts";
import {
  malformed,
  numberAttribute,
  optionalTensor,
  pairAttribute,
  type TorchModule,
  tensor,
} from "./torch-module.ts";

/** A convolution ready for the graph: weights [outputs, height, width, inputs], bias [outputs]. */
export interface Convolution {
  readonly weights: FloatConstant;
  readonly bias: FloatConstant;
  readonly stride: number;
  readonly padding: Padding;
}

/**
 * Reads a Conv2d and folds the batch normalisation behind it into it, if there is one: w·γ/√(σ² + ε) and
 * β + (b − μ)·γ/√(σ² + ε). A fused checkpoint has a bias instead.
 * @throws ModelError when shapes do not match or a weight is not finite.
 */
export function readConvolution(
  archive: TorchArchive,
  convolution: TorchModule,
  normalisation: TorchModule | undefined,
): Convolution {
  const { place } = convolution;
  const { shape, data } = tensor(archive, convolution, "weight");
  const [outputs = 0, inputs = 0, height = 0, width = 0] = shape;
  if (shape.length !== 4 || data.length === 0) {
    throw malformed(
      `${place}.weight`,
      `expected [outputs, inputs, height, width], received [${shape.join(", ")}]`,
    );
  }
  const factor = new Float64Array(outputs).fill(1);
  const offset = optionalTensor(archive, convolution, "bias")?.data ?? new Float64Array(outputs);
  if (offset.length !== outputs) {
    throw malformed(`${place}.bias`, `expected ${outputs} elements, received ${offset.length}`);
  }
  if (normalisation) foldInto(factor, offset, archive, normalisation);

  const numbers = new Float32Array(data.length);
  const weights = new Float32Array(data.length);
  const perOutput = Float32Array.from(factor);
  let to = 0;
  for (let output = 0; output < outputs; output++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        for (let input = 0; input < inputs; input++) {
          const from = ((output * inputs + input) * height + y) * width + x;
          numbers[to] = data[from] ?? 0;
          weights[to] = (numbers[to] ?? 0) * (perOutput[output] ?? 0);
          to++;
        }
      }
    }
  }
  const bias = Float32Array.from(offset);
  if (!weights.every(Number.isFinite) || !bias.every(Number.isFinite)) {
    throw malformed(
      place,
      "its weights are not finite numbers: the training diverged, or the file is damaged",
    );
  }
  const [stride] = pairAttribute(convolution, "stride");
  const [vertical, horizontal] = pairAttribute(convolution, "padding");
  return {
    weights: floats([outputs, height, width, inputs], weights, { numbers, perOutput }),
    bias: floats([outputs], bias),
    stride,
    padding: { top: vertical, left: horizontal, bottom: vertical, right: horizontal },
  };
}

/** Updates `factor` and `offset` of the convolution so that they include the BatchNorm2d. */
function foldInto(
  factor: Float64Array,
  offset: Float64Array,
  archive: TorchArchive,
  norm: TorchModule,
): void {
  const outputs = factor.length;
  const variance = tensor(archive, norm, "running_var", [outputs]).data;
  const mean = tensor(archive, norm, "running_mean", [outputs]).data;
  // Absent with affine=False.
  const gamma = optionalTensor(archive, norm, "weight")?.data;
  const beta = optionalTensor(archive, norm, "bias")?.data;
  const epsilon = numberAttribute(norm, "eps");
  for (let i = 0; i < outputs; i++) {
    const scale = (gamma ? (gamma[i] ?? NaN) : 1) / Math.sqrt((variance[i] ?? NaN) + epsilon);
    factor[i] = scale;
    offset[i] = (beta ? (beta[i] ?? NaN) : 0) + ((offset[i] ?? 0) - (mean[i] ?? NaN)) * scale;
  }
}

/**
 * The convolution of a Focus layer (YOLOv5 v5 and earlier), applied to the image itself. Focus moves every second row and
 * column into channels, in the order (0,0), (1,0), (0,1), (1,1) of (row, column). A k×k convolution behind it equals a 2k×2k
 * convolution of the image with twice the stride and padding.
 */
export function unfocus(convolution: Convolution): Convolution {
  const { weights, bias, stride, padding } = convolution;
  const [outputs = 0, height = 0, width = 0, focused = 0] = weights.shape;
  const channels = focused / 4;
  const data = new Float32Array(weights.data.length);
  for (let output = 0; output < outputs; output++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        for (let block = 0; block < 4; block++) {
          const row = 2 * y + (block % 2);
          const column = 2 * x + Math.floor(block / 2);
          const from = ((output * height + y) * width + x) * focused + block * channels;
          const to = ((output * 2 * height + row) * 2 * width + column) * channels;
          data.set(weights.data.subarray(from, from + channels), to);
        }
      }
    }
  }
  return {
    weights: floats([outputs, 2 * height, 2 * width, channels], data),
    bias,
    stride: 2 * stride,
    padding: {
      top: 2 * padding.top,
      left: 2 * padding.left,
      bottom: 2 * padding.bottom,
      right: 2 * padding.right,
    },
  };
}

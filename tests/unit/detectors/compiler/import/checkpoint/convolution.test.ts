import { describe, expect, test } from "vitest";
import { floats, type Tensor } from "../../../../../../detectors/compiler/graph/value.ts";
import {
  type Convolution,
  readConvolution,
  unfocus,
} from "../../../../../../detectors/compiler/import/checkpoint/convolution.ts";
import { unpickle } from "../../../../../../detectors/compiler/import/checkpoint/pickle.ts";
import { openTorchArchive } from "../../../../../../detectors/compiler/import/checkpoint/torch-archive.ts";
import { readModule } from "../../../../../../detectors/compiler/import/checkpoint/torch-module.ts";
import { evaluateOperator } from "../../../../../../detectors/compiler/ops/evaluate.ts";
import { seededFloats } from "../../../../../support/base/seeded.ts";
import { type PyValue, tuple } from "../../../../../support/models/pickler.ts";
import { torchModule, torchWriter } from "../../../../../support/models/torch-checkpoint.ts";
import { rejection } from "../rejection.ts";

interface Numbers {
  readonly shape?: readonly number[];
  readonly weight: readonly number[];
  readonly bias?: readonly number[];
  readonly norm?: {
    readonly gamma?: number;
    readonly beta?: number;
    readonly mean: number;
    readonly variance: number;
  };
}

/** Writes a Conv2d (and BatchNorm2d) with these numbers and reads it back. */
async function fold({ weight, bias, norm, shape = [1, weight.length, 1, 1] }: Numbers): Promise<Convolution> {
  const writer = torchWriter();
  const vector = (value: number): PyValue => writer.tensor(Float32Array.of(value), [1]);
  const convolution = torchModule("torch.nn.modules.conv.Conv2d", {
    parameters: {
      weight: writer.parameter(Float32Array.from(weight), shape),
      bias: bias ? writer.parameter(Float32Array.from(bias), [bias.length]) : null,
    },
    attributes: { stride: tuple(1, 1), padding: tuple(0, 0) },
  });
  const normalisation = torchModule("torch.nn.modules.batchnorm.BatchNorm2d", {
    parameters: {
      weight: norm?.gamma === undefined ? null : vector(norm.gamma),
      bias: norm?.beta === undefined ? null : vector(norm.beta),
    },
    buffers: { running_mean: vector(norm?.mean ?? 0), running_var: vector(norm?.variance ?? 1) },
    attributes: { eps: 0.25 },
  });
  const archive = await openTorchArchive(writer.save([convolution, normalisation]));
  const root = unpickle(archive.pickle, () => true);
  const [first, second] = Array.isArray(root) ? root : [];
  return readConvolution(archive, readModule(first, "conv"), norm && readModule(second, "bn"));
}

describe("a convolution of a checkpoint", () => {
  test("folds the batch normalisation behind it: w·γ/√(σ² + ε) and β − μ·γ/√(σ² + ε)", async () => {
    const { weights, bias } = await fold({
      weight: [3, -1],
      norm: { gamma: 2, beta: 0.25, mean: 0.5, variance: 3.75 },
    });
    expect([...weights.data]).toEqual([3, -1]);
    expect([...bias.data]).toEqual([0.25 - 0.5]);
  });

  test("folds a normalisation behind a bias, and one without γ and β", async () => {
    const { weights, bias } = await fold({ weight: [3], bias: [1.5], norm: { mean: 0.5, variance: 3.75 } });
    expect([...weights.data]).toEqual([1.5]);
    expect([...bias.data]).toEqual([0.5]);
  });

  test("keeps the bias of a fused checkpoint", async () => {
    const { weights, bias } = await fold({ weight: [3], bias: [1.5] });
    expect([...weights.data, ...bias.data]).toEqual([3, 1.5]);
  });

  test("reorders weights from [outputs, inputs, height, width] to [outputs, height, width, inputs]", async () => {
    const { weights } = await fold({
      shape: [1, 2, 2, 3],
      weight: [1, 2, 3, 4, 5, 6, 10, 20, 30, 40, 50, 60],
    });
    expect(weights.shape).toEqual([1, 2, 3, 2]);
    expect([...weights.data]).toEqual([1, 10, 2, 20, 3, 30, 4, 40, 5, 50, 6, 60]);
  });

  test.each([
    ["a diverged training", { weight: [Number.NaN] }],
    ["a negative variance", { weight: [1], norm: { mean: 0, variance: -1 } }],
  ])("is refused after %s", async (_what, numbers) => {
    expect((await rejection(fold(numbers))).message).toContain("not finite");
  });

  test("is refused when its bias has another length", async () => {
    expect((await rejection(fold({ weight: [1], bias: [1, 2] }))).message).toContain("conv.bias");
  });
});

describe("a Focus layer", () => {
  test("equals a convolution of the image with twice the kernel, stride and padding", () => {
    const [height, width, channels, outputs] = [6, 8, 3, 5];
    const x: Tensor = { shape: [height, width, channels], data: seededFloats(1, height * width * channels) };
    const padding = { top: 1, left: 1, bottom: 1, right: 1 };
    const convolution: Convolution = {
      weights: floats([outputs, 3, 3, 4 * channels], seededFloats(2, outputs * 9 * 4 * channels)),
      bias: floats([outputs], seededFloats(3, outputs)),
      stride: 1,
      padding,
    };
    const expected = apply(focus(x), convolution);
    const received = apply(x, unfocus(convolution));
    expect(received.shape).toEqual(expected.shape);
    received.data.forEach((value, i) => {
      expect(value).toBeCloseTo(expected.data[i] ?? NaN, 5);
    });
  });
});

function apply(x: Tensor, { weights, bias, stride, padding }: Convolution): Tensor {
  const attributes = { stride, padding, activation: "none" } as const;
  return evaluateOperator("conv2d", [x, weights, bias], attributes, { score: 0, iou: 0 });
}

/** models/common.py, Focus: concat of x[::2, ::2], x[1::2, ::2], x[::2, 1::2] and x[1::2, 1::2] along channels. */
function focus({ shape, data }: Tensor): Tensor {
  const [height = 0, width = 0, channels = 0] = shape;
  const focused: number[] = [];
  for (let y = 0; y < height; y += 2) {
    for (let x = 0; x < width; x += 2) {
      for (const [row, column] of [
        [y, x],
        [y + 1, x],
        [y, x + 1],
        [y + 1, x + 1],
      ] as const) {
        for (let c = 0; c < channels; c++) focused.push(data[(row * width + column) * channels + c] ?? NaN);
      }
    }
  }
  return { shape: [height / 2, width / 2, 4 * channels], data: Float32Array.from(focused) };
}

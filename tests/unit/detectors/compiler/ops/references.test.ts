import { describe, expect, test } from "vitest";
import type { Tensor } from "../../../../../detectors/compiler/graph/value.ts";
import { activate, coarseSilu } from "../../../../../detectors/compiler/ops/activation.ts";
import { operators } from "../../../../../detectors/compiler/ops/index.ts";
import { pad } from "../../../../support/models/small-graphs.ts";

const thresholds = { score: 0.25, iou: 0.45 };

function tensor(shape: readonly number[], values: readonly number[]): Tensor {
  return { shape, data: Float32Array.from(values) };
}

/** 3×3, one channel: 1 to 9. */
const square = tensor([3, 3, 1], [1, 2, 3, 4, 5, 6, 7, 8, 9]);

describe("the references, checked by hand", () => {
  test("conv2d pads with zeros, moves by its stride and adds the bias", () => {
    const ones = tensor([1, 3, 3, 1], Array(9).fill(1));
    const attributes = { stride: 2, padding: pad(1), activation: "none" } as const;
    const y = operators.conv2d.reference([square, ones, tensor([1], [100])], attributes, thresholds);
    expect([y.shape, [...y.data]]).toEqual([
      [2, 2, 1],
      [112, 116, 124, 128],
    ]);
  });

  test("conv2d activates before it adds the residual", () => {
    const x = tensor([1, 1, 2], [1, 2]);
    const weights = tensor([2, 1, 1, 2], [1, 1, 1, -1]);
    const inputs = [x, weights, tensor([2], [0, 0]), tensor([1, 1, 2], [10, 20])];
    const attributes = { stride: 1, padding: pad(0), activation: "silu" } as const;
    const [a = 0, b = 0] = operators.conv2d.reference(inputs, attributes, thresholds).data;
    expect(a).toBeCloseTo(10 + 3 / (1 + Math.exp(-3)), 6);
    expect(b).toBeCloseTo(20 - 1 / (1 + Math.exp(1)), 6);
  });

  test("the error of the coarse SiLU is at most 2.4e-3 and averages to zero", () => {
    const errors = Array.from({ length: 20_001 }, (_, step) => {
      const x = (step - 10_000) / 500;
      return coarseSilu(x) - activate("silu", x);
    });
    expect(Math.max(...errors.map(Math.abs))).toBeLessThan(2.4e-3);
    expect(Math.abs(errors.reduce((sum, error) => sum + error, 0) / errors.length)).toBeLessThan(2e-5);
    expect([coarseSilu(1000), coarseSilu(-1000)]).toEqual([1000, expect.closeTo(0, 6)]);
  });

  test("conv2d distinguishes the sides of its padding", () => {
    const corner = tensor([1, 2, 2, 1], [1, 10, 100, 1000]);
    const padding = { top: 1, left: 0, bottom: 0, right: 1 };
    const attributes = { stride: 2, padding, activation: "none" } as const;
    const y = operators.conv2d.reference([square, corner], attributes, thresholds);
    expect([...y.data]).toEqual([2100, 300, 8754, 906]);
  });

  test("max_pool2d never lets padding win", () => {
    const x = tensor([2, 2, 1], [-1, -2, -3, -4]);
    const y = operators.max_pool2d.reference([x], { kernel: 3, stride: 1, padding: pad(1) }, thresholds);
    expect([...y.data]).toEqual([-1, -1, -1, -1]);
  });

  test("upsample repeats rows and columns; concat joins channels", () => {
    const x = tensor([1, 2, 2], [1, 2, 3, 4]);
    const y = operators.upsample.reference([x], { factor: 2 }, thresholds);
    expect([y.shape, [...y.data]]).toEqual([
      [2, 4, 2],
      [1, 2, 1, 2, 3, 4, 3, 4, 1, 2, 1, 2, 3, 4, 3, 4],
    ]);
    const joined = operators.concat.reference([x, tensor([1, 2, 1], [8, 9])], { axis: 2 }, thresholds);
    expect([...joined.data]).toEqual([1, 2, 8, 3, 4, 9]);
  });

  test("add and mul broadcast their inputs", () => {
    const x = tensor([1, 2, 2], [1, 2, 3, 4]);
    expect([...operators.add.reference([x, x], {}, thresholds).data]).toEqual([2, 4, 6, 8]);
    expect([...operators.mul.reference([x, tensor([2], [10, 100])], {}, thresholds).data]).toEqual([
      10, 200, 30, 400,
    ]);
    expect(() =>
      operators.add.infer(
        [
          { dtype: "f32", shape: [3, 1, 2] },
          { dtype: "f32", shape: [2, 1, 2] },
        ],
        {},
      ),
    ).toThrow(/cannot broadcast/);
  });

  test("normalize scales bytes; sigmoid and silu stay finite for large inputs", () => {
    const bytes = { shape: [1, 1, 3], data: Uint8Array.of(0, 51, 255) };
    const [zero = 1, fifth = 0, one = 0] = operators.normalize.reference(
      [bytes],
      { scale: 1 / 255 },
      thresholds,
    ).data;
    expect([zero, one]).toEqual([0, 1]);
    expect(fifth).toBeCloseTo(0.2, 6);
    const far = tensor([1, 1, 3], [-1000, 0, 1000]);
    expect([...operators.sigmoid.reference([far], {}, thresholds).data]).toEqual([0, 0.5, 1]);
    expect([...operators.silu.reference([far], {}, thresholds).data]).toEqual([-0, 0, 1000]);
  });
});

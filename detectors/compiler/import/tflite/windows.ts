/** Pooling, reductions over axes and softmax, of quantized bytes and of floats. */
import { windowAlong } from "../../ops/fixed-point/pool.ts";
import { elements } from "../../ops/shapes.ts";
import type { Padding } from "../../ops/window.ts";
import {
  activated,
  frontAxis,
  fusedActivation,
  isQuantized,
  samePadding,
  type TfliteCall,
  type TfliteImporter,
} from "./call.ts";

interface PoolWindow {
  readonly kernel: readonly [height: number, width: number];
  readonly strides: readonly [height: number, width: number];
  readonly padding: Padding;
}

function windowOf({ options, input, refuse }: TfliteCall): PoolWindow {
  const [, height = 1, width = 1] = input(0).shape;
  const kernel = [options.int32(4), options.int32(3)] as const;
  const strides = [options.int32(2), options.int32(1)] as const;
  if ([...kernel, ...strides].some((n) => n < 1)) throw refuse("has a window or stride below 1");
  const isSame = options.int8(0) === 0;
  const [top, bottom] = isSame ? samePadding(height, strides[0], kernel[0]) : [0, 0];
  const [left, right] = isSame ? samePadding(width, strides[1], kernel[1]) : [0, 0];
  return { kernel, strides, padding: { top, left, bottom, right } };
}

/** A pool of floats as ONNX has it, [batch, channels, height, width], with its padding filled. */
function pooled(
  call: TfliteCall,
  x: string,
  combining: "sum" | "max",
  { kernel, strides, padding: { top, left, bottom, right } }: PoolWindow,
): string {
  const swapped = call.add("transpose", [x], { order: [0, 3, 1, 2] });
  const padded = call.add("pad", [swapped], {
    before: [0, 0, top, left],
    after: [0, 0, bottom, right],
    between: [0, 0, 0, 0],
    value: combining === "max" ? -Infinity : 0,
  });
  const y = call.add("pool", [padded], { combining, kernel, strides, dilations: [1, 1], factor: 1 });
  return call.add("transpose", [y], { order: [0, 2, 3, 1] });
}

/** The average over each window without its padding. */
function averaged(call: TfliteCall, window: PoolWindow): string {
  const x = call.real(0);
  const [, height = 1, width = 1] = call.shapeOf(x);
  if (window.kernel[0] === height && window.kernel[1] === width && call.input(0).shape[0] === 1) {
    const isWhole = Object.values(window.padding).every((size) => size === 0);
    if (isWhole) {
      const factor = 1 / (height * width);
      return call.add("reduce", [x], { combining: "sum", axes: [1, 2], keep: true, factor });
    }
  }
  // The number of positions of a window is that of its rows times that of its columns.
  const { kernel, strides, padding } = window;
  const sum = pooled(call, x, "sum", window);
  const [, rows = 1, columns = 1] = call.shapeOf(sum);
  const counts = (axis: 0 | 1, positions: number, before: number, size: number): readonly number[] =>
    Array.from({ length: positions }, (_, position) => {
      const [first, end] = windowAlong(position, strides[axis], before, kernel[axis], size);
      return end - first;
    });
  const perRow = call.constant([1, rows, 1, 1], counts(0, rows, padding.top, height));
  const perColumn = call.constant([1, 1, columns, 1], counts(1, columns, padding.left, width));
  return call.add("div", [call.add("div", [sum, perRow], {}), perColumn], {});
}

function pool(combining: "average" | "max"): TfliteImporter {
  return (call) => {
    const window = windowOf(call);
    const activation = fusedActivation(call, 5);
    if (isQuantized(call)) {
      const [x, y] = [call.quantized(call.input(0)), call.quantized(call.output())];
      if (x.scale !== y.scale || x.zero !== y.zero) throw call.refuse("has another scale than its input");
      const { least, most } = call.result(activation);
      return call.add("byte_pool", [call.value(0)], { combining, ...window, least, most });
    }
    const y = combining === "average" ? averaged(call, window) : pooled(call, call.real(0), "max", window);
    return activated(call, y, activation);
  };
}

function reduction(combining: "sum" | "max" | "min" | "product" | "mean"): TfliteImporter {
  return (call) => {
    if (isQuantized(call)) throw call.refuse("reduces quantized integers");
    const x = call.dtype(0) === "f32" ? call.real(0) : call.value(0);
    const shape = call.shapeOf(x);
    const axes = [...new Set([...call.known(1)].map((axis) => frontAxis(call, axis, shape.length)))].toSorted(
      (a, b) => a - b,
    );
    const factor = combining === "mean" ? 1 / elements(axes.map((axis) => shape[axis] ?? 1)) : 1;
    return call.add("reduce", [x], {
      combining: combining === "mean" ? "sum" : combining,
      axes,
      keep: call.options.bool(0),
      factor,
    });
  };
}

const softmax: TfliteImporter = (call) => {
  const beta = call.options.float32(0);
  if (isQuantized(call)) {
    const { dtype, scale, zero } = call.result();
    return call.add("fixed_softmax", [call.value(0)], {
      beta,
      input: call.quantized(call.input(0)),
      output: { dtype, scale, zero },
    });
  }
  const x = call.real(0);
  const over = { axes: [call.shapeOf(x).length - 1], keep: true, factor: 1 } as const;
  const highest = call.add("reduce", [x], { combining: "max", ...over });
  const shifted = call.add("sub", [x, highest], {});
  const weighted = beta === 1 ? shifted : call.add("mul", [shifted, call.constant([], [beta])], {});
  const powers = call.add("exp", [weighted], {});
  return call.add("div", [powers, call.add("reduce", [powers], { combining: "sum", ...over })], {});
};

/** Operators with windows and reductions, by name. */
export const windowOperators: Readonly<Record<string, TfliteImporter>> = {
  AVERAGE_POOL_2D: pool("average"),
  MAX_POOL_2D: pool("max"),
  MEAN: reduction("mean"),
  SUM: reduction("sum"),
  REDUCE_MAX: reduction("max"),
  REDUCE_MIN: reduction("min"),
  REDUCE_PROD: reduction("product"),
  SOFTMAX: softmax,
};

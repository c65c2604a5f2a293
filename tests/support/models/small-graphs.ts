import { buildGraph, type GraphBuilder } from "../../../detectors/compiler/graph/builder.ts";
import type { Graph } from "../../../detectors/compiler/graph/graph.ts";
import { floats } from "../../../detectors/compiler/graph/value.ts";
import type { OperatorAttributes } from "../../../detectors/compiler/ops/index.ts";
import type { Padding } from "../../../detectors/compiler/ops/window.ts";
import { seededFloats } from "../base/seeded.ts";

/** The same number of pixels on each side. */
export function pad(all: number): Padding {
  return { top: all, left: all, bottom: all, right: all };
}

/** Adds a convolution with seeded weights, by default with a bias, and "same" padding. Returns its output. */
export function addConvolution(
  builder: GraphBuilder,
  x: string,
  {
    outputs,
    kernel = 1,
    stride = 1,
    bias = true,
  }: { outputs: number; kernel?: number; stride?: number; bias?: boolean },
  seed: number,
): string {
  const inputs = builder.typeOf(x).shape.at(-1) ?? 0;
  const taps = kernel * kernel * inputs;
  const weights = builder.constant(
    `w${seed}`,
    floats([outputs, kernel, kernel, inputs], seededFloats(seed, outputs * taps, 2 / Math.sqrt(taps))),
  );
  const biases = bias
    ? [builder.constant(`b${seed}`, floats([outputs], seededFloats(seed + 1000, outputs, 0.5)))]
    : [];
  const attributes: OperatorAttributes["conv2d"] = {
    stride,
    padding: pad(Math.floor(kernel / 2)),
    activation: "none",
  };
  return builder.add("conv2d", [x, weights, ...biases], attributes);
}

/** Adds a convolution and an unfused SiLU, as importers do. */
export function addConvSilu(
  builder: GraphBuilder,
  x: string,
  shape: { outputs: number; kernel?: number; stride?: number; bias?: boolean },
  seed: number,
): string {
  const y = addConvolution(builder, x, shape, seed);
  return builder.add("mul", [y, builder.add("sigmoid", [y], {})], {});
}

/** YOLOv5's C3 block with one bottleneck (models/common.py): three 1×1 convolutions around a residual pair. */
export function addC3(builder: GraphBuilder, x: string, outputs: number, seed: number): string {
  const half = outputs / 2;
  const first = addConvSilu(builder, x, { outputs: half }, seed);
  const narrow = addConvSilu(builder, first, { outputs: half }, seed + 1);
  const wide = addConvSilu(builder, narrow, { outputs: half, kernel: 3 }, seed + 2);
  const bottleneck = builder.add("add", [first, wide], {});
  const second = addConvSilu(builder, x, { outputs: half }, seed + 3);
  return addConvSilu(
    builder,
    builder.add("concat", [bottleneck, second], { axis: 2 }),
    { outputs },
    seed + 4,
  );
}

/** A graph from an image of height × width through `body` to its result. */
export function graphOf(
  height: number,
  width: number,
  body: (builder: GraphBuilder, x: string) => string,
): Graph {
  const builder = buildGraph();
  const image = builder.image(height, width);
  const x = builder.add("normalize", [image], { scale: 1 / 255 });
  return builder.finish(body(builder, x));
}

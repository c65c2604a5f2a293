/**
 * YOLOv5 Detect and class-wise non-maximum suppression inside the module: from logits to the detections of the reply.
 * ops/yolov5-detect.ts and ops/yolov5-sparse-detect.ts define the result. This takes little of the inference time, because
 * an anchor is only decoded where its objectness passes.
 */
import { DETECTION_BYTES } from "../../module-format.ts";
import type { Node } from "../graph/graph.ts";
import { type Constant, floats } from "../graph/value.ts";
import type { DetectScale } from "../ops/yolov5-detect.ts";
import { OBJECTNESS } from "../ops/yolov5-sparse-detect.ts";
import type { Assembler, FunctionReference, Local } from "../wasm/assembler.ts";
import type { PlacedConvolution } from "./convolution.ts";
import { emitPixelConvolution } from "./direct-conv2d.ts";
import { type EmitKernel, type FeatureMap, inputAt, type KernelContext } from "./kernel.ts";
import { advance, broadcast, pointerTo, repeat } from "./loops.ts";
import { emitSuppression, FIELD } from "./non-maximum-suppression.ts";
import { prepareOnePlusExpMinus } from "./sigmoid.ts";
import { ACCUMULATOR_BYTES, anchorBytes } from "./yolov5-scratch.ts";

export const emitYolov5Detect: EmitKernel<"yolov5_detect"> = (node, context) => {
  const sources = node.attributes.scales.map((_, scale) =>
    denseLogits(context.map(inputAt(node, scale)), 5 + node.attributes.classes),
  );
  return emitDetect(node, sources, context.scratch(node.output), context);
};

export const emitYolov5SparseDetect: EmitKernel<"yolov5_sparse_detect"> = (node, context) => {
  const { scales, classes } = node.attributes;
  const scratch = context.scratch(node.output);
  const sources = scales.map((_, scale) => sparseLogits(node, scale, scratch, context));
  return emitDetect(node, sources, scratch + anchorBytes(classes), context);
};

/** Decodes all scales, then suppresses overlapping boxes. */
function emitDetect(
  node: Node<"yolov5_detect"> | Node<"yolov5_sparse_detect">,
  sources: readonly LogitSource[],
  candidates: number,
  context: KernelContext,
): FunctionReference {
  const { scales, classes } = node.attributes;
  const sigmoid = emitScalarSigmoid(context);
  const decoders = scales.flatMap((scale, index) => {
    const source = sources[index];
    return source === undefined ? [] : [emitDecode(source, scale, classes, sigmoid, context)];
  });
  const suppress = emitSuppression(candidates, context.map(node.output).address, context);
  return context.module.function(`${node.op} ${node.output}`, [], [], (code) => {
    code.i32(candidates);
    for (const decode of decoders) code.call(decode);
    code.call(suppress).globalSet(context.detectionCount);
  });
}

/** The source of one scale's logits. */
interface LogitSource {
  readonly height: number;
  readonly width: number;
  /** Starts at the first cell. */
  open(code: Assembler): LogitCursor;
}

/** The current cell. */
interface LogitCursor {
  /** Pushes the objectness logit of an anchor. */
  objectness(anchor: number): void;
  /** Provides all logits of an anchor, at the returned address plus offset. */
  logits(anchor: number): { readonly address: Local; readonly offset: number };
  nextCell(): void;
  nextRow(): void;
}

/** Logits that a convolution has computed for every anchor. */
function denseLogits(map: FeatureMap, perAnchor: number): LogitSource {
  return {
    height: map.height,
    width: map.width,
    open(code) {
      const cell = pointerTo(code, map.address);
      return {
        objectness: (anchor) => void code.get(cell).memory("f32.load", 4 * (anchor * perAnchor + OBJECTNESS)),
        logits: (anchor) => ({ address: cell, offset: 4 * anchor * perAnchor }),
        nextCell: () => advance(code, cell, map.pixelBytes),
        nextRow: () => advance(code, cell, map.rowBytes - map.width * map.pixelBytes),
      };
    },
  };
}

/** Objectness for every anchor, and other logits that are computed on demand. */
function sparseLogits(
  node: Node<"yolov5_sparse_detect">,
  scale: number,
  scratch: number,
  context: KernelContext,
): LogitSource {
  const { classes, multipliers, scales } = node.attributes;
  const [objectnessName, xName, weightsName, biasName] = [0, 1, 2, 3].map((input) =>
    inputAt(node, 4 * scale + input),
  );
  const grid = context.map(objectnessName ?? "");
  const x = context.map(xName ?? "");
  const perAnchor = 5 + classes;
  const accumulators = scratch;
  const logits = scratch + ACCUMULATOR_BYTES;
  const anchors = scales[scale]?.anchors ?? [];
  const pixels = anchors.map((_, anchor) =>
    emitPixelConvolution(
      anchorConvolution(
        `${node.output}/${scale}.${anchor}`,
        x,
        logits,
        perAnchor,
        multipliers[scale],
        anchor,
      ),
      outputsOf(context.constant(weightsName ?? ""), anchor * perAnchor, perAnchor),
      context.floats(biasName ?? "").data.subarray(anchor * perAnchor, (anchor + 1) * perAnchor),
      accumulators,
      context,
    ),
  );
  return {
    height: grid.height,
    width: grid.width,
    open(code) {
      const objectness = pointerTo(code, grid.address);
      const features = pointerTo(code, x.address);
      const address = pointerTo(code, logits);
      return {
        objectness: (anchor) => void code.get(objectness).memory("f32.load", 4 * anchor),
        logits(anchor) {
          const pixel = pixels[anchor];
          if (pixel === undefined) throw new Error("every anchor has a convolution");
          code.get(features).get(address).call(pixel);
          return { address, offset: 0 };
        },
        nextCell() {
          advance(code, objectness, grid.pixelBytes);
          advance(code, features, x.pixelBytes);
        },
        nextRow() {
          advance(code, objectness, grid.rowBytes - grid.width * grid.pixelBytes);
          advance(code, features, x.rowBytes - x.width * x.pixelBytes);
        },
      };
    },
  };
}

/** One anchor's part of a head convolution, with one output pixel at `address`. */
function anchorConvolution(
  name: string,
  x: FeatureMap,
  address: number,
  channels: number,
  multiplier: Float32Array | undefined,
  anchor: number,
): PlacedConvolution {
  const pixelBytes = Math.ceil(channels / 4) * 16;
  return {
    name,
    x,
    y: { dtype: "f32", address, pixelBytes, rowBytes: pixelBytes, height: 1, width: 1, channels },
    residual: undefined,
    kernelHeight: 1,
    kernelWidth: 1,
    stride: 1,
    activation: "none",
    quantization: multiplier && {
      silu: "fine",
      inputZero: undefined,
      multiplier: multiplier.subarray(anchor * channels, (anchor + 1) * channels),
      residual: undefined,
      output: undefined,
    },
    firstWindow: x.address,
  };
}

/** A range of the output channels of a convolution's weights. */
function outputsOf(weights: Constant, first: number, count: number): Constant {
  const taps = weights.data.length / (weights.shape[0] ?? 1);
  const shape = [count, ...weights.shape.slice(1)];
  const [from, to] = [first * taps, (first + count) * taps];
  return weights.dtype === "f32"
    ? floats(shape, weights.data.subarray(from, to))
    : { dtype: weights.dtype, shape, data: weights.data.subarray(from, to) };
}

/** (x) → 1 / (1 + e^−x), for scalars. */
function emitScalarSigmoid(context: KernelContext): FunctionReference {
  return context.module.function("sigmoid", ["f32"], ["f32"], (code, x) => {
    if (x === undefined) throw new Error("sigmoid has one parameter");
    const onePlusExpMinus = prepareOnePlusExpMinus(code, context.target);
    code.get(broadcast(code, 1)).get(x).op("f32x4.splat");
    onePlusExpMinus();
    code.op("f32x4.div").extractLane(0);
  });
}

/** (end of the candidates) → new end: appends the candidates of one scale in scan order: y, x, anchor. */
function emitDecode(
  source: LogitSource,
  { stride, anchors }: DetectScale,
  classes: number,
  sigmoid: FunctionReference,
  context: KernelContext,
): FunctionReference {
  return context.module.function(`decode /${stride}`, ["i32"], ["i32"], (code, end) => {
    if (end === undefined) throw new Error("decode has one parameter");
    const cursor = source.open(code);
    const cellX = code.local("f32");
    const cellY = code.local("f32");
    const objectness = code.local("f32");
    const score = code.local("f32");
    const label = code.local("i32");
    const bestLogit = code.local("f32");
    const at = code.local("i32");
    const index = code.local("i32");
    const centre = { x: code.local("f32"), y: code.local("f32") };
    const half = { x: code.local("f32"), y: code.local("f32") };

    const decodeAnchor = (anchor: number, size: readonly [number, number]): void => {
      const { address, offset } = cursor.logits(anchor);
      const logit = (number: number): void => {
        code.get(address).memory("f32.load", offset + 4 * number);
      };
      const findLabel = (): void => {
        code.i32(0).set(label);
        logit(5);
        code
          .set(bestLogit)
          .get(address)
          .i32(offset + 24)
          .op("i32.add")
          .set(at)
          .i32(1)
          .set(index);
        repeat(code, classes - 1, () => {
          code.get(at).memory("f32.load").get(bestLogit).op("f32.gt");
          code.if(() => {
            code.get(at).memory("f32.load").set(bestLogit).get(index).set(label);
          });
          advance(code, at, 4);
          advance(code, index, 1);
        });
      };
      const decodeAxis = (axis: "x" | "y", cell: Local): void => {
        const first = axis === "x" ? 0 : 1;
        // centre = (2·sigmoid − ½ + cell) · stride
        logit(first);
        code.call(sigmoid).f32(2).op("f32.mul").f32(0.5).op("f32.sub").get(cell).op("f32.add");
        code.f32(stride).op("f32.mul").set(centre[axis]);
        // half the size = (2·sigmoid)² · anchor / 2 = 2 · sigmoid² · anchor
        logit(2 + first);
        code.call(sigmoid).set(half[axis]).get(half[axis]).get(half[axis]).op("f32.mul");
        code.f32(2).op("f32.mul").f32(size[first]).op("f32.mul").set(half[axis]);
      };
      const appendCandidate = (): void => {
        decodeAxis("x", cellX);
        decodeAxis("y", cellY);
        code.get(end).get(centre.x).get(half.x).op("f32.sub").memory("f32.store", FIELD.x1);
        code.get(end).get(centre.y).get(half.y).op("f32.sub").memory("f32.store", FIELD.y1);
        code.get(end).get(centre.x).get(half.x).op("f32.add").memory("f32.store", FIELD.x2);
        code.get(end).get(centre.y).get(half.y).op("f32.add").memory("f32.store", FIELD.y2);
        code.get(end).get(score).memory("f32.store", FIELD.score);
        code.get(end).get(label).op("f32.convert_i32_u").memory("f32.store", FIELD.label);
        advance(code, end, DETECTION_BYTES);
      };
      findLabel();
      code.get(bestLogit).call(sigmoid).get(objectness).op("f32.mul").tee(score);
      code.globalGet(context.scoreThreshold).op("f32.gt");
      code.if(appendCandidate);
    };

    repeat(code, source.height, () => {
      code.f32(0).set(cellX);
      repeat(code, source.width, () => {
        for (const [anchor, size] of anchors.entries()) {
          cursor.objectness(anchor);
          code.call(sigmoid).tee(objectness).globalGet(context.scoreThreshold).op("f32.gt");
          code.if(() => decodeAnchor(anchor, size));
        }
        cursor.nextCell();
        code.get(cellX).f32(1).op("f32.add").set(cellX);
      });
      cursor.nextRow();
      code.get(cellY).f32(1).op("f32.add").set(cellY);
    });
    code.get(end);
  });
}

/**
 * YOLOv5 Detect and class-wise non-maximum suppression, inside the module: logits in, the reply's detections out. What it
 * computes is defined by the reference in ops/yolov5-detect.ts. Little of a frame's time is spent here: the class scores
 * are only looked at where the objectness passes.
 */
import { DETECTION_BYTES } from "../../module-format.ts";
import type { DetectScale } from "../graph/graph.ts";
import type { FunctionReference, Local } from "../wasm/assembler.ts";
import { type EmitKernel, inputAt, type KernelContext } from "./kernel.ts";
import { advance, pointerTo, repeat } from "./loops.ts";
import { emitSuppression } from "./non-maximum-suppression.ts";
import { loadSigmoidConstants, onePlusExpMinus } from "./sigmoid.ts";

export const emitYolov5Detect: EmitKernel<"yolov5_detect"> = (node, context) => {
  const { scales, classes } = node.attributes;
  const sigmoid = emitScalarSigmoid(context);
  const candidates = context.scratch(node.output);
  const decoders = scales.map((scale, index) =>
    emitDecode(inputAt(node, index), scale, classes, sigmoid, context),
  );
  const suppress = emitSuppression(candidates, context.map(node.output).address, context);
  return context.module.function(`yolov5_detect ${node.output}`, [], [], (code) => {
    code.i32(candidates);
    for (const decode of decoders) code.call(decode);
    code.call(suppress).globalSet(context.detectionCount);
  });
};

/** (x) → 1 / (1 + e^−x), for single numbers. */
function emitScalarSigmoid(context: KernelContext): FunctionReference {
  return context.module.function("sigmoid", ["f32"], ["f32"], (code, x) => {
    if (x === undefined) throw new Error("sigmoid has one parameter");
    const constants = loadSigmoidConstants(code, context);
    const vector = code.local("v128");
    code.get(x).op("f32x4.splat").set(vector).get(constants.one);
    onePlusExpMinus(code, vector, constants);
    code.op("f32x4.div").extractLane(0);
  });
}

/** (end of the candidates) → new end: appends the candidates of one scale in scan order: y, x, anchor. */
function emitDecode(
  logitsName: string,
  { stride, anchors }: DetectScale,
  classes: number,
  sigmoid: FunctionReference,
  context: KernelContext,
): FunctionReference {
  const logits = context.map(logitsName);
  const anchorBytes = (5 + classes) * 4;
  const anchorTable = context.store(Float32Array.from(anchors.flat()));
  return context.module.function(`decode ${logitsName}`, ["i32"], ["i32"], (code, end) => {
    if (end === undefined) throw new Error("decode has one parameter");
    const input = pointerTo(code, logits.address);
    const cellX = code.local("f32");
    const cellY = code.local("f32");
    const anchor = code.local("i32");
    const objectness = code.local("f32");
    const score = code.local("f32");
    const label = code.local("i32");
    const bestLogit = code.local("f32");
    const centre = { x: code.local("f32"), y: code.local("f32") };
    const half = { x: code.local("f32"), y: code.local("f32") };

    const sigmoidOf = (logit: number): void => {
      code
        .get(input)
        .memory("f32.load", 4 * logit)
        .call(sigmoid);
    };
    const findLabel = (): void => {
      const at = code.local("i32");
      const index = code.local("i32");
      code.i32(0).set(label).get(input).memory("f32.load", 20).set(bestLogit);
      code.get(input).i32(24).op("i32.add").set(at).i32(1).set(index);
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
      const index = axis === "x" ? 0 : 1;
      // centre = (2·sigmoid − ½ + cell) · stride
      sigmoidOf(index);
      code.f32(2).op("f32.mul").f32(0.5).op("f32.sub").get(cell).op("f32.add");
      code.f32(stride).op("f32.mul").set(centre[axis]);
      // half the size = (2·sigmoid)² · anchor / 2 = 2 · sigmoid² · anchor
      sigmoidOf(2 + index);
      code.set(half[axis]).get(half[axis]).get(half[axis]).op("f32.mul").f32(2).op("f32.mul");
      code
        .get(anchor)
        .memory("f32.load", 4 * index)
        .op("f32.mul")
        .set(half[axis]);
    };
    const appendCandidate = (): void => {
      decodeAxis("x", cellX);
      decodeAxis("y", cellY);
      code.get(end).get(centre.x).get(half.x).op("f32.sub").memory("f32.store", 0);
      code.get(end).get(centre.y).get(half.y).op("f32.sub").memory("f32.store", 4);
      code.get(end).get(centre.x).get(half.x).op("f32.add").memory("f32.store", 8);
      code.get(end).get(centre.y).get(half.y).op("f32.add").memory("f32.store", 12);
      code.get(end).get(score).memory("f32.store", 16);
      code.get(end).get(label).memory("i32.store", 20);
      advance(code, end, DETECTION_BYTES);
    };

    repeat(code, logits.height, () => {
      code.f32(0).set(cellX);
      repeat(code, logits.width, () => {
        code.i32(anchorTable).set(anchor);
        repeat(code, anchors.length, () => {
          sigmoidOf(4);
          code.tee(objectness).globalGet(context.scoreThreshold).op("f32.gt");
          code.if(() => {
            findLabel();
            code.get(bestLogit).call(sigmoid).get(objectness).op("f32.mul").tee(score);
            code.globalGet(context.scoreThreshold).op("f32.gt");
            code.if(appendCandidate);
          });
          advance(code, input, anchorBytes);
          advance(code, anchor, 8);
        });
        advance(code, input, logits.pixelBytes - anchors.length * anchorBytes);
        code.get(cellX).f32(1).op("f32.add").set(cellX);
      });
      advance(code, input, logits.rowBytes - logits.width * logits.pixelBytes);
      code.get(cellY).f32(1).op("f32.add").set(cellY);
    });
    code.get(end);
  });
}

/**
 * CenterNet's head inside the module: finds the peaks of the heat map, keeps the highest, and applies non-maximum suppression.
 * ops/centernet-detect.ts defines the result.
 */

import { DETECTION_BYTES } from "../../module-format.ts";
import type { Node } from "../graph/graph.ts";
import type { FunctionReference } from "../wasm/assembler.ts";
import { type EmitKernel, type FeatureMap, inputAt, type KernelContext } from "./kernel.ts";
import { advance, copyOf, pointerTo, repeat } from "./loops.ts";
import { copyCandidate, emitSuppression, FIELD, forEachCandidate } from "./non-maximum-suppression.ts";

/** One more than `candidates`: when candidates move up behind a removed one, the copy reads one past the end. */
export function centernetScratchBytes({ attributes }: Node<"centernet_detect">): number {
  return (attributes.candidates + 1) * DETECTION_BYTES;
}

export const emitCenternetDetect: EmitKernel<"centernet_detect"> = (node, context) => {
  const heat = context.map(inputAt(node, 0));
  const sizes = context.map(inputAt(node, 1));
  const { stride, candidates: limit } = node.attributes;
  const candidates = context.scratch(node.output);
  const isPeak = emitIsPeak(heat, context);
  const claim = emitClaim(candidates, limit, context);
  const suppress = emitSuppression(candidates, context.map(node.output).address, context);

  return context.module.function(`centernet_detect ${node.output}`, [], [], (code) => {
    const end = pointerTo(code, candidates);
    const at = pointerTo(code, heat.address);
    const size = pointerTo(code, sizes.address);
    const x = code.local("i32");
    const y = code.local("i32");
    const label = code.local("i32");
    const slot = code.local("i32");
    const threshold = code.local("v128");
    code.globalGet(context.scoreThreshold).op("f32x4.splat").set(threshold);

    /** One edge of the box: the cell's pixel, minus or plus the distance to the edge. */
    const storeEdge = (cell: typeof x, side: number, op: "f32.sub" | "f32.add", field: number): void => {
      code.get(slot).get(cell).op("f32.convert_i32_u").f32(stride).op("f32.mul");
      code
        .get(size)
        .memory("f32.load", 4 * side)
        .op(op)
        .memory("f32.store", field);
    };
    const addIfPeak = (): void => {
      code.get(at).memory("f32.load").globalGet(context.scoreThreshold).op("f32.gt");
      code.if(() => {
        code.get(at).get(y).get(x).call(isPeak);
        code.if(() => {
          code.get(end).get(at).memory("f32.load").call(claim).tee(slot);
          code.if(() => {
            storeEdge(x, 0, "f32.sub", FIELD.x1);
            storeEdge(y, 1, "f32.sub", FIELD.y1);
            storeEdge(x, 2, "f32.add", FIELD.x2);
            storeEdge(y, 3, "f32.add", FIELD.y2);
            code.get(slot).get(at).memory("f32.load").memory("f32.store", FIELD.score);
            code.get(slot).get(label).op("f32.convert_i32_u").memory("f32.store", FIELD.label);
            code.get(slot).i32(DETECTION_BYTES).op("i32.add").set(end);
          });
        });
      });
      advance(code, at, 4);
      advance(code, label, 1);
    };

    repeat(code, heat.height, () => {
      code.i32(0).set(x);
      repeat(code, heat.width, () => {
        code.i32(0).set(label);
        // Few scores pass: four are tested at once before any is tested separately.
        repeat(code, Math.floor(heat.channels / 4), () => {
          code.get(at).memory("v128.load").get(threshold).op("f32x4.gt").op("v128.any_true");
          code.if(
            () => repeat(code, 4, addIfPeak),
            () => {
              advance(code, at, 16);
              advance(code, label, 4);
            },
          );
        });
        repeat(code, heat.channels % 4, addIfPeak);
        advance(code, at, heat.pixelBytes - 4 * heat.channels);
        advance(code, size, sizes.pixelBytes);
        advance(code, x, 1);
      });
      advance(code, at, heat.rowBytes - heat.width * heat.pixelBytes);
      advance(code, size, sizes.rowBytes - sizes.width * sizes.pixelBytes);
      advance(code, y, 1);
    });
    code.get(end).call(suppress).globalSet(context.detectionCount);
  });
};

/** (address of a score, y, x) → 1 when none of the eight neighbours is higher. */
function emitIsPeak(heat: FeatureMap, context: KernelContext): FunctionReference {
  return context.module.function("is_peak", ["i32", "i32", "i32"], ["i32"], (code, at, y, x) => {
    if (!at || !y || !x) throw new Error("is_peak has three parameters");
    for (const [dy, dx] of NEIGHBOURS) {
      // As an unsigned number, a negative coordinate is larger than any size.
      code.get(y).i32(dy).op("i32.add").i32(heat.height).op("i32.lt_u");
      code.get(x).i32(dx).op("i32.add").i32(heat.width).op("i32.lt_u").op("i32.and");
      code.if(() => {
        code
          .get(at)
          .i32(dy * heat.rowBytes + dx * heat.pixelBytes)
          .op("i32.add")
          .memory("f32.load");
        code.get(at).memory("f32.load").op("f32.le").op("i32.eqz");
        code.if(() => {
          code.i32(0).return();
        });
      });
    }
    code.i32(1);
  });
}

const NEIGHBOURS = [-1, 0, 1]
  .flatMap((dy) => [-1, 0, 1].map((dx) => [dy, dx] as const))
  .filter(([dy, dx]) => dy !== 0 || dx !== 0);

/**
 * (end of the candidates, score) → the address for a candidate of this score, or 0 when `limit` candidates are at least as
 * high. When the list is full, the lowest candidate (the last of equals) is removed, and those behind it move up, so that
 * candidates stay in scan order.
 */
function emitClaim(candidates: number, limit: number, context: KernelContext): FunctionReference {
  return context.module.function("claim", ["i32", "f32"], ["i32"], (code, end, score) => {
    if (!end || !score) throw new Error("claim has two parameters");
    code
      .get(end)
      .i32(candidates + limit * DETECTION_BYTES)
      .op("i32.ne");
    code.if(() => {
      code.get(end).return();
    });
    const lowest = pointerTo(code, candidates);
    const candidate = pointerTo(code, candidates);
    forEachCandidate(code, candidate, end, () => {
      code.get(candidate).memory("f32.load", FIELD.score);
      code.get(lowest).memory("f32.load", FIELD.score).op("f32.le");
      code.if(() => {
        code.get(candidate).set(lowest);
      });
    });
    code.get(score).get(lowest).memory("f32.load", FIELD.score).op("f32.gt").op("i32.eqz");
    code.if(() => {
      code.i32(0).return();
    });
    const next = copyOf(code, lowest);
    forEachCandidate(code, lowest, end, () => {
      advance(code, next, DETECTION_BYTES);
      copyCandidate(code, next, lowest);
    });
    code.get(end).i32(DETECTION_BYTES).op("i32.sub");
  });
}

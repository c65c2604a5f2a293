/** Greedy class-wise non-maximum suppression over candidates in memory. */
import { DETECTION_BYTES, MAX_DETECTIONS } from "../../module-format.ts";
import type { Assembler, FunctionReference, Local } from "../wasm/assembler.ts";
import type { KernelContext } from "./kernel.ts";
import { advance, pointerTo } from "./loops.ts";

/** Offsets within a candidate. It has the layout of a detection in the reply: f32 x1, y1, x2, y2, score, label. */
export const FIELD = { x1: 0, y1: 4, x2: 8, y2: 12, score: 16, label: 20 } as const;

/**
 * (end of the candidates) → number of detections written.
 *
 * Repeatedly takes the best candidate (the earliest of equals) and drops the candidates of its label that overlap it by more
 * than the IoU threshold; the others move up in order. Quadratic, but a frame has tens of candidates, rarely hundreds.
 */
export function emitSuppression(
  candidates: number,
  detections: number,
  context: KernelContext,
): FunctionReference {
  const overlaps = emitOverlaps(context);
  return context.module.function("suppress", ["i32"], ["i32"], (code, end) => {
    if (end === undefined) throw new Error("suppress has one parameter");
    const output = pointerTo(code, detections);
    const count = code.local("i32");
    const best = code.local("i32");
    const candidate = code.local("i32");
    const kept = code.local("i32");
    code.block((done) => {
      code.loop((again) => {
        code.get(end).i32(candidates).op("i32.eq").brIf(done);
        code.i32(candidates).tee(best).set(candidate);
        forEachCandidate(code, candidate, end, () => {
          code.get(candidate).memory("f32.load", FIELD.score);
          code.get(best).memory("f32.load", FIELD.score).op("f32.gt");
          code.if(() => {
            code.get(candidate).set(best);
          });
        });
        copyCandidate(code, best, output);

        code.i32(candidates).tee(candidate).set(kept);
        forEachCandidate(code, candidate, end, () => {
          code.get(candidate).get(best).op("i32.ne");
          code.get(candidate).get(output).call(overlaps).op("i32.eqz").op("i32.and");
          code.if(() => {
            copyCandidate(code, candidate, kept);
            advance(code, kept, DETECTION_BYTES);
          });
        });
        code.get(kept).set(end);
        advance(code, output, DETECTION_BYTES);
        advance(code, count, 1);
        code.get(count).i32(MAX_DETECTIONS).op("i32.lt_u").brIf(again);
      });
    });
    code.get(count);
  });
}

/** Runs `body` for each candidate from `candidate` up to `end`; there must be at least one. */
export function forEachCandidate(code: Assembler, candidate: Local, end: Local, body: () => void): void {
  code.loop((next) => {
    body();
    advance(code, candidate, DETECTION_BYTES);
    code.get(candidate).get(end).op("i32.ne").brIf(next);
  });
}

/** Copies a candidate by words: a vector copy would overwrite the start of the next candidate. */
export function copyCandidate(code: Assembler, from: Local, to: Local): void {
  for (const offset of Object.values(FIELD)) {
    code.get(to).get(from).memory("i32.load", offset).memory("i32.store", offset);
  }
}

/** (a, b) → 1 when the labels are equal and intersection / union > iouThreshold. */
function emitOverlaps(context: KernelContext): FunctionReference {
  return context.module.function("overlaps", ["i32", "i32"], ["i32"], (code, a, b) => {
    if (a === undefined || b === undefined) throw new Error("overlaps has two parameters");
    const shared = code.local("f32");
    const side = (low: number, high: number): void => {
      code.get(a).memory("f32.load", high).get(b).memory("f32.load", high).op("f32.min");
      code.get(a).memory("f32.load", low).get(b).memory("f32.load", low).op("f32.max");
      code.op("f32.sub").f32(0).op("f32.max");
    };
    const area = (box: Local): void => {
      code.get(box).memory("f32.load", FIELD.x2).get(box).memory("f32.load", FIELD.x1).op("f32.sub");
      code.get(box).memory("f32.load", FIELD.y2).get(box).memory("f32.load", FIELD.y1).op("f32.sub");
      code.op("f32.mul");
    };
    side(FIELD.x1, FIELD.x2);
    side(FIELD.y1, FIELD.y2);
    code.op("f32.mul").set(shared);
    // Equal labels are equal bits.
    code.get(a).memory("i32.load", FIELD.label).get(b).memory("i32.load", FIELD.label).op("i32.eq");
    code.get(shared);
    area(a);
    area(b);
    code.op("f32.add").get(shared).op("f32.sub").op("f32.div");
    code.globalGet(context.iouThreshold).op("f32.gt").op("i32.and");
  });
}

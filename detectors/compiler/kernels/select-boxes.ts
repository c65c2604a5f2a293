/** Non-maximum suppression over all classes: a round per selected box, over all boxes that are left. */
import { SELECTED } from "../ops/select-boxes.ts";
import type { Assembler, Local } from "../wasm/assembler.ts";
import { inputAt, type Kernel } from "./kernel.ts";
import { advance, pointerTo, repeat } from "./loops.ts";
import { tensorInMemory } from "./operand.ts";

const F32 = 4;

/** Pushes the area of the box at an address. */
function pushArea(code: Assembler, box: Local): void {
  for (const axis of [0, 1]) {
    code
      .get(box)
      .memory("f32.load", (axis + 2) * F32)
      .get(box)
      .memory("f32.load", axis * F32)
      .op("f32.sub");
  }
  code.op("f32.mul");
}

/** Pushes whether two boxes overlap more than the threshold. Not where one has no area. */
function pushOverlaps(
  code: Assembler,
  a: Local,
  b: Local,
  threshold: number,
  areas: [Local, Local, Local],
): void {
  const [first, second, common] = areas;
  pushArea(code, a);
  code.set(first);
  pushArea(code, b);
  code.set(second);
  for (const axis of [0, 1]) {
    for (const [side, op] of [
      [axis + 2, "f32.min"],
      [axis, "f32.max"],
    ] as const) {
      code
        .get(a)
        .memory("f32.load", side * F32)
        .get(b)
        .memory("f32.load", side * F32)
        .op(op);
    }
    code.op("f32.sub").f32(0).op("f32.max");
  }
  code.op("f32.mul").set(common);
  code.get(common).get(first).get(second).op("f32.add").get(common).op("f32.sub").op("f32.div");
  code.f32(threshold).op("f32.gt");
  for (const area of [first, second]) code.get(area).f32(0).op("f32.gt").op("i32.and");
}

const emit: Kernel<"select_boxes">["emit"] = (node, context) => {
  const corners = tensorInMemory(context, inputAt(node, 0));
  const scores = tensorInMemory(context, inputAt(node, 1));
  const y = tensorInMemory(context, node.output);
  const { firstClass, most, scoreThreshold, iouThreshold } = node.attributes;
  const [count = 0, classes = 0] = scores.shape;
  const bestScores = context.scratch(node.output);
  return context.module.function(`select_boxes ${node.output}`, [], [], (code) => {
    const score = code.local("f32");
    const best = code.local("f32");
    const label = code.local("i32");
    const column = code.local("i32");
    const left = code.local("i32");
    const selected = code.local("i32");
    const chosen = code.local("i32");
    const areas: [Local, Local, Local] = [code.local("f32"), code.local("f32"), code.local("f32")];
    const from = pointerTo(code, scores.address + firstClass * F32);
    const slot = pointerTo(code, bestScores);
    /** All boxes: `slot` is the address of the box's score, `left` their number with this one. */
    const eachBox = (body: () => void): void => {
      code.i32(bestScores).set(slot).i32(count).set(left);
      code.loop((again) => {
        body();
        advance(code, slot, F32);
        code.get(left).i32(1).op("i32.sub").tee(left).brIf(again);
      });
    };
    eachBox(() => {
      code.get(from).memory("f32.load").set(best).i32(0).tee(label).set(column);
      repeat(code, classes - firstClass, () => {
        code.get(from).memory("f32.load").tee(score).get(best).op("f32.gt");
        code.if(() => code.get(score).set(best).get(column).set(label));
        advance(code, column, 1);
        advance(code, from, F32);
      });
      advance(code, from, firstClass * F32);
      code.f32(scoreThreshold).get(best).op("f32.le").op("i32.eqz");
      code.if(() => code.f32(Number.NEGATIVE_INFINITY).set(best));
      code.get(slot).get(best).memory("f32.store");
      code
        .get(slot)
        .get(label)
        .memory("i32.store", count * F32);
    });
    const to = pointerTo(code, y.address);
    code
      .get(to)
      .i32(0)
      .i32((most + 1) * SELECTED * F32)
      .memoryFill();
    /** The address of the corners of the box whose score is at an address. */
    const cornersOf = (address: Local, corner: Local): void => {
      code.get(address).i32(bestScores).op("i32.sub").i32(4).op("i32.mul").i32(corners.address).op("i32.add");
      code.set(corner);
    };
    const [one, other] = [code.local("i32"), code.local("i32")];
    code.block((done) => {
      repeat(code, most, () => {
        code.f32(Number.NEGATIVE_INFINITY).set(best);
        eachBox(() => {
          code.get(slot).memory("f32.load").tee(score).get(best).op("f32.gt");
          code.if(() => code.get(score).set(best).get(slot).set(chosen));
        });
        code.get(best).f32(Number.NEGATIVE_INFINITY).op("f32.gt").op("i32.eqz").brIf(done);
        cornersOf(chosen, one);
        code.get(to).get(one).memory("v128.load").memory("v128.store");
        code
          .get(to)
          .get(chosen)
          .memory("i32.load", count * F32)
          .op("f32.convert_i32_s")
          .memory("f32.store", 4 * F32);
        code
          .get(to)
          .get(best)
          .memory("f32.store", 5 * F32);
        code.get(chosen).f32(Number.NEGATIVE_INFINITY).memory("f32.store");
        advance(code, to, SELECTED * F32);
        advance(code, selected, 1);
        eachBox(() => {
          cornersOf(slot, other);
          pushOverlaps(code, one, other, iouThreshold, areas);
          code.if(() => code.get(slot).f32(Number.NEGATIVE_INFINITY).memory("f32.store"));
        });
      });
    });
    code
      .i32(y.address + most * SELECTED * F32)
      .get(selected)
      .op("f32.convert_i32_s")
      .memory("f32.store");
  });
};

/** The best score and its class of each box are working memory. */
export const selectBoxesKernel: Kernel<"select_boxes"> = {
  emit,
  scratchBytes: (node, type) => 2 * F32 * (type(inputAt(node, 1)).shape[0] ?? 0),
  describe: () => "f32",
};

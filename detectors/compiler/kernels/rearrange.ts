/**
 * Layout changes: a loop nest over the split axes. Where neighbours of the input and neighbours of the output lie on different
 * axes, blocks of 4 × 4 floats are transposed in registers, so that all loads and stores are of whole vectors.
 */
import { splitStrides } from "../ops/rearrange.ts";
import type { Assembler, Local } from "../wasm/assembler.ts";
import { inputAt, type Kernel, kernel } from "./kernel.ts";
import { advance, copyOf, pointerTo, repeat } from "./loops.ts";
import { emitCopy } from "./movers.ts";
import { type TensorInMemory, tensorInMemory } from "./operand.ts";

export const rearrangeKernel: Kernel<"rearrange"> = kernel((node, context) => {
  const x = tensorInMemory(context, inputAt(node, 0));
  const y = tensorInMemory(context, node.output);
  const { sizes, order } = node.attributes;
  const reordered = order.map((axis) => sizes[axis] ?? 1);
  const from = split(x, sizes);
  const to = split(y, reordered);
  const axes = reordered.map((size, at) => ({ size, from: from[order[at] ?? 0] ?? 0, to: to[at] ?? 0 }));
  return context.module.function(`rearrange ${node.output}`, [], [], (code) => {
    const across =
      x.dtype === "f32" ? axes.find(({ size, from }) => from === FLOAT && size >= BLOCK) : undefined;
    const down = axes.find((axis) => axis.to === FLOAT && axis !== across);
    // A pixel of fewer channels than a block has room for the rest of its vector.
    const hasRoom =
      down !== undefined && axes.every(({ to, size }) => to === FLOAT || size === 1 || to >= VECTOR);
    const isPairs = down?.size === 2 && across?.to === 2 * FLOAT;
    const isBlocks = down !== undefined && (down.size >= BLOCK || hasRoom);
    if (across === undefined || down === undefined || across.to === FLOAT || !(isPairs || isBlocks)) {
      const input = { ...x, strides: axes.map(({ from }) => from) };
      emitCopy(code, {
        sizes: reordered,
        output: { ...y, strides: axes.map(({ to }) => to) },
        inputs: [input],
      });
      return;
    }
    const outer = axes.filter((axis) => axis !== across && axis !== down);
    emitTransposition(code, x.address, y.address, outer, across, down, isPairs);
  });
});

const FLOAT = 4;
const BLOCK = 4;
const VECTOR = 16;

/** An axis: its size, and the distances between neighbours in the input and the output. */
interface Axis {
  readonly size: number;
  readonly from: number;
  readonly to: number;
}

function split({ shape, strides }: TensorInMemory, sizes: readonly number[]): readonly number[] {
  const split = splitStrides(shape, strides, sizes);
  if (split === undefined) throw new Error(`[${sizes.join(", ")}] does not divide [${shape.join(", ")}]`);
  return split;
}

/**
 * @param across the axis of the input's neighbours
 * @param down the axis of the output's neighbours
 * @param isPairs whether two runs of the input alternate in the output, without a gap
 */
function emitTransposition(
  code: Assembler,
  fromAddress: number,
  toAddress: number,
  outer: readonly Axis[],
  across: Axis,
  down: Axis,
  isPairs: boolean,
): void {
  const from = pointerTo(code, fromAddress);
  const to = pointerTo(code, toAddress);
  const rows = Array.from({ length: BLOCK }, () => code.local("v128"));
  const pairs = Array.from({ length: BLOCK }, () => code.local("v128"));
  /** Transposes columns (neighbours of the input) × lines (neighbours of the output). */
  const block = (source: Local, target: Local, columns: number, lines: number): void => {
    for (const [line, row] of rows.entries()) {
      if (line < lines) {
        code.get(source).memory(columns === 1 ? "v128.load32_zero" : "v128.load", line * down.from);
      } else code.f32(0).op("f32x4.splat");
      code.set(row);
    }
    emitTranspose4(code, rows, pairs);
    for (const [column, vector] of rows.entries()) {
      if (column >= columns) break;
      code
        .get(target)
        .get(vector)
        .memory("v128.store", column * across.to);
    }
  };
  const pairsOf = (source: Local, target: Local, columns: number): void => {
    for (const [line, row] of rows.slice(0, 2).entries()) {
      code
        .get(source)
        .memory(columns === 1 ? "v128.load32_zero" : "v128.load", line * down.from)
        .set(row);
    }
    const [first, second] = rows;
    if (first === undefined || second === undefined) throw new Error("a block has four rows");
    code.get(target).get(first).get(second).shuffleFloats([0, 4, 1, 5]);
    if (columns === 1) {
      code.storeLowHalf();
      return;
    }
    code.memory("v128.store");
    code.get(target).get(first).get(second).shuffleFloats([2, 6, 3, 7]).memory("v128.store", VECTOR);
  };
  const line = (source: Local, target: Local, lines: number): void => {
    const [column, cell] = [copyOf(code, source), copyOf(code, target)];
    for (const [times, columns] of [
      [Math.floor(across.size / BLOCK), BLOCK],
      [across.size % BLOCK, 1],
    ] as const) {
      repeat(code, times, () => {
        if (isPairs) pairsOf(column, cell, columns);
        else block(column, cell, columns, lines);
        advance(code, column, columns * FLOAT);
        advance(code, cell, columns * across.to);
      });
    }
  };
  const plane = (): void => {
    const [source, target] = [copyOf(code, from), copyOf(code, to)];
    repeat(code, Math.floor(down.size / BLOCK), () => {
      line(source, target, BLOCK);
      advance(code, source, BLOCK * down.from);
      advance(code, target, BLOCK * FLOAT);
    });
    const rest = down.size % BLOCK;
    if (rest === 0) return;
    if (down.size < BLOCK) {
      line(source, target, rest);
      return;
    }
    // The last block overlaps the one before it: it writes the same numbers there.
    advance(code, source, (rest - BLOCK) * down.from);
    advance(code, target, (rest - BLOCK) * FLOAT);
    line(source, target, BLOCK);
  };
  const loop = (level: number): void => {
    const axis = outer[level];
    if (axis === undefined) {
      plane();
      return;
    }
    repeat(code, axis.size, () => {
      loop(level + 1);
      const below = outer[level + 1];
      advance(code, from, axis.from - (below?.from ?? 0) * (below?.size ?? 0));
      advance(code, to, axis.to - (below?.to ?? 0) * (below?.size ?? 0));
    });
  };
  loop(0);
}

/** Replaces four vectors, the rows of a matrix, by its columns. */
function emitTranspose4(code: Assembler, rows: readonly Local[], pairs: readonly Local[]): void {
  const [a, b, c, d] = rows;
  const [low, high, lowBelow, highBelow] = pairs;
  if (!a || !b || !c || !d || !low || !high || !lowBelow || !highBelow)
    throw new Error("a block has four rows");
  code.get(a).get(b).shuffleFloats([0, 4, 1, 5]).set(low);
  code.get(a).get(b).shuffleFloats([2, 6, 3, 7]).set(high);
  code.get(c).get(d).shuffleFloats([0, 4, 1, 5]).set(lowBelow);
  code.get(c).get(d).shuffleFloats([2, 6, 3, 7]).set(highBelow);
  code.get(low).get(lowBelow).shuffleFloats([0, 1, 4, 5]).set(a);
  code.get(low).get(lowBelow).shuffleFloats([2, 3, 6, 7]).set(b);
  code.get(high).get(highBelow).shuffleFloats([0, 1, 4, 5]).set(c);
  code.get(high).get(highBelow).shuffleFloats([2, 3, 6, 7]).set(d);
}

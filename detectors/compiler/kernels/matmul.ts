/**
 * Products of matrices. The columns of the second matrix are packed into panels of eight, the order in which the micro-kernel of
 * convolutions reads weights; each row of the first matrix is then a pixel. Integers use the loop nest.
 */
import type { Node } from "../graph/graph.ts";
import { matmul } from "../ops/reductions.ts";
import { elements } from "../ops/shapes.ts";
import { broadcastStrides } from "../ops/tensors.ts";
import type { Assembler, Local } from "../wasm/assembler.ts";
import { emitContraction } from "./contraction.ts";
import { inputAt, type Kernel, type TypeOfValue } from "./kernel.ts";
import { advance, copyOf, pointerTo, repeat } from "./loops.ts";
import { emitTileRow, TILE_VECTORS } from "./micro-kernel.ts";
import { type TensorInMemory, tensorInMemory } from "./operand.ts";

/** The columns of a panel. */
const PANEL = 4 * TILE_VECTORS;
const PANEL_BYTES = 4 * PANEL;

const emitNested = emitContraction<"matmul">(matmul);

export const matmulKernel: Kernel<"matmul"> = {
  emit(node, context) {
    const [a, b] = [0, 1].map((index) => tensorInMemory(context, inputAt(node, index)));
    const y = tensorInMemory(context, node.output);
    if (!a || !b || !isPacked(node, context.type)) return emitNested(node, context);
    const { rows, inner, columns } = sizesOf(a, b);
    const panels = context.scratch(node.output);
    const sums = panels + panelBytes(inner, columns);
    const batch = y.shape.slice(0, -2);
    const along = ({ shape, strides }: TensorInMemory) =>
      broadcastStrides(shape.slice(0, -2), strides.slice(0, -2), batch);
    const steps = { a: along(a), b: along(b), y: y.strides.slice(0, -2) };
    const rowBytes = (tensor: TensorInMemory): number => tensor.strides.at(-2) ?? 0;
    const row = {
      x: { dtype: "f32", channels: inner, pixelBytes: rowBytes(a), rowBytes: 0 },
      ...{ kernelHeight: 1, kernelWidth: 1, stride: 1, width: rows, vectors: TILE_VECTORS },
    } as const;
    const whole = Math.floor(columns / PANEL);
    const rest = columns % PANEL;

    return context.module.function(`matmul ${node.output}`, [], [], (code) => {
      const at = {
        a: pointerTo(code, a.address),
        b: pointerTo(code, b.address),
        y: pointerTo(code, y.address),
      };
      const isShared = steps.b.every((step) => step === 0);
      const pack = (): void => emitPacking(code, at.b, rowBytes(b), panels, inner, columns);
      if (isShared) pack();
      const multiply = (): void => {
        if (!isShared) pack();
        const weights = pointerTo(code, panels);
        const output = copyOf(code, at.y);
        repeat(code, whole, () => {
          const addresses = { window: at.a, output, weights, bias: undefined };
          emitTileRow(code, { ...row, outputPixelBytes: rowBytes(y) }, addresses, context);
          advance(code, weights, inner * PANEL_BYTES);
          advance(code, output, PANEL_BYTES);
        });
        if (rest === 0) return;
        const sum = pointerTo(code, sums);
        const addresses = { window: at.a, output: sum, weights, bias: undefined };
        emitTileRow(code, { ...row, outputPixelBytes: PANEL_BYTES }, addresses, context);
        repeat(code, rows, () => {
          copyFloats(code, sum, output, rest);
          advance(code, sum, PANEL_BYTES);
          advance(code, output, rowBytes(y));
        });
      };
      const overBatch = (axis: number): void => {
        const size = batch[axis];
        if (size === undefined) {
          multiply();
          return;
        }
        repeat(code, size, () => {
          overBatch(axis + 1);
          for (const name of ["a", "b", "y"] as const) {
            const below = (steps[name][axis + 1] ?? 0) * (batch[axis + 1] ?? 0);
            advance(code, at[name], (steps[name][axis] ?? 0) - below);
          }
        });
      };
      overBatch(0);
    });
  },
  scratchBytes(node, type) {
    if (!isPacked(node, type)) return 0;
    const [a, b] = [0, 1].map((index) => type(inputAt(node, index)));
    const { rows, inner, columns } = sizesOf(a ?? type(node.output), b ?? type(node.output));
    return panelBytes(inner, columns) + rows * PANEL_BYTES;
  },
  describe: (node, type) => `${isPacked(node, type) ? "packed" : "nest"}, ${type(node.output).dtype}`,
};

interface Shaped {
  readonly shape: readonly number[];
}

function sizesOf(a: Shaped, b: Shaped): { rows: number; inner: number; columns: number } {
  return { rows: a.shape.at(-2) ?? 0, inner: a.shape.at(-1) ?? 0, columns: b.shape.at(-1) ?? 0 };
}

/** Whether the micro-kernel multiplies: for floats, and products of at least one number. */
function isPacked(node: Node<"matmul">, type: TypeOfValue): boolean {
  const { dtype, shape } = type(node.output);
  return dtype === "f32" && elements(shape) > 0 && !type(inputAt(node, 0)).shape.includes(0);
}

function panelBytes(inner: number, columns: number): number {
  return Math.ceil(columns / PANEL) * inner * PANEL_BYTES;
}

/** [inner][columns] → [panel][inner][column of the panel]. Missing columns of the last panel keep any number. */
function emitPacking(
  code: Assembler,
  matrix: Local,
  rowBytes: number,
  panels: number,
  inner: number,
  columns: number,
): void {
  const target = pointerTo(code, panels);
  const corner = copyOf(code, matrix);
  const source = code.local("i32");
  const packPanel = (count: number): void => {
    code.get(corner).set(source);
    repeat(code, inner, () => {
      copyFloats(code, source, target, count);
      advance(code, source, rowBytes);
      advance(code, target, PANEL_BYTES);
    });
    advance(code, corner, PANEL_BYTES);
  };
  repeat(code, Math.floor(columns / PANEL), () => packPanel(PANEL));
  if (columns % PANEL > 0) packPanel(columns % PANEL);
}

/** Copies up to eight floats without touching others. */
function copyFloats(code: Assembler, from: Local, to: Local, count: number): void {
  let at = 0;
  for (; at + 4 <= count; at += 4) {
    code
      .get(to)
      .get(from)
      .memory("v128.load", 4 * at)
      .memory("v128.store", 4 * at);
  }
  for (; at < count; at++) {
    code
      .get(to)
      .get(from)
      .memory("v128.load32_zero", 4 * at)
      .extractLane(0)
      .memory("f32.store", 4 * at);
  }
}

/**
 * Loop nests over tensors of any rank and layout, the kernel of every operator that has no faster one.
 *
 * A nest walks the elements of its output. Each operand has a distance in bytes per axis: 0 repeats it along the axis, so that
 * broadcasting, transposing, slicing and sliding windows are only other distances. Axes that every operand walks without a gap
 * become one. Floats are computed as vectors: of four elements where neighbours are contiguous, else only the first lane counts.
 * So each operator states its arithmetic once. Integers are computed one by one, as i32.
 */
import { type DType, ELEMENT_BYTES, type Shape } from "../graph/value.ts";
import type { Assembler, Local } from "../wasm/assembler.ts";
import { advance, pointerTo, repeat } from "./loops.ts";

/** An operand of a nest: the address of its first element, and bytes between neighbours along each axis of the nest. */
export interface Operand {
  readonly dtype: DType;
  readonly address: number;
  readonly strides: readonly number[];
  /** Whether the computation receives the address of the element (an i32) instead of the element. */
  readonly asAddress?: true;
}

/** y[i…] = compute(inputs[i…]) */
export interface Nest {
  readonly sizes: Shape;
  readonly output: Operand;
  readonly inputs: readonly Operand[];
}

/** Pushes the result for the loaded elements of all inputs: a v128 for an output of floats, else an i32. */
export type Compute = (values: readonly Local[]) => void;

/** y[i…] = end(combination of all step(inputs[i…, k…])). The strides of inputs are those of i…, then of k…. */
export interface Reduction extends Nest {
  /** The sizes of k…. */
  readonly over: Shape;
}

/** How a reduction combines its elements. The accumulator is a v128 for floats, else an i32. */
export interface Combination {
  /** Pushes the initial accumulator. */
  readonly start: () => void;
  /** Pushes the new accumulator. */
  readonly step: (accumulator: Local, values: readonly Local[]) => void;
  /** Pushes the combination of two accumulators. */
  readonly join: (a: Local, b: Local) => void;
  /** Pushes the result. */
  readonly end: (accumulator: Local) => void;
}

const LANES = 4;

/** Emits a nest without a reduction. */
export function emitNest(code: Assembler, nest: Nest, compute: Compute): void {
  emitLoops(code, { ...nest, over: [] }, (load) => compute(load(false)));
}

/**
 * Emits a nest with a reduction for each element. Where neighbours of the reduction are contiguous, a second accumulator combines
 * four of them at once.
 */
export function emitReduction(code: Assembler, reduction: Reduction, combine: Combination): void {
  const register = registerOf(reduction.output.dtype);
  const accumulator = code.local(register);
  const ofVectors = code.local(register);
  const moved = code.local(register);
  emitLoops(code, reduction, (load, overAll, hasVectors) => {
    const accumulators = hasVectors ? [accumulator, ofVectors] : [accumulator];
    for (const each of accumulators) {
      combine.start();
      code.set(each);
    }
    overAll((isVector) => {
      const target = isVector ? ofVectors : accumulator;
      combine.step(target, load(isVector));
      code.set(target);
    });
    if (hasVectors) {
      for (const lanes of [[2, 3, 0, 1] as const, [1, 0, 3, 2] as const]) {
        code.get(ofVectors).get(ofVectors).shuffleFloats(lanes).set(moved);
        combine.join(ofVectors, moved);
        code.set(ofVectors);
      }
      combine.join(accumulator, ofVectors);
      code.set(accumulator);
    }
    combine.end(accumulator);
  });
}

interface Axis {
  readonly size: number;
  /** Of the output, then of the inputs. */
  readonly strides: readonly number[];
}

/**
 * @param element pushes one result; `load` loads the inputs, as four neighbours along a reduction if asked; `overAll` emits the
 * loops of a reduction, whose body is for four neighbours where `hasVectors`, and for the rest
 */
function emitLoops(
  code: Assembler,
  { sizes, over, output, inputs }: Reduction,
  element: (
    load: (isVector: boolean) => Local[],
    overAll: (body: (isVector: boolean) => void) => void,
    hasVectors: boolean,
  ) => void,
): void {
  if (sizes.includes(0)) return;
  const operands = [output, ...inputs];
  const outer = mergedAxes(
    sizes.map((size, axis) => ({ size, strides: operands.map(({ strides }) => strides[axis] ?? 0) })),
  );
  const inner = mergedAxes(
    over.map((size, axis) => ({
      size,
      strides: [0, ...inputs.map(({ strides }) => strides[sizes.length + axis] ?? 0)],
    })),
  );
  const pointers = operands.map(({ address }) => pointerTo(code, address));
  const values = inputs.map(({ dtype }) => code.local(registerOf(dtype)));
  const [target, ...sources] = pointers;
  if (target === undefined) throw new Error("a nest has an output");
  const moveAll = (bytesOf: (operand: number) => number): void => {
    for (const [operand, pointer] of pointers.entries()) advance(code, pointer, bytesOf(operand));
  };
  const lastInner = inner.at(-1);
  const innerVectors =
    lastInner !== undefined && isRun(inputs, lastInner) ? Math.floor(lastInner.size / LANES) : 0;
  /** All iterations of axes[level…]. Afterwards the pointers have moved over the whole axis `level`. */
  const loop = (
    axes: readonly Axis[],
    level: number,
    body: (isVector: boolean) => void,
    vectors = 0,
  ): void => {
    const axis = axes[level];
    if (axis === undefined) {
      body(false);
      return;
    }
    const below = axes[level + 1];
    if (below === undefined && vectors > 0) {
      for (const [times, lanes] of [
        [vectors, LANES],
        [axis.size % LANES, 1],
      ] as const) {
        repeat(code, times, () => {
          body(lanes === LANES);
          moveAll((operand) => lanes * (axis.strides[operand] ?? 0));
        });
      }
      return;
    }
    repeat(code, axis.size, () => {
      loop(axes, level + 1, body, vectors);
      moveAll(
        (operand) => (axis.strides[operand] ?? 0) - (below?.strides[operand] ?? 0) * (below?.size ?? 0),
      );
    });
  };
  const emitElement = (lanes: number): void => {
    const vectors = lanes === 1 ? innerVectors : 0;
    const load = (isVector: boolean) =>
      inputs.map(({ dtype, asAddress }, index) => {
        const [source, value] = [sources[index], values[index]];
        if (source === undefined || value === undefined) throw new Error("every input has a pointer");
        if (asAddress) return source;
        const repeats = (outer.at(-1)?.strides[index + 1] ?? 0) === 0;
        emitLoad(code, dtype, source, !isVector && (lanes === 1 || repeats));
        code.set(value);
        return value;
      });
    code.get(target);
    const overAll = (body: (isVector: boolean) => void): void => {
      if (over.includes(0)) return;
      loop(inner, 0, body, vectors);
      const [first] = inner;
      if (first !== undefined) moveAll((operand) => -first.size * (first.strides[operand] ?? 0));
    };
    element(load, overAll, vectors > 0);
    emitStore(code, output.dtype, lanes);
  };
  const last = outer.at(-1);
  if (last === undefined || !isVector(operands, last)) {
    loop(outer, 0, () => emitElement(1));
    return;
  }
  const whole = Math.floor(last.size / LANES);
  const bytes = (elements: number) => (operand: number) => elements * (last.strides[operand] ?? 0);
  const rows = outer.slice(0, -1);
  const row = (): void => {
    repeat(code, whole, () => {
      emitElement(LANES);
      moveAll(bytes(LANES));
    });
    repeat(code, last.size % LANES, () => {
      emitElement(1);
      moveAll(bytes(1));
    });
  };
  loop(rows, 0, () => {
    row();
    if (rows.length > 0) moveAll((operand) => -last.size * (last.strides[operand] ?? 0));
  });
}

/** Whether four neighbours along an axis of a reduction can be combined at once. */
function isRun(inputs: readonly Operand[], { size, strides }: Axis): boolean {
  return (
    size >= LANES &&
    inputs.every(({ dtype }, index) => dtype === "f32" && strides[index + 1] === ELEMENT_BYTES.f32)
  );
}

/** Whether four neighbours along an axis can be computed at once. */
function isVector(operands: readonly Operand[], { size, strides }: Axis): boolean {
  return (
    size >= LANES &&
    strides[0] === ELEMENT_BYTES.f32 &&
    operands.every(({ dtype, asAddress }) => dtype === "f32" && !asAddress) &&
    strides.every((stride) => stride === 0 || stride === ELEMENT_BYTES.f32)
  );
}

/** Drops axes of one element, and joins neighbouring axes over which every operand moves without a gap. */
function mergedAxes(axes: readonly Axis[]): Axis[] {
  const merged: Axis[] = [];
  for (const axis of axes) {
    if (axis.size === 1) continue;
    const before = merged.at(-1);
    const joins = before?.strides.every(
      (stride, operand) => stride === (axis.strides[operand] ?? 0) * axis.size,
    );
    if (before !== undefined && joins) {
      merged[merged.length - 1] = { size: before.size * axis.size, strides: axis.strides };
    } else merged.push(axis);
  }
  return merged;
}

function registerOf(dtype: DType): "v128" | "i32" {
  return dtype === "f32" ? "v128" : "i32";
}

const INTEGER_LOADS = {
  i8: "i32.load8_s",
  u8: "i32.load8_u",
  u7: "i32.load8_u",
  bool: "i32.load8_u",
  i16: "i32.load16_s",
  i32: "i32.load",
} as const;

const INTEGER_STORES = {
  i8: "i32.store8",
  u8: "i32.store8",
  u7: "i32.store8",
  bool: "i32.store8",
  i16: "i32.store16",
  i32: "i32.store",
} as const;

/** Pushes an element, or four neighbouring floats. */
export function emitLoad(code: Assembler, dtype: DType, pointer: Local, isSingle: boolean): void {
  code.get(pointer);
  if (dtype !== "f32") code.memory(INTEGER_LOADS[dtype]);
  else code.memory(isSingle ? "v128.load32_splat" : "v128.load");
}

/** Stores the result on the stack, whose address is below it. */
function emitStore(code: Assembler, dtype: DType, lanes: number): void {
  if (dtype !== "f32") code.memory(INTEGER_STORES[dtype]);
  else if (lanes === LANES) code.memory("v128.store");
  else code.extractLane(0).memory("f32.store");
}

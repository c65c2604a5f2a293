/** The Winograd schemes for 3×3 convolutions, by their transforms in one dimension. Both compute tiles of 4×4 outputs. */
import type { Assembler, Local } from "../wasm/assembler.ts";
import { broadcast } from "./loops.ts";

/** Output pixels of a tile along each axis. */
export const OUTPUTS = 4;
/** Transformed weights along each axis, in both schemes. */
export const WEIGHT_POSITIONS = 6;

/** Pushes one input of the transform; called once for each, in order. */
export type Load = (index: number) => void;
/** Stores one output of the transform: pushes an address, calls `value` to push the output, and stores it. Called in order. */
export type Store = (index: number, value: () => void) => void;

/** Emits a transform. */
type EmitTransform = (load: Load, store: Store) => void;
/** Prepares a transform. It loads factors into locals, so call it before the loop. */
type PrepareTransform = (code: Assembler) => EmitTransform;

/** A scheme in one dimension, which is applied along both axes. */
export interface WinogradScheme {
  readonly name: string;
  readonly stride: 1 | 2;
  /** Input pixels of a tile: (OUTPUTS − 1) · stride + 3. */
  readonly inputs: number;
  /** The number of products with a weight of their own, and of the following products that share one weight. */
  readonly own: number;
  readonly shared: number;
  /** Bᵀ: input pixels → one number per product. */
  readonly prepareInputs: PrepareTransform;
  /** Aᵀ: products → outputs. */
  readonly prepareOutputs: PrepareTransform;
  /** G: three weights → WEIGHT_POSITIONS. */
  readonly prepareWeights: PrepareTransform;
}

/** Products along each axis. */
export function positionsOf({ own, shared }: WinogradScheme): number {
  return own + shared;
}

/** F(4×4, 3×3): 36 products for 16 outputs, where direct convolution needs 144 (Lavin and Gray, section 4.3). */
export const STRIDE_1: WinogradScheme = {
  name: "Winograd F(4×4, 3×3)",
  stride: 1,
  inputs: 6,
  own: 6,
  shared: 0,
  prepareInputs: prepareStride1Inputs,
  prepareOutputs: prepareStride1Outputs,
  prepareWeights: prepareStride1Weights,
};

/**
 * Stride 2. The first and third weights apply only to even pixels: a convolution of two weights and stride 1, F(4, 2) with
 * five products at the points 0, 1, −1, 2 and ∞. The second weight applies to the odd pixels with four plain products. In two
 * dimensions that is 81 products, where direct convolution needs 144.
 */
export const STRIDE_2: WinogradScheme = {
  name: "Winograd F(4×4, 2×2) of even pixels",
  stride: 2,
  inputs: 9,
  own: 5,
  shared: 4,
  prepareInputs: prepareStride2Inputs,
  prepareOutputs: prepareStride2Outputs,
  prepareWeights: prepareStride2Weights,
};

/** Bᵀ: six inputs → six. */
function prepareStride1Inputs(code: Assembler): EmitTransform {
  const times = prepareScaling(code, 4, 5);
  return (load, store) => {
    const [d0, d1, d2, d3, d4, d5] = loadedAll(code, load, 6);
    if (!d0 || !d1 || !d2 || !d3 || !d4 || !d5) throw new Error("the input transform takes six values");
    const even = code.local("v128");
    const odd = code.local("v128");
    store(0, () => {
      times(code.get(d0), 4);
      times(code.get(d2), 5).op("f32x4.sub").get(d4).op("f32x4.add");
    });
    times(code.get(d4).get(d2), 4).op("f32x4.sub").set(even).get(d3);
    times(code.get(d1), 4).op("f32x4.sub").set(odd);
    store(1, () => code.get(even).get(odd).op("f32x4.add"));
    store(2, () => code.get(even).get(odd).op("f32x4.sub"));
    code.get(d4).get(d2).op("f32x4.sub").set(even);
    code.get(d3).get(d1).op("f32x4.sub").set(odd);
    store(3, () => twice(code.get(even), odd).op("f32x4.add"));
    store(4, () => twice(code.get(even), odd).op("f32x4.sub"));
    store(5, () => {
      times(code.get(d1), 4);
      times(code.get(d3), 5).op("f32x4.sub").get(d5).op("f32x4.add");
    });
  };
}

/** Aᵀ: six products → four outputs. */
function prepareStride1Outputs(code: Assembler): EmitTransform {
  const times = prepareScaling(code, 4, 8);
  return (load, store) => {
    const [m0, m1, m2, m3, m4, m5] = loadedAll(code, load, 6);
    if (!m0 || !m1 || !m2 || !m3 || !m4 || !m5) throw new Error("the output transform takes six values");
    const nearSum = code.local("v128");
    const farSum = code.local("v128");
    const near = code.local("v128");
    const far = code.local("v128");
    code.get(m1).get(m2).op("f32x4.add").set(nearSum);
    code.get(m3).get(m4).op("f32x4.add").set(farSum);
    store(0, () => code.get(m0).get(nearSum).op("f32x4.add").get(farSum).op("f32x4.add"));
    code.get(m1).get(m2).op("f32x4.sub").set(near);
    code.get(m3).get(m4).op("f32x4.sub").set(far);
    store(1, () => twice(code.get(near), far).op("f32x4.add"));
    store(2, () => {
      times(code.get(nearSum).get(farSum), 4).op("f32x4.add");
    });
    store(3, () => {
      times(code.get(near).get(far), 8).op("f32x4.add").get(m5).op("f32x4.add");
    });
  };
}

/** G: three weights → six. */
function prepareStride1Weights(code: Assembler): EmitTransform {
  const times = prepareScaling(code, 1 / 4, -1 / 6, 1 / 6, 1 / 12, 1 / 24);
  return (load, store) => {
    const [g0, g1, g2] = loadedAll(code, load, 3);
    if (!g0 || !g1 || !g2) throw new Error("the weight transform takes three values");
    const even = code.local("v128");
    const odd = code.local("v128");
    store(0, () => times(code.get(g0), 1 / 4));
    times(code.get(g0).get(g2).op("f32x4.add"), -1 / 6).set(even);
    times(code.get(g1), 1 / 6).set(odd);
    store(1, () => code.get(even).get(odd).op("f32x4.sub"));
    store(2, () => code.get(even).get(odd).op("f32x4.add"));
    times(code.get(g0), 1 / 24);
    times(code.get(g2), 1 / 6)
      .op("f32x4.add")
      .set(even);
    times(code.get(g1), 1 / 12).set(odd);
    store(3, () => code.get(even).get(odd).op("f32x4.add"));
    store(4, () => code.get(even).get(odd).op("f32x4.sub"));
    store(5, () => code.get(g2));
  };
}

/** Bᵀ for stride 2: nine pixels → five products of even pixels and four of odd ones. */
function prepareStride2Inputs(code: Assembler): EmitTransform {
  return (load, store) => {
    const [e0, o0, e1, o1, e2, o2, e3, o3, e4] = loadedAll(code, load, 9);
    if (!e0 || !o0 || !e1 || !o1 || !e2 || !o2 || !e3 || !o3 || !e4) {
      throw new Error("the input transform takes nine values");
    }
    const rise = code.local("v128");
    const half = code.local("v128");
    code.get(e3).get(e1).op("f32x4.sub").set(rise);
    code.get(e0).get(e2).op("f32x4.sub").set(half);
    store(0, () => twice(code, half).get(rise).op("f32x4.add"));
    code.get(e3).get(e2).op("f32x4.sub").set(half);
    store(1, () => {
      code.get(half);
      twice(code, e1).op("f32x4.sub");
    });
    const fall = code.local("v128");
    code.get(e1).get(e2).op("f32x4.sub").set(fall);
    store(2, () => {
      code.get(half);
      twice(code, fall).op("f32x4.add");
    });
    store(3, () => code.get(rise));
    store(4, () => {
      code.get(e4).get(e2).op("f32x4.sub");
      twice(code, rise).op("f32x4.sub");
    });
    for (const [index, odd] of [o0, o1, o2, o3].entries()) store(5 + index, () => code.get(odd));
  };
}

/** Aᵀ for stride 2: five products of even pixels and four of odd ones → four outputs. */
function prepareStride2Outputs(code: Assembler): EmitTransform {
  const times = prepareScaling(code, 4, 8);
  return (load, store) => {
    const [m0, m1, m2, m3, m4, o0, o1, o2, o3] = loadedAll(code, load, 9);
    if (!m0 || !m1 || !m2 || !m3 || !m4 || !o0 || !o1 || !o2 || !o3) {
      throw new Error("the output transform takes nine values");
    }
    const sum = code.local("v128");
    const difference = code.local("v128");
    code.get(m1).get(m2).op("f32x4.add").set(sum);
    code.get(m1).get(m2).op("f32x4.sub").set(difference);
    const plus = (...values: readonly Local[]): void => {
      for (const value of values) code.get(value).op("f32x4.add");
    };
    store(0, () => {
      code.get(sum);
      plus(m0, m3, o0);
    });
    store(1, () => {
      code.get(difference);
      plus(m3, m3, o1);
    });
    store(2, () => {
      times(code.get(m3), 4);
      plus(sum, o2);
    });
    store(3, () => {
      times(code.get(m3), 8);
      plus(difference, m4, o3);
    });
  };
}

/** G for stride 2: three weights → five for even pixels and one for odd ones. */
function prepareStride2Weights(code: Assembler): EmitTransform {
  const times = prepareScaling(code, 1 / 2, -1 / 2, 1 / 3, 1 / 6);
  return (load, store) => {
    const [g0, g1, g2] = loadedAll(code, load, 3);
    if (!g0 || !g1 || !g2) throw new Error("the weight transform takes three values");
    store(0, () => times(code.get(g0), 1 / 2));
    store(1, () => times(code.get(g0).get(g2).op("f32x4.add"), -1 / 2));
    store(2, () => times(code.get(g2).get(g0).op("f32x4.sub"), 1 / 6));
    store(3, () => {
      times(code.get(g0), 1 / 6);
      times(code.get(g2), 1 / 3).op("f32x4.add");
    });
    store(4, () => code.get(g2));
    store(5, () => code.get(g1));
  };
}

function loadedAll(code: Assembler, load: Load, count: number): readonly Local[] {
  return Array.from({ length: count }, (_, index) => {
    const local = code.local("v128");
    load(index);
    code.set(local);
    return local;
  });
}

/** Prepares multiplications of the vector on the stack by these factors. */
function prepareScaling(
  code: Assembler,
  ...factors: readonly number[]
): (vector: Assembler, factor: number) => Assembler {
  const locals = new Map(factors.map((factor) => [factor, broadcast(code, factor)]));
  return (vector, factor) => {
    const local = locals.get(factor);
    if (local === undefined) throw new Error(`the transform has no factor ${factor}`);
    return vector.get(local).op("f32x4.mul");
  };
}

function twice(code: Assembler, value: Local): Assembler {
  return code.get(value).get(value).op("f32x4.add");
}

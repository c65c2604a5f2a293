/**
 * The WebAssembly instructions that the kernels use: encoding and operand types.
 * Source: WebAssembly core specification 2.0, section 5.4 (binary format, instructions).
 */

export type WasmType = "i32" | "f32" | "v128";

export interface Instruction {
  readonly code: readonly number[];
  readonly params: readonly WasmType[];
  readonly results: readonly WasmType[];
}

/** Prefix byte of the vector instructions. */
const SIMD = 0xfd;

/** Vector opcodes from 128 on take two LEB128 bytes. */
function simd(opcode: number): readonly number[] {
  return opcode < 128 ? [SIMD, opcode] : [SIMD, (opcode & 127) | 128, opcode >> 7];
}

const unary = (code: readonly number[], type: WasmType): Instruction => ({
  code,
  params: [type],
  results: [type],
});

const binary = (code: readonly number[], type: WasmType): Instruction => ({
  code,
  params: [type, type],
  results: [type],
});

const compare = (code: number, type: WasmType): Instruction => ({
  code: [code],
  params: [type, type],
  results: ["i32"],
});

const convert = (code: readonly number[], from: WasmType, to: WasmType): Instruction => ({
  code,
  params: [from],
  results: [to],
});

const shift = (opcode: number): Instruction => ({
  code: simd(opcode),
  params: ["v128", "i32"],
  results: ["v128"],
});

/** Instructions without immediates. */
export const PLAIN = {
  "i32.eqz": convert([0x45], "i32", "i32"),
  "i32.eq": compare(0x46, "i32"),
  "i32.ne": compare(0x47, "i32"),
  "i32.lt_u": compare(0x49, "i32"),
  "i32.lt_s": compare(0x48, "i32"),
  "i32.gt_s": compare(0x4a, "i32"),
  "i32.le_s": compare(0x4c, "i32"),
  "i32.ge_s": compare(0x4e, "i32"),
  "f32.gt": compare(0x5e, "f32"),
  "f32.le": compare(0x5f, "f32"),
  "i32.add": binary([0x6a], "i32"),
  "i32.sub": binary([0x6b], "i32"),
  "i32.mul": binary([0x6c], "i32"),
  "i32.div_s": binary([0x6d], "i32"),
  "i32.rem_s": binary([0x6f], "i32"),
  "i32.shl": binary([0x74], "i32"),
  "i32.shr_s": binary([0x75], "i32"),
  "i32.shr_u": binary([0x76], "i32"),
  "i32.clz": convert([0x67], "i32", "i32"),
  "i32.and": binary([0x71], "i32"),
  "i32.or": binary([0x72], "i32"),
  "i32.xor": binary([0x73], "i32"),
  /** a, b, condition → a where the condition is not 0, else b. */
  select: { code: [0x1b], params: ["i32", "i32", "i32"], results: ["i32"] },
  "f32.add": binary([0x92], "f32"),
  "f32.sub": binary([0x93], "f32"),
  "f32.mul": binary([0x94], "f32"),
  "f32.div": binary([0x95], "f32"),
  "f32.min": binary([0x96], "f32"),
  "f32.max": binary([0x97], "f32"),
  "f32.convert_i32_s": convert([0xb2], "i32", "f32"),
  "f32.convert_i32_u": convert([0xb3], "i32", "f32"),
  /** Truncates; numbers beyond i32 saturate, NaN becomes 0. */
  "i32.trunc_sat_f32_s": convert([0xfc, 0], "f32", "i32"),
  "f32x4.splat": convert(simd(19), "f32", "v128"),
  "f32x4.eq": binary(simd(65), "v128"),
  "f32x4.ne": binary(simd(66), "v128"),
  "f32x4.lt": binary(simd(67), "v128"),
  "f32x4.gt": binary(simd(68), "v128"),
  "f32x4.le": binary(simd(69), "v128"),
  "f32x4.ge": binary(simd(70), "v128"),
  "v128.and": binary(simd(78), "v128"),
  "v128.or": binary(simd(80), "v128"),
  "v128.xor": binary(simd(81), "v128"),
  /** a, b, mask → the bits of a where the mask is set, else those of b. */
  "v128.bitselect": { code: simd(82), params: ["v128", "v128", "v128"], results: ["v128"] },
  "v128.any_true": convert(simd(83), "v128", "i32"),
  "f32x4.ceil": unary(simd(103), "v128"),
  "f32x4.floor": unary(simd(104), "v128"),
  "f32x4.trunc": unary(simd(105), "v128"),
  /** Rounds to the nearest integer, halves to the even one. */
  "f32x4.nearest": unary(simd(106), "v128"),
  "f32x4.abs": unary(simd(224), "v128"),
  "f32x4.neg": unary(simd(225), "v128"),
  "f32x4.sqrt": unary(simd(227), "v128"),
  "f32x4.min": binary(simd(232), "v128"),
  "f32x4.max": binary(simd(233), "v128"),
  "f32x4.add": binary(simd(228), "v128"),
  "f32x4.sub": binary(simd(229), "v128"),
  "f32x4.mul": binary(simd(230), "v128"),
  "f32x4.div": binary(simd(231), "v128"),
  "f32x4.pmin": binary(simd(234), "v128"),
  "f32x4.pmax": binary(simd(235), "v128"),
  "f32x4.convert_i32x4_s": unary(simd(250), "v128"),
  "f32x4.convert_i32x4_u": unary(simd(251), "v128"),
  "i16x8.extend_low_i8x16_u": unary(simd(137), "v128"),
  "i16x8.extend_high_i8x16_u": unary(simd(138), "v128"),
  "i32x4.extend_low_i16x8_u": unary(simd(169), "v128"),
  "i32x4.extend_high_i16x8_u": unary(simd(170), "v128"),
  "i8x16.narrow_i16x8_u": binary(simd(102), "v128"),
  "i8x16.max_u": binary(simd(121), "v128"),
  "i16x8.narrow_i32x4_s": binary(simd(133), "v128"),
  "i16x8.min_s": binary(simd(150), "v128"),
  "i16x8.max_s": binary(simd(152), "v128"),
  "i8x16.narrow_i16x8_s": binary(simd(101), "v128"),
  "i8x16.min_s": binary(simd(118), "v128"),
  "i8x16.min_u": binary(simd(119), "v128"),
  "i8x16.max_s": binary(simd(120), "v128"),
  /** Bytes of a at the indices in b; 0 for indices above 15. */
  "i8x16.swizzle": binary(simd(14), "v128"),
  "i8x16.sub": binary(simd(113), "v128"),
  "i16x8.extend_low_i8x16_s": unary(simd(135), "v128"),
  "i16x8.extend_high_i8x16_s": unary(simd(136), "v128"),
  "i32x4.extend_low_i16x8_s": unary(simd(167), "v128"),
  "i32x4.extend_high_i16x8_s": unary(simd(168), "v128"),
  "i32x4.extmul_low_i16x8_s": binary(simd(188), "v128"),
  "i32x4.extmul_high_i16x8_s": binary(simd(189), "v128"),
  "i64x2.extmul_low_i32x4_s": binary(simd(220), "v128"),
  "i64x2.extmul_high_i32x4_s": binary(simd(221), "v128"),
  "i64x2.add": binary(simd(206), "v128"),
  "i64x2.shr_u": shift(205),
  "i16x8.sub": binary(simd(145), "v128"),
  "i16x8.add_sat_s": binary(simd(143), "v128"),
  "i32x4.mul": binary(simd(181), "v128"),
  "i32x4.gt_s": binary(simd(59), "v128"),
  "i8x16.splat": convert(simd(15), "i32", "v128"),
  "i16x8.splat": convert(simd(16), "i32", "v128"),
  "i32x4.splat": convert(simd(17), "i32", "v128"),
  "i32x4.add": binary(simd(174), "v128"),
  "i32x4.sub": binary(simd(177), "v128"),
  /** Multiplies eight pairs of i16 and adds neighbouring products: four i32. */
  "i32x4.dot_i16x8_s": binary(simd(186), "v128"),
  "i32x4.shl": shift(171),
  "i32x4.shr_s": shift(172),
  /** Truncates; numbers beyond i32 saturate, NaN becomes 0. */
  "i32x4.trunc_sat_f32x4_s": unary(simd(248), "v128"),
  /** Multiplies sixteen pairs of i8 and 7-bit numbers, adds four neighbouring products and c: four i32 (relaxed SIMD). */
  "i32x4.relaxed_dot_i8x16_i7x16_add_s": {
    code: simd(275),
    params: ["v128", "v128", "v128"],
    results: ["v128"],
  },
  /** Truncates to i32. Engines differ where a number does not fit (relaxed SIMD proposal). */
  "i32x4.relaxed_trunc_f32x4_s": unary(simd(257), "v128"),
  /** a · b + c, rounded once where the CPU can (relaxed SIMD proposal). */
  "f32x4.relaxed_madd": { code: simd(261), params: ["v128", "v128", "v128"], results: ["v128"] },
} as const satisfies Record<string, Instruction>;

/** Loads and stores: operands, then an alignment hint and an offset as immediates. `bytes` is the natural alignment. */
export const MEMORY = {
  "i32.load": { code: [0x28], bytes: 4, params: ["i32"], results: ["i32"] },
  "f32.load": { code: [0x2a], bytes: 4, params: ["i32"], results: ["f32"] },
  "i32.load8_s": { code: [0x2c], bytes: 1, params: ["i32"], results: ["i32"] },
  "i32.load16_s": { code: [0x2e], bytes: 2, params: ["i32"], results: ["i32"] },
  "i32.load8_u": { code: [0x2d], bytes: 1, params: ["i32"], results: ["i32"] },
  "i32.load16_u": { code: [0x2f], bytes: 2, params: ["i32"], results: ["i32"] },
  "i32.store8": { code: [0x3a], bytes: 1, params: ["i32", "i32"], results: [] },
  "i32.store16": { code: [0x3b], bytes: 2, params: ["i32", "i32"], results: [] },
  "i32.store": { code: [0x36], bytes: 4, params: ["i32", "i32"], results: [] },
  "f32.store": { code: [0x38], bytes: 4, params: ["i32", "f32"], results: [] },
  "v128.load": { code: simd(0), bytes: 16, params: ["i32"], results: ["v128"] },
  /** Eight bytes as i16. */
  "i16x8.load8x8_s": { code: simd(1), bytes: 8, params: ["i32"], results: ["v128"] },
  "i16x8.load8x8_u": { code: simd(2), bytes: 8, params: ["i32"], results: ["v128"] },
  "v128.load16x4_s": { code: simd(3), bytes: 8, params: ["i32"], results: ["v128"] },
  "v128.load32_splat": { code: simd(9), bytes: 4, params: ["i32"], results: ["v128"] },
  "v128.load32_zero": { code: simd(92), bytes: 4, params: ["i32"], results: ["v128"] },
  "v128.store": { code: simd(11), bytes: 16, params: ["i32", "v128"], results: [] },
} as const satisfies Record<string, Instruction & { readonly bytes: number }>;

export type PlainName = keyof typeof PLAIN;
export type MemoryName = keyof typeof MEMORY;

/** `v128.store64_lane` of the lower half: stores eight bytes; memory immediates and the lane follow. */
export const STORE_LOW_HALF: Instruction = { code: simd(91), params: ["i32", "v128"], results: [] };

/** Stores one lane of this many bytes; memory immediates and the lane follow. */
export const STORE_LANE: Readonly<Record<1 | 2 | 4 | 8, Instruction>> = {
  1: { code: simd(88), params: ["i32", "v128"], results: [] },
  2: { code: simd(89), params: ["i32", "v128"], results: [] },
  4: { code: simd(90), params: ["i32", "v128"], results: [] },
  8: STORE_LOW_HALF,
};

/** `v128.const`; its 16 bytes follow. */
export const V128_CONST: Instruction = { code: simd(12), params: [], results: ["v128"] };

/** `i8x16.shuffle`; the indices of 16 bytes of both operands follow. */
export const SHUFFLE: Instruction = { code: simd(13), params: ["v128", "v128"], results: ["v128"] };

/** Opcodes of instructions with immediates that the assembler encodes. */
export const CONTROL = {
  unreachable: 0x00,
  block: 0x02,
  loop: 0x03,
  if: 0x04,
  else: 0x05,
  end: 0x0b,
  br: 0x0c,
  brIf: 0x0d,
  return: 0x0f,
  call: 0x10,
  drop: 0x1a,
  localGet: 0x20,
  localSet: 0x21,
  localTee: 0x22,
  globalGet: 0x23,
  globalSet: 0x24,
  i32Const: 0x41,
  f32Const: 0x43,
  emptyBlock: 0x40,
} as const;

/** `memory.fill` of memory 0 (bulk memory operations): address, byte value, byte count. */
export const MEMORY_FILL: Instruction = {
  code: [0xfc, 11, 0],
  params: ["i32", "i32", "i32"],
  results: [],
};

/** `f32x4.extract_lane`; the lane number follows. */
export const F32X4_EXTRACT_LANE: Instruction = { code: simd(31), params: ["v128"], results: ["f32"] };

/** `i32x4.extract_lane`; the lane number follows. */
export const I32X4_EXTRACT_LANE: Instruction = { code: simd(27), params: ["v128"], results: ["i32"] };

/** Binary encoding of the value types (section 5.3.1 and 5.3.2). */
export const TYPE_CODES: Readonly<Record<WasmType, number>> = { i32: 0x7f, f32: 0x7d, v128: 0x7b };

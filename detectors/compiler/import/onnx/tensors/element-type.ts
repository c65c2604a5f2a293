import type { DType } from "../../../graph/value.ts";

/** A TensorProto.DataType that the compiler reads. */
export interface ElementType {
  /** How the graph holds it. */
  readonly dtype: DType;
  readonly name: string;
  /** Whether it has more values than `dtype`: 64-bit integers, which the graph holds in 32 bits. */
  readonly isLong: boolean;
}

const f32 = (name: string): ElementType => ({ dtype: "f32", name, isLong: false });
/** A type whose numbers the graph holds as they are. */
export const exact = (dtype: DType): ElementType => ({ dtype, name: dtype, isLong: false });

export const F32 = f32("f32");
export const BOOL = exact("bool");
export const I64: ElementType = { dtype: "i32", name: "i64", isLong: true };

/** Binary16 and binary64 become f32. */
const ELEMENT_TYPES: ReadonlyMap<number, ElementType> = new Map([
  [1, F32],
  [2, exact("u8")],
  [3, exact("i8")],
  [5, exact("i16")],
  [6, exact("i32")],
  [7, I64],
  [9, BOOL],
  [10, f32("f16")],
  [11, f32("f64")],
]);

/** Other types by name, for messages. */
const OTHER_TYPES: ReadonlyMap<number, string> = new Map([
  [4, "u16"],
  [8, "string"],
  [12, "u32"],
  [13, "u64"],
  [14, "complex64"],
  [15, "complex128"],
  [16, "bfloat16"],
  [17, "float8e4m3fn"],
  [18, "float8e4m3fnuz"],
  [19, "float8e5m2"],
  [20, "float8e5m2fnuz"],
  [21, "uint4"],
  [22, "int4"],
  [23, "float4e2m1"],
  [24, "float8e8m0"],
  [25, "uint2"],
  [26, "int2"],
]);

/** The element type of a TensorProto.DataType; undefined when the compiler does not read it. */
export function elementType(dataType: number | undefined): ElementType | undefined {
  return ELEMENT_TYPES.get(dataType ?? 0);
}

/** The name of a TensorProto.DataType. */
export function dataTypeName(dataType: number | undefined): string {
  return elementType(dataType)?.name ?? OTHER_TYPES.get(dataType ?? 0) ?? `data type ${dataType}`;
}

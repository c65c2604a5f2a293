import {
  elementsOf,
  type TensorData,
  type TensorDType,
  type TensorSpec,
  tensorArray,
} from "../../../detectors/detector.ts";
import { ConfigError } from "../../base/errors.ts";
import { plainText } from "../../base/plain-text.ts";

/** The smallest and the largest number of each type. */
const RANGE: Readonly<Record<TensorDType, readonly [min: number, max: number]>> = {
  f32: [-3.4028234663852886e38, 3.4028234663852886e38],
  i8: [-128, 127],
  u8: [0, 255],
  i16: [-(2 ** 15), 2 ** 15 - 1],
  i32: [-(2 ** 31), 2 ** 31 - 1],
  bool: [0, 1],
};

/** The most dimensions of a list, the format's limit. */
const MAX_DEPTH = 8;

/** Numbers from a file, and their shape if the file states it. */
export interface NumberList {
  readonly numbers: ArrayLike<unknown>;
  readonly shape: readonly number[] | undefined;
}

/** `ids: i32 [1, 4]` */
export function describeSpec({ name, dtype, shape }: TensorSpec): string {
  return `${name}: ${dtype} [${shape.join(", ")}]`;
}

/**
 * Converts numbers to the type of an input.
 * @throws ConfigError unless there are as many as the input holds, of a shape that differs at most by dimensions of 1, and
 *   each is in the range of the type.
 */
export function toTensor({ numbers, shape }: NumberList, spec: TensorSpec): TensorData {
  const count = elementsOf(spec);
  const isSame = shape === undefined || withoutOnes(shape) === withoutOnes(spec.shape);
  if (numbers.length !== count || !isSame) {
    const received = shape === undefined ? `${numbers.length} numbers` : `the shape [${shape.join(", ")}]`;
    throw unfit(spec, `${count} numbers of this shape`, received);
  }
  const data = tensorArray(spec.dtype, count);
  const [min, max] = RANGE[spec.dtype];
  for (let index = 0; index < count; index++) {
    const value = numbers[index];
    const number =
      typeof value === "number" || typeof value === "bigint" || typeof value === "boolean"
        ? Number(value)
        : Number.NaN;
    const isFloat = spec.dtype === "f32";
    const isSpecial = isFloat && typeof value === "number" && !Number.isFinite(value);
    const fits = number >= min && number <= max && (isFloat || Number.isInteger(number));
    if (!fits && !isSpecial) {
      const expected = isFloat ? "a number that f32 can hold" : `an integer from ${min} to ${max}`;
      throw unfit(spec, expected, `${plainText(String(value), 40)} at index ${index}`);
    }
    data[index] = number;
  }
  return data;
}

/** @throws ConfigError unless the file's dtype can be given to this input without a change of its numbers' kind. */
export function requireKind(spec: TensorSpec, kind: "float" | "integer" | "bool", dtype: string): void {
  const own = spec.dtype === "f32" ? "float" : spec.dtype === "bool" ? "bool" : "integer";
  if (own !== kind) throw unfit(spec, `the dtype ${spec.dtype}`, dtype);
}

export function unfit(spec: TensorSpec, expected: string, received: string): ConfigError {
  return new ConfigError(
    `input ${describeSpec(spec)}: expected ${expected}, received ${received}`,
    "`sabrewing inspect` shows what the module takes.",
  );
}

/**
 * The numbers of a nested list of a JSON file. A flat list has no shape of its own.
 * @throws ConfigError for lists of different lengths in one place, or too many numbers or levels.
 */
export function flatten(value: unknown, spec: TensorSpec): NumberList {
  const limit = elementsOf(spec);
  const numbers: unknown[] = [];
  const shape: number[] = [];
  const walk = (item: unknown, depth: number): void => {
    if (!Array.isArray(item)) {
      if (depth !== shape.length) throw unfit(spec, "lists of equal lengths", "a number beside a list");
      numbers.push(item);
      return;
    }
    if (depth === MAX_DEPTH) throw unfit(spec, `lists in at most ${MAX_DEPTH} levels`, "more");
    if (shape.length === depth && numbers.length === 0) shape.push(item.length);
    if (shape[depth] !== item.length) {
      throw unfit(spec, `lists of equal lengths (${shape[depth] ?? 0})`, `one of ${item.length}`);
    }
    for (const part of item) {
      if (numbers.length > limit) throw unfit(spec, `${limit} numbers`, "more");
      walk(part, depth + 1);
    }
  };
  walk(value, 0);
  return { numbers, shape: shape.length <= 1 ? undefined : shape };
}

function withoutOnes(shape: readonly number[]): string {
  return shape.filter((side) => side !== 1).join();
}

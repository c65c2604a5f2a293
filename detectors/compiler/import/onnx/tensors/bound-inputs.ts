/** Inputs of a model that always hold one number. */
import { ModelError } from "../../../../errors.ts";
import type { Shape } from "../../../graph/value.ts";
import { fits } from "../../../ops/interval.ts";
import type { TensorState } from "../../importer.ts";
import { type NdArray, zeros } from "../../nd-array.ts";
import type { OnnxGraph } from "../schema.ts";
import type { ElementType } from "./element-type.ts";

/** @throws ModelError when a number is given for what is no input, or a state. */
export function requireConstants(
  { input }: OnnxGraph,
  constants: ReadonlyMap<string, number>,
  states: readonly TensorState[],
): void {
  const inputs = input.map(({ name = "" }) => name);
  for (const name of constants.keys()) {
    if (!inputs.includes(name)) {
      throw new ModelError(
        `The model has no input "${name}" that could hold a constant.`,
        `Its inputs are ${inputs.join(", ")}.`,
      );
    }
    if (states.some((state) => state.input === name)) {
      throw new ModelError(
        `The input "${name}" cannot be both a constant and a state.`,
        "Leave out one of --constant and --state.",
      );
    }
  }
}

/** An input filled with a number; undefined without one. @throws ModelError when its type cannot hold the number. */
export function constantArray(
  input: string,
  number: number | undefined,
  { dtype, name }: ElementType,
  shape: Shape,
): NdArray | undefined {
  if (number === undefined) return undefined;
  const isFloat = dtype === "f32";
  if (!isFloat && !(Number.isInteger(number) && fits({ least: number, most: number }, dtype))) {
    throw new ModelError(
      `The input "${input}" cannot be ${number}: it is ${name}.`,
      "Give a number that its type can hold; a bool is 0 or 1.",
    );
  }
  const array = zeros(isFloat ? "float" : dtype === "bool" ? "bool" : "int", shape);
  array.data.fill(number);
  return array;
}

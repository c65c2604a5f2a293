/** What the steps of a random model are given and return. */
import type { OnnxWriter } from "./onnx-writer.ts";

export type Random = () => number;

/** A float value of the model under construction. */
export interface Value {
  readonly name: string;
  readonly shape: readonly number[];
}

/** What a step of a random model draws from. */
export interface Draw {
  readonly random: Random;
  readonly model: OnnxWriter;
  /** A whole number from 0 to below the limit. */
  below(limit: number): number;
  pick<Item>(items: readonly Item[]): Item;
  /** A constant of numbers between −scale and scale. */
  numbers(shape: readonly number[], scale?: number): string;
}

/** A step appends operators to the model. @returns undefined where they do not fit the value */
export type Step = (x: Value, draw: Draw, values: readonly Value[]) => readonly Value[] | undefined;

/** Outputs of a model that continue as inputs of the next inference. */
import { ModelError } from "../../../../errors.ts";
import type { GraphBuilder } from "../../../graph/builder.ts";
import { constantOf, type ValueType } from "../../../graph/value.ts";
import { sameShape, showType } from "../../../ops/shapes.ts";
import { damagedOnnx } from "../../errors.ts";
import type { TensorState } from "../../importer.ts";
import type { NdArray } from "../../nd-array.ts";
import type { OnnxGraph, OnnxValueInfo } from "../schema.ts";

/** @throws ModelError unless each state joins an output of the model with an input, which no other state names. */
export function requireStates({ input, output }: OnnxGraph, states: readonly TensorState[]): void {
  const names = (infos: readonly OnnxValueInfo[]): string[] => infos.map(({ name = "" }) => name);
  const [inputs, outputs] = [names(input), names(output)];
  const seen = new Set<string>();
  for (const state of states) {
    const { input: to, output: from } = state;
    if (!outputs.includes(from) || !inputs.includes(to)) {
      throw new ModelError(
        `The model has no output "${from}" and input "${to}" to keep as a state.`,
        `Its outputs are ${outputs.join(", ")}; its inputs are ${inputs.join(", ")}.`,
      );
    }
    if (seen.has(to)) {
      throw new ModelError(`Two states continue as the input "${to}".`, "Name each input in one state.");
    }
    seen.add(to);
  }
  const kept = new Set(states.map(({ output: from }) => from));
  if (kept.size > 0 && outputs.every((name) => kept.has(name))) {
    throw new ModelError(
      "Every output of the model is kept as a state, so that it answers nothing.",
      "Leave an output that is no state.",
    );
  }
}

/** Adds the numbers of a state before the first inference. @throws ModelError when they have another shape. */
export function initialOf(array: NdArray, type: ValueType, name: string, builder: GraphBuilder): string {
  if (!sameShape(array.shape, type.shape)) {
    throw damagedOnnx(
      `the initializer of "${name}" is [${array.shape.join(", ")}], and the input [${type.shape.join(", ")}]`,
    );
  }
  return builder.constant(builder.unusedName("initial"), constantOf(type, array.data));
}

/**
 * Lets an output take the place of an input after each inference.
 * @param value the output in the graph
 * @throws ModelError when it has another type than the input.
 */
export function keepState({ input, output }: TensorState, value: string, builder: GraphBuilder): void {
  const [type, next] = [builder.typeOf(input), builder.typeOf(value)];
  if (type.dtype !== next.dtype || !sameShape(type.shape, next.shape)) {
    throw new ModelError(
      `The output "${output}", ${showType(next)}, cannot continue as the input "${input}", ${showType(type)}.`,
      "A state needs an input of its own type and shape.",
    );
  }
  builder.keep(input, value);
}

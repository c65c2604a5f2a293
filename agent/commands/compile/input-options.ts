/** Options that name inputs and outputs of a model: which are its state, and which are always the same number. */
import { InvalidArgumentError } from "commander";
import type { CompileFileOptions } from "../../../detectors/detector.ts";

export type States = NonNullable<CompileFileOptions["states"]>;
export type InputConstants = NonNullable<CompileFileOptions["constants"]>;

/**
 * Collects `--state output=input` for commander. The output's name is what stands before the first `=`.
 * @throws InvalidArgumentError
 */
export function collectState(text: string, earlier: States | undefined): States {
  const [, output, input] = /^([^=]+)=(.+)$/su.exec(text) ?? [];
  if (output === undefined || input === undefined) {
    throw new InvalidArgumentError("Expected OUTPUT=INPUT, for example stateN=state.");
  }
  return [...(earlier ?? []), { output, input }];
}

/**
 * Collects `--constant name=number` for commander. The name is what stands before the last `=`.
 * @throws InvalidArgumentError
 */
export function collectConstant(text: string, earlier: InputConstants | undefined): InputConstants {
  const [, name, number = ""] = /^(.+)=([^=]+)$/su.exec(text) ?? [];
  if (name === undefined || number.trim() === "" || !Number.isFinite(Number(number))) {
    throw new InvalidArgumentError("Expected NAME=NUMBER, for example sr=16000.");
  }
  return new Map([...(earlier ?? []), [name, Number(number)]]);
}

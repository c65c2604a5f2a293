import { InvalidConfig } from "../../../agent/config/invalid-config.ts";
import { DetectorFault, ModelError } from "../../../detectors/errors.ts";

/** A model is refused with a message and a remedy, both without terminal control characters. */
export function refusesModel(error: unknown): boolean {
  return (
    error instanceof ModelError &&
    error.remedy !== "" &&
    isPlainText(error.message) &&
    isPlainText(error.remedy)
  );
}

/** A reply of a module is refused with a documented fault. */
export function refusesAnswer(error: unknown): boolean {
  return error instanceof DetectorFault;
}

/** A configuration is refused with the position of every mistake. */
export function refusesConfig(error: unknown): boolean {
  return error instanceof InvalidConfig && error.problems.every(({ line, column }) => line > 0 && column > 0);
}

const MOST_CHARACTERS = 21_000;

function isPlainText(text: string): boolean {
  // Control characters except line breaks, format and direction characters, separators, lone surrogates.
  return text.length <= MOST_CHARACTERS && !/(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u.test(text);
}

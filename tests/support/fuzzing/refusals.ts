import { InvalidConfig } from "../../../agent/config/load.ts";
import { DetectorFault, ModelError } from "../../../detectors/errors.ts";

/** A model is refused in words: what is wrong and what to do, nothing of it able to steer a terminal. */
export function refusesModel(error: unknown): boolean {
  return (
    error instanceof ModelError &&
    error.remedy !== "" &&
    isPlainText(error.message) &&
    isPlainText(error.remedy)
  );
}

/** A running module is refused by a fault of a documented kind. */
export function refusesAnswer(error: unknown): boolean {
  return error instanceof DetectorFault;
}

/** A configuration is refused with the place of every mistake. */
export function refusesConfig(error: unknown): boolean {
  return error instanceof InvalidConfig && error.problems.every(({ line, column }) => line > 0 && column > 0);
}

const MOST_CHARACTERS = 21_000;

function isPlainText(text: string): boolean {
  // Controls but for the line break, formatting and direction characters, separators, halves of surrogate pairs.
  return text.length <= MOST_CHARACTERS && !/(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u.test(text);
}

import { InvalidConfig } from "../../../agent/config/load.ts";
import { DetectorFault, ModelError } from "../../../detectors/errors.ts";

/** A model is refused in words: what is wrong and what to do, nothing of it able to steer a terminal. */
export function refusesModel(error: unknown): boolean {
  return error instanceof ModelError && error.remedy !== "" && isPlainText(error.message);
}

/** A running module is refused by a fault of a documented kind. */
export function refusesAnswer(error: unknown): boolean {
  return error instanceof DetectorFault;
}

/** A configuration is refused with the place of every mistake. */
export function refusesConfig(error: unknown): boolean {
  return error instanceof InvalidConfig && error.problems.every(({ line, column }) => line > 0 && column > 0);
}

const MOST_CHARACTERS = 200_000;

function isPlainText(text: string): boolean {
  // Unicode's control characters but for the line break.
  return text.length <= MOST_CHARACTERS && !/[^\P{Cc}\n]/u.test(text);
}

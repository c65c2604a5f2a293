import { TransientError } from "../../agent/base/errors.ts";
import { findKnown, obtainVisibly } from "../../agent/commands/pull/obtain-model.ts";
import type { ProgressStream } from "../../agent/commands/shared/progress.ts";
import { explainError } from "../../agent/explain-error.ts";
import { type KnownModel, locateModel, ModelError, type ModelPlaces } from "../../detectors/detector.ts";

/** A known model and where its weights are. */
export interface ChosenModel {
  readonly known: KnownModel;
  readonly weights: string;
}

/** What is tried, in this order. */
export interface Candidates {
  readonly preferred: KnownModel;
  readonly fallback: KnownModel;
}

/** YOLOv5n; MobileNet comes from the registry that the project's own packages come from. */
export function demoCandidates(): Candidates {
  return { preferred: findKnown("yolov5n"), fallback: findKnown("mobilenet") };
}

/**
 * The preferred model where it is found or can be fetched, else the other one.
 * @param say tells the user, in a line, that it is the other one
 * @throws Error when neither is to be had, with the reason and the way by hand
 */
export async function chooseModel(
  { preferred, fallback }: Candidates,
  places: ModelPlaces,
  stderr: ProgressStream,
  say: (line: string) => void,
): Promise<ChosenModel> {
  const there = await locateModel(preferred, places);
  if (there !== undefined) return { known: preferred, weights: there };
  const instead = `taking ${fallback.name} (${fallback.licence.id})`;
  const otherThere = await locateModel(fallback, places);
  if (otherThere !== undefined) {
    // To ask again for what could not be had the last time would cost seconds every time.
    say(`${preferred.name} is not here, ${instead}. To try again: scripts/fetch-model ${preferred.name}`);
    return { known: fallback, weights: otherThere };
  }
  try {
    return { known: preferred, weights: await obtainVisibly(preferred, places, stderr) };
  } catch (error) {
    if (!(error instanceof TransientError || error instanceof ModelError)) throw error;
    say(`${preferred.name} is not to be had here (${error.message}), ${instead} instead`);
  }
  try {
    return { known: fallback, weights: await obtainVisibly(fallback, places, stderr) };
  } catch (error) {
    throw new Error(`no model is to be had.\n${explainError(error).text}`, { cause: error });
  }
}

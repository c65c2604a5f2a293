import { TransientError } from "../../agent/base/errors.ts";
import { findKnown, obtainVisibly } from "../../agent/commands/pull/obtain-model.ts";
import type { ProgressStream } from "../../agent/commands/shared/progress.ts";
import { explainError } from "../../agent/explain-error.ts";
import { type KnownModel, locateModel, ModelError, type ModelPlaces } from "../../detectors/detector.ts";

/** A known model and the path of its weights. */
export interface ChosenModel {
  readonly known: KnownModel;
  readonly weights: string;
}

/** The models to try, in this order. */
export interface Candidates {
  readonly preferred: KnownModel;
  readonly fallback: KnownModel;
}

/** YOLOv5n, or MobileNet, which npm's registry has. */
export function demoCandidates(): Candidates {
  return { preferred: findKnown("yolov5n"), fallback: findKnown("mobilenet") };
}

/**
 * Chooses the preferred model if it is found or can be downloaded, otherwise the fallback.
 * @param say called with a line about the fallback
 * @throws Error with the reason and a remedy when neither is available
 */
export async function chooseModel(
  { preferred, fallback }: Candidates,
  places: ModelPlaces,
  stderr: ProgressStream,
  say: (line: string) => void,
): Promise<ChosenModel> {
  const preferredPath = await locateModel(preferred, places);
  if (preferredPath !== undefined) return { known: preferred, weights: preferredPath };
  const instead = `using ${fallback.name} (${fallback.licence.id})`;
  const fallbackPath = await locateModel(fallback, places);
  if (fallbackPath !== undefined) {
    // The last download failed: another attempt would take seconds at every start.
    say(`${preferred.name} is missing, ${instead}. To download it: scripts/fetch-model ${preferred.name}`);
    return { known: fallback, weights: fallbackPath };
  }
  try {
    return { known: preferred, weights: await obtainVisibly(preferred, places, stderr) };
  } catch (error) {
    if (!(error instanceof TransientError || error instanceof ModelError)) throw error;
    say(`${preferred.name} is not available (${error.message}), ${instead} instead`);
  }
  try {
    return { known: fallback, weights: await obtainVisibly(fallback, places, stderr) };
  } catch (error) {
    throw new Error(`no model is available.\n${explainError(error).text}`, { cause: error });
  }
}

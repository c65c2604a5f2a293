import {
  DownloadError,
  findKnownModel,
  KNOWN_MODELS,
  type KnownModel,
  type ModelPlaces,
  obtainModel,
} from "../../../detectors/detector.ts";
import { TransientError, UsageError } from "../../base/errors.ts";
import { printed } from "../../base/plain-text.ts";
import { didYouMean } from "../../config/suggest.ts";
import { type ProgressStream, showProgress } from "../shared/progress.ts";
import { untilInterrupted } from "../shared/until-interrupted.ts";

/**
 * Finds a known model by name.
 * @throws UsageError that lists the known models.
 */
export function findKnown(name: string): KnownModel {
  const known = findKnownModel(name);
  if (known) return known;
  const names = KNOWN_MODELS.map((model) => model.name);
  throw new UsageError(
    `unknown model "${name}"${didYouMean(name, names)}`,
    `Choose one of: ${names.join(", ")}.`,
  );
}

/**
 * Shows a known model's licence and obtains its weights, with progress. A download that Ctrl-C interrupts can be resumed.
 * @returns path of the weights
 * @throws TransientError if the publisher cannot be reached, ModelError if the file has another SHA-256.
 */
export async function obtainVisibly(
  known: KnownModel,
  places: ModelPlaces,
  stderr: ProgressStream,
): Promise<string> {
  const { id, holder, terms, url } = known.licence;
  stderr.write(printed(`${known.name} is under ${id} of ${holder}: ${terms}\n  ${url}`));
  using interrupted = untilInterrupted();
  using progress = showProgress("download", stderr);
  try {
    return await obtainModel(known, places, {
      signal: interrupted.signal,
      onProgress: ({ receivedBytes, totalBytes }) => progress.update(receivedBytes, totalBytes, known.name),
    });
  } catch (error) {
    if (error instanceof DownloadError)
      throw new TransientError(error.message, error.remedy, { cause: error });
    throw error;
  }
}

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
import { type ProgressStream, showProgress } from "../shared/progress.ts";
import { untilInterrupted } from "../shared/until-interrupted.ts";

/**
 * The known model of that name.
 * @throws UsageError listing those there are.
 */
export function findKnown(name: string): KnownModel {
  const known = findKnownModel(name);
  if (known) return known;
  const names = KNOWN_MODELS.map((model) => model.name).join(", ");
  throw new UsageError(`there is no known model "${name}"; there are: ${names}`);
}

/**
 * Tells a known model's licence and gets its weights, with progress, until Ctrl-C.
 * @returns path of the weights
 * @throws TransientError when the publisher cannot be reached, ModelError when its file is another.
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
    if (interrupted.signal.aborted) {
      throw new TransientError("the download was interrupted", "Run the same command again: it goes on.", {
        cause: error,
      });
    }
    if (error instanceof DownloadError)
      throw new TransientError(error.message, error.remedy, { cause: error });
    throw error;
  }
}

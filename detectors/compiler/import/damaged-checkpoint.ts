import { ModelError } from "../../errors.ts";

/** A checkpoint whose bytes are not what was written: truncated, altered, or made to be neither. */
export function damagedCheckpoint(what: string, cause?: unknown): ModelError {
  return new ModelError(
    `Cannot read the checkpoint: ${what}.`,
    "Get the file again and compare its SHA-256 with the publisher's.",
    { cause },
  );
}

import { errorCode } from "../../detectors/detector.ts";

export { errorCode };

/** The code of a system error, or else the error as text: the reason in a message that names the file itself. */
export function shortReason(error: unknown): string {
  return errorCode(error) ?? String(error);
}

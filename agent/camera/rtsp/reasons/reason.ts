import { withoutCredentials } from "../../../base/address.ts";
import { ConfigError, TransientError } from "../../../base/errors.ts";
import { plainText } from "../../../base/plain-text.ts";

/** Why a stream cannot be opened or has ended. */
export interface Reason {
  /** `config`: a person must change something; `transient`: a retry can help. */
  readonly kind: "config" | "transient";
  readonly what: string;
  readonly remedy: string;
}

const KINDS = { config: ConfigError, transient: TransientError };
export const LONGEST_DETAIL = 200;

/**
 * Text of a camera for a message. Cameras repeat the address in their answers, with the passwords in it.
 * @param longest characters
 */
export function cameraText(text: string, longest = LONGEST_DETAIL): string {
  return plainText(withoutCredentials(text), longest);
}

/**
 * Makes an error of a reason.
 * @param detail text of the camera or of the network, added in brackets
 */
export function errorOf(
  camera: string,
  { kind, what, remedy }: Reason,
  detail?: string,
  cause?: unknown,
): Error {
  const message = `${camera}: ${what}${detail === undefined ? "" : ` (${cameraText(detail)})`}`;
  return new KINDS[kind](message, remedy, cause === undefined ? undefined : { cause });
}

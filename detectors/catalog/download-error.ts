import { plainText } from "../plain-text.ts";

/** The most characters of a message, which may quote a server or npm. */
const LONGEST_MESSAGE = 2_000;

/** The publisher's server could not be reached or broke off. Trying again later may work. */
export class DownloadError extends Error {
  override readonly name = "DownloadError";
  readonly remedy: string;

  constructor(message: string, remedy: string, options?: ErrorOptions) {
    super(plainText(message, LONGEST_MESSAGE), options);
    this.remedy = remedy;
  }
}

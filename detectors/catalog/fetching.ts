/** Options and error that both ways to fetch a model share: download.ts from a URL, npm-package.ts from a registry. */
import { plainText } from "../plain-text.ts";

export interface FetchOptions {
  readonly onProgress?: (progress: { readonly receivedBytes: number; readonly totalBytes: number }) => void;
  readonly signal?: AbortSignal;
  /** Fail when no data arrives for this long. Default: 30 s. */
  readonly stallMs?: number;
}

/** Maximum length of a message, which may quote a server or npm. */
const LONGEST_MESSAGE = 2_000;

/** The publisher's server cannot be reached, or the transfer failed. A later attempt may succeed. */
export class DownloadError extends Error {
  override readonly name = "DownloadError";
  readonly remedy: string;

  constructor(message: string, remedy: string, options?: ErrorOptions) {
    super(plainText(message, LONGEST_MESSAGE), options);
    this.remedy = remedy;
  }
}

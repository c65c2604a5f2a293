/** What both ways to fetch a model share: download.ts from an address, npm-package.ts from a registry. */
import { plainText } from "../plain-text.ts";

export interface FetchOptions {
  readonly onProgress?: (progress: { readonly receivedBytes: number; readonly totalBytes: number }) => void;
  readonly signal?: AbortSignal;
  /** Give up when no data arrives for this long. */
  readonly stallMs?: number;
}

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

import { createHash, randomUUID } from "node:crypto";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ModelError } from "../errors.ts";
import type { KnownModel } from "./known-model.ts";
import { locateModel, type ModelPlaces, sabrewingHome } from "./locate-model.ts";

/** The publisher's server could not be reached or broke off. Trying again later may work. */
export class DownloadError extends Error {
  override readonly name = "DownloadError";
  readonly remedy: string;

  constructor(message: string, remedy: string, options?: ErrorOptions) {
    super(message, options);
    this.remedy = remedy;
  }
}

export interface FetchOptions {
  readonly onProgress?: (progress: { readonly receivedBytes: number; readonly totalBytes: number }) => void;
  readonly signal?: AbortSignal;
  /** Give up when nothing arrives for this long. */
  readonly stallMs?: number;
}

/**
 * The path of a known model's weights: where they are found, or downloaded to $SABREWING_HOME.
 * @throws ModelError, DownloadError when they are to be had nowhere.
 */
export async function obtainModel(
  model: KnownModel,
  places: ModelPlaces,
  options: FetchOptions = {},
): Promise<string> {
  const found = await locateModel(model, places);
  if (found !== undefined) return found;
  const path = join(sabrewingHome(places.env), model.file);
  await fetchModel(model, path, options);
  return path;
}

/**
 * Downloads a known model to `path`. Only a complete file with the pinned SHA-256 ever gets that name.
 * @throws DownloadError when the server cannot be reached, breaks off or stalls;
 *   ModelError when it has no such file, sends another, or `path` cannot be written.
 */
export async function fetchModel(model: KnownModel, path: string, options: FetchOptions = {}): Promise<void> {
  // Beside the final name, because a rename is atomic only within one file system.
  const partial = `${path}.${randomUUID()}.partial`;
  try {
    await mkdir(dirname(path), { recursive: true });
    try {
      await fetchInto(
        partial,
        model,
        `Download ${model.url} on another machine and put it at ${path}.`,
        options,
      );
      await rename(partial, path);
    } catch (error) {
      await rm(partial, { force: true });
      throw error;
    }
  } catch (error) {
    throw isFileError(error) ? unwritable(path, error) : error;
  }
}

async function fetchInto(
  path: string,
  model: KnownModel,
  byHand: string,
  options: FetchOptions,
): Promise<void> {
  await using file = await open(path, "wx");
  const hash = createHash("sha256");
  let receivedBytes = 0;
  for await (const chunk of download(model, byHand, options)) {
    receivedBytes += chunk.length;
    if (receivedBytes > model.bytes)
      throw otherFile(model, `more than the ${model.bytes} bytes expected`, byHand);
    hash.update(chunk);
    await file.appendFile(chunk);
    options.onProgress?.({ receivedBytes, totalBytes: model.bytes });
  }
  if (receivedBytes < model.bytes) {
    throw new DownloadError(
      `${model.url} broke off: expected ${model.bytes} bytes, received ${receivedBytes}`,
      `Try again. ${byHand}`,
    );
  }
  const sha256 = hash.digest("hex");
  if (sha256 !== model.sha256)
    throw otherFile(model, `expected SHA-256 ${model.sha256}, received ${sha256}`, byHand);
  await file.sync();
}

/** The bytes as they arrive. */
async function* download(
  model: KnownModel,
  byHand: string,
  { signal, stallMs = 30_000 }: FetchOptions,
): AsyncGenerator<Uint8Array> {
  const stalled = new AbortController();
  const timer = setTimeout(
    () => stalled.abort(new Error(`nothing arrived for ${stallMs / 1000} s`)),
    stallMs,
  );
  try {
    const signals = signal ? [signal, stalled.signal] : [stalled.signal];
    const response = await fetch(model.url, { signal: AbortSignal.any(signals) });
    if (response.status >= 400 && response.status < 500 && response.status !== 429) {
      throw new ModelError(
        `${model.url}: the server answered ${response.status} ${response.statusText}`,
        byHand,
      );
    }
    if (!response.ok || !response.body) {
      throw new Error(`the server answered ${response.status} ${response.statusText}`);
    }
    for await (const chunk of response.body) {
      timer.refresh();
      yield chunk;
    }
  } catch (error) {
    if (error instanceof ModelError || signal?.aborted) throw error;
    throw new DownloadError(`${model.url} cannot be downloaded: ${reasonOf(error)}`, `Try again. ${byHand}`, {
      cause: error,
    });
  } finally {
    clearTimeout(timer);
  }
}

/** fetch says only "fetch failed"; what failed is in the cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.cause instanceof Error) return reasonOf(error.cause);
  // Node tries IPv6 and IPv4, and packs both failures into one error without a message.
  if (error instanceof AggregateError && error.message === "") return error.errors.map(reasonOf).join("; ");
  return error.message;
}

function otherFile(model: KnownModel, what: string, byHand: string): ModelError {
  return new ModelError(
    `${model.url} sent another file than ${model.name}: ${what}`,
    `Something between here and the server may be answering in its place (a proxy, a login page). ${byHand}`,
  );
}

/** What the network throws is wrapped in a DownloadError by now: a system call that failed is one on the file. */
function isFileError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && "syscall" in error;
}

function unwritable(path: string, cause: Error): ModelError {
  return new ModelError(
    `${path} cannot be written: ${cause.message}`,
    "Make room or correct the permissions, or set SABREWING_HOME to another folder.",
    { cause },
  );
}

import { createWriteStream } from "node:fs";
import { rename, rm, stat } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { EnvHttpProxyAgent, fetch, type Response } from "undici";
import { errorCode } from "../error-code.ts";
import { ModelError } from "../errors.ts";
import { DownloadError, type FetchOptions } from "./fetching.ts";
import type { PinnedFile } from "./known-model.ts";
import { type ModelPlaces, sha256OfFile } from "./locate-model.ts";

/** A file to download and its destination. */
export interface DownloadOrder {
  readonly url: string;
  /** The expected contents. */
  readonly file: PinnedFile;
  readonly path: string;
  /** HTTPS_PROXY, HTTP_PROXY and NO_PROXY are read from here. */
  readonly env: ModelPlaces["env"];
  /** Instructions to get the file without this program. */
  readonly manualSteps: string;
}

/**
 * Downloads a file with known contents. Only a complete file with the pinned SHA-256 is renamed to `path`. Incomplete data
 * stays in `<path>.partial`, and the next attempt resumes there.
 *
 * Two concurrent downloads of the same file are safe: both write the same bytes to the same offsets.
 * @throws DownloadError when the server cannot be reached, closes the connection early or stalls;
 *   ModelError when it does not have the file or sends another; errors of the file system.
 */
export async function download(order: DownloadOrder, options: FetchOptions): Promise<void> {
  const partial = `${order.path}.partial`;
  const hadPartial = (await lengthOf(partial)) > 0;
  if (await receive(order, partial, options)) return;
  if (hadPartial) {
    // The earlier attempt stored the beginning of something else, for example a login page.
    await rm(partial, { force: true });
    if (await receive(order, partial, options)) return;
  }
  const sha256 = await sha256OfFile(partial);
  await rm(partial, { force: true });
  throw wrongFile(order, `expected SHA-256 ${order.file.sha256}, received ${sha256}`);
}

/** Receives the rest of `partial`. @returns whether the file is the expected one, which then has its final name */
async function receive(order: DownloadOrder, partial: string, options: FetchOptions): Promise<boolean> {
  const { file, path } = order;
  const begun = await lengthOf(partial);
  if (begun > file.bytes) return false;
  try {
    if (begun < file.bytes) await receiveRest(order, partial, begun, options);
    const sha256 = await sha256OfFile(partial);
    if (sha256 !== undefined && sha256 !== file.sha256) return false;
    await rename(partial, path);
    return true;
  } catch (error) {
    // Another process that downloads the same file has renamed it first.
    if (errorCode(error) === "ENOENT" && (await sha256OfFile(path)) === file.sha256) return true;
    throw error;
  }
}

async function receiveRest(
  order: DownloadOrder,
  partial: string,
  begun: number,
  { signal, stallMs = 30_000, onProgress }: FetchOptions,
): Promise<void> {
  const { url, file } = order;
  const stalled = new AbortController();
  const timer = setTimeout(
    () => stalled.abort(new Error(`nothing arrived for ${stallMs / 1000} s`)),
    stallMs,
  );
  let written = begun;
  try {
    await using proxy = proxyFor(order.env);
    const response = await fetch(url, {
      dispatcher: proxy,
      signal: AbortSignal.any(signal ? [signal, stalled.signal] : [stalled.signal]),
      headers: {
        // So that lengths and offsets are the file's own.
        "accept-encoding": "identity",
        // No If-Range: the pinned SHA-256 shows whether both parts belong to the same file.
        ...(begun > 0 ? { range: `bytes=${begun}-` } : {}),
      },
    });
    const start = startOf(response, begun, order);
    const body = response.body ?? [];
    const counted = async function* (): AsyncGenerator<Uint8Array> {
      written = start;
      for await (const chunk of body) {
        timer.refresh();
        written += chunk.length;
        if (written > file.bytes) {
          await rm(partial, { force: true });
          throw wrongFile(order, `more than the ${file.bytes} bytes expected`);
        }
        yield chunk;
        onProgress?.({ receivedBytes: written, totalBytes: file.bytes });
      }
    };
    const flags = begun > 0 ? "r+" : "w";
    await pipeline(counted, createWriteStream(partial, { flags, start, flush: true }));
  } catch (error) {
    // An error of a system call on a path comes from the file, not from the network.
    const isFileError = error instanceof Error && "syscall" in error && "path" in error;
    if (error instanceof ModelError || isFileError || signal?.aborted) throw error;
    throw downloadFailed(order, reasonOf(error), error);
  } finally {
    clearTimeout(timer);
  }
  if (written < file.bytes) {
    throw downloadFailed(order, `expected ${file.bytes} bytes, received ${written}`);
  }
}

/**
 * An agent for the proxy that the environment names: HTTPS_PROXY, HTTP_PROXY and NO_PROXY, in upper or lower case, as curl
 * and npm read them. Without one it connects directly.
 */
function proxyFor(env: Readonly<Record<string, string | undefined>>): EnvHttpProxyAgent & AsyncDisposable {
  const setting = (name: string) => env[name.toLowerCase()] ?? env[name] ?? "";
  const agent = new EnvHttpProxyAgent({
    httpProxy: setting("HTTP_PROXY"),
    httpsProxy: setting("HTTPS_PROXY"),
    noProxy: setting("NO_PROXY"),
  });
  return Object.assign(agent, { [Symbol.asyncDispose]: () => agent.destroy() });
}

/**
 * The offset in the file at which the body begins: RFC 9110, sections 14.4 and 15.3.7.
 * @throws ModelError when the server does not have the file, or has another; Error when it may have it later
 */
function startOf(response: Response, begun: number, order: DownloadOrder): number {
  const { status, statusText, headers } = response;
  if (status === 206) {
    const [, first, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(headers.get("content-range") ?? "") ?? [];
    if (Number(first) === begun && (total === "*" || Number(total) === order.file.bytes)) return begun;
    throw wrongFile(
      order,
      `expected bytes ${begun}-/${order.file.bytes}, received ${headers.get("content-range")}`,
    );
  }
  // A server without more bytes than are already here has another file.
  if (status === 416) throw wrongFile(order, `it ends after ${begun} bytes`);
  if (status >= 400 && status < 500 && status !== 407 && status !== 429) {
    throw new ModelError(`${order.url}: the server answered ${status} ${statusText}`, order.manualSteps);
  }
  if (status !== 200) throw new Error(`the server answered ${status} ${statusText}`);
  const length = headers.get("content-length");
  if (length !== null && Number(length) !== order.file.bytes) {
    throw wrongFile(order, `expected ${order.file.bytes} bytes, the server offers ${length}`);
  }
  return 0;
}

async function lengthOf(path: string): Promise<number> {
  return (await stat(path).catch(() => undefined))?.size ?? 0;
}

function downloadFailed({ url, manualSteps }: DownloadOrder, why: string, cause?: unknown): DownloadError {
  return new DownloadError(
    `${url} cannot be downloaded: ${why}`,
    `Try again: the download resumes where it stopped. Behind a proxy, set HTTPS_PROXY. Or: ${manualSteps}`,
    { cause },
  );
}

/** fetch reports only "fetch failed"; the reason is in the cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.cause instanceof Error) return reasonOf(error.cause);
  // Node tries IPv6 and IPv4, and reports both failures as one error without a message.
  if (error instanceof AggregateError && error.message === "") return error.errors.map(reasonOf).join("; ");
  return error.message;
}

function wrongFile({ url, file, manualSteps }: DownloadOrder, what: string): ModelError {
  return new ModelError(
    `${url} did not send ${file.path}: ${what}`,
    `A proxy or a login page may be answering instead of the server. ${manualSteps}`,
  );
}

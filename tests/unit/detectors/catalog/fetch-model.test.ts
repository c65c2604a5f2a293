import { readdir, readFile, writeFile } from "node:fs/promises";
import type { RequestListener } from "node:http";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { DownloadError, fetchModel, obtainModel } from "../../../../detectors/catalog/fetch-model.ts";
import { ModelError } from "../../../../detectors/errors.ts";
import { startFileServer } from "../../../support/file-server.ts";
import { seededBytes } from "../../../support/seeded.ts";
import { temporaryFolder } from "../../../support/temporary-folder.ts";
import { knownModel } from "./known-model.ts";

const weights = seededBytes(1, 300_000);

/** What fetching from a server that answers like this ends with, and what it leaves in the folder. */
async function fetchFrom(
  answer: RequestListener,
  stallMs = 30_000,
): Promise<{ error: unknown; left: string[] }> {
  await using server = await startFileServer(answer);
  await using folder = await temporaryFolder();
  const fetching = fetchModel(knownModel(weights, server.url), join(folder.path, "tiny.pt"), { stallMs });
  const error = await fetching.then(() => undefined).catch((error: unknown) => error);
  return { error, left: await readdir(folder.path) };
}

describe("fetching a known model", () => {
  it("writes the file with the pinned hash, and tells how far it is", async () => {
    await using server = await startFileServer((_request, response) => response.end(weights));
    await using folder = await temporaryFolder();
    const seen: number[] = [];
    const path = await obtainModel(
      knownModel(weights, server.url),
      { env: { SABREWING_HOME: join(folder.path, "new", "home") }, sharedFolder: folder.path },
      { onProgress: ({ receivedBytes, totalBytes }) => seen.push(receivedBytes / totalBytes) },
    );
    expect(path).toBe(join(folder.path, "new", "home", "tiny.pt"));
    expect(new Uint8Array(await readFile(path))).toEqual(weights);
    expect(seen.at(-1)).toBe(1);
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
  });

  it("fetches nothing when the file is there", async () => {
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, "tiny.pt"), weights);
    const model = knownModel(weights, "http://127.0.0.1:1/nobody-listens-here");
    const path = await obtainModel(model, { env: { SABREWING_HOME: folder.path } });
    expect(path).toBe(join(folder.path, "tiny.pt"));
  });

  it("replaces a wrong file of that name", async () => {
    await using server = await startFileServer((_request, response) => response.end(weights));
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, "tiny.pt"), "half a download of another program");
    const path = await obtainModel(knownModel(weights, server.url), {
      env: { SABREWING_HOME: folder.path },
      sharedFolder: folder.path,
    });
    expect(new Uint8Array(await readFile(path))).toEqual(weights);
  });

  it.each<[string, RegExp, RequestListener]>([
    [
      "another file of the same length",
      /expected SHA-256/,
      (_request, response) => response.end(seededBytes(2, 300_000)),
    ],
    [
      "more than the file",
      /more than the 300000 bytes/,
      (_request, response) => response.end(seededBytes(1, 300_001)),
    ],
    ["404", /404 Not Found/, (_request, response) => response.writeHead(404).end("gone")],
  ])("refuses %s, and leaves nothing behind", async (_what, message, answer) => {
    const { error, left } = await fetchFrom(answer);
    expect(error).toBeInstanceOf(ModelError);
    expect(String(error)).toMatch(message);
    expect(left).toEqual([]);
  });

  it.each<[string, RegExp, RequestListener]>([
    ["is overloaded", /503/, (_request, response) => response.writeHead(503).end()],
    [
      "ends too early",
      /expected 300000 bytes, received 1000/,
      (_request, response) => response.end(weights.subarray(0, 1000)),
    ],
    [
      "breaks off",
      /cannot be downloaded/,
      (_request, response) => {
        response.writeHead(200, { "content-length": weights.length });
        response.write(weights.subarray(0, 1000), () => response.destroy());
      },
    ],
  ])("may be tried again when the server %s, and leaves nothing behind", async (_what, message, answer) => {
    const { error, left } = await fetchFrom(answer);
    expect(error).toBeInstanceOf(DownloadError);
    expect(String(error)).toMatch(message);
    expect(left).toEqual([]);
  });

  it("gives up when nothing arrives any more", async () => {
    const { error, left } = await fetchFrom(
      (_request, response) => response.write(weights.subarray(0, 1000)),
      50,
    );
    expect(error).toBeInstanceOf(DownloadError);
    expect(String(error)).toContain("nothing arrived for 0.05 s");
    expect(left).toEqual([]);
  });

  it("tells how to put the file there by hand when nobody answers", async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "tiny.pt");
    const url = "http://127.0.0.1:1/tiny.pt";
    const error = await fetchModel(knownModel(weights, url), path).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(DownloadError);
    expect(error instanceof DownloadError && error.remedy).toContain(
      `Download ${url} on another machine and put it at ${path}.`,
    );
  });

  it("stops when it is told to, and leaves nothing behind", async () => {
    await using server = await startFileServer((_request, response) =>
      response.write(weights.subarray(0, 1000)),
    );
    await using folder = await temporaryFolder();
    const stop = new AbortController();
    const fetching = fetchModel(knownModel(weights, server.url), join(folder.path, "tiny.pt"), {
      signal: stop.signal,
      onProgress: () => stop.abort(new Error("enough")),
    });
    await expect(fetching).rejects.toThrow("enough");
    expect(await readdir(folder.path)).toEqual([]);
  });

  it("says so when the folder cannot be written", async () => {
    await using server = await startFileServer((_request, response) => response.end(weights));
    await using folder = await temporaryFolder();
    const file = join(folder.path, "a-file");
    await writeFile(file, "");
    const error = await fetchModel(knownModel(weights, server.url), join(file, "tiny.pt")).catch(
      (error: unknown) => error,
    );
    expect(error).toBeInstanceOf(ModelError);
    expect(String(error)).toContain("cannot be written");
  });
});

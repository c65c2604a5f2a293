import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import type { RequestListener } from "node:http";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { DownloadError } from "../../../../detectors/catalog/fetching.ts";
import { obtainModel } from "../../../../detectors/catalog/obtain-model.ts";
import { ModelError } from "../../../../detectors/errors.ts";
import { seededBytes } from "../../../support/base/seeded.ts";
import { temporaryFolder } from "../../../support/base/temporary-folder.ts";
import { startFileServer } from "../../../support/network/file-server.ts";
import { knownModel } from "./known-model.ts";

const LENGTH = 300_000;
const weights = seededBytes(1, LENGTH);
/** Bytes that an interrupted download has stored. */
const BEGUN = 100_000;

/** Ignores the folders and settings of this machine. */
function placesIn(home: string) {
  return { env: { SABREWING_HOME: home }, sharedFolder: join(home, "no-such-folder") };
}

interface Attempt {
  readonly error: unknown;
  /** The files in $SABREWING_HOME afterwards, by name. */
  readonly left: Readonly<Record<string, Buffer>>;
}

/** Fetches the model from a server that answers like this. `partial` is the data of an earlier attempt. */
async function obtainFrom(
  answer: RequestListener,
  { stallMs = 30_000, partial }: { stallMs?: number; partial?: Uint8Array } = {},
): Promise<Attempt> {
  await using server = await startFileServer(answer);
  await using folder = await temporaryFolder();
  if (partial) await writeFile(join(folder.path, "tiny.pt.partial"), partial);
  const obtaining = obtainModel(knownModel(weights, server.url), placesIn(folder.path), { stallMs });
  const error = await obtaining.then(() => undefined).catch((error: unknown) => error);
  const names = await readdir(folder.path);
  const files = names.map(async (name) => [name, await readFile(join(folder.path, name))] as const);
  return { error, left: Object.fromEntries(await Promise.all(files)) };
}

/** A server with these bytes that supports ranges and records which ones are requested. */
function rangeServer(held: Uint8Array, asked: (string | undefined)[] = []): RequestListener {
  return (request, response) => {
    asked.push(request.headers.range);
    const first = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
    if (request.headers.range === undefined) response.writeHead(200, { "content-length": held.length });
    else if (first >= held.length) return response.writeHead(416).end();
    else response.writeHead(206, { "content-range": `bytes ${first}-${held.length - 1}/${held.length}` });
    return response.end(held.subarray(first));
  };
}

describe("fetching a known model from its publisher", () => {
  test("writes the file with the pinned hash and reports its progress", async () => {
    await using server = await startFileServer((_request, response) => response.end(weights));
    await using folder = await temporaryFolder();
    const home = join(folder.path, "new", "home");
    const seen: number[] = [];
    const path = await obtainModel(knownModel(weights, server.url), placesIn(home), {
      onProgress: ({ receivedBytes, totalBytes }) => seen.push(receivedBytes / totalBytes),
    });
    expect(path).toBe(join(home, "tiny.pt"));
    expect(new Uint8Array(await readFile(path))).toEqual(weights);
    expect(await readdir(home)).toEqual(["tiny.pt"]);
    expect(seen.at(-1)).toBe(1);
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
  });

  test("fetches nothing when the file exists", async () => {
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, "tiny.pt"), weights);
    const model = knownModel(weights, "http://127.0.0.1:1/no-server");
    expect(await obtainModel(model, placesIn(folder.path))).toBe(join(folder.path, "tiny.pt"));
  });

  test("replaces a wrong file of the same name", async () => {
    await using server = await startFileServer((_request, response) => response.end(weights));
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, "tiny.pt"), "half a download of another program");
    const path = await obtainModel(knownModel(weights, server.url), placesIn(folder.path));
    expect(new Uint8Array(await readFile(path))).toEqual(weights);
  });

  test.each<[string, RegExp, RequestListener]>([
    ["another file of the same length", /expected SHA-256/, rangeServer(seededBytes(2, LENGTH))],
    [
      "a file of another length",
      /expected 300000 bytes, the server offers 300001/,
      rangeServer(seededBytes(1, LENGTH + 1)),
    ],
    [
      "more data than the file, without a length",
      /more than the 300000 bytes/,
      (_request, response) => {
        response.write(weights);
        response.end("x");
      },
    ],
    ["404", /404 Not Found/, (_request, response) => response.writeHead(404).end("gone")],
  ])("refuses %s and leaves no files", async (_what, message, answer) => {
    const { error, left } = await obtainFrom(answer);
    expect(error).toBeInstanceOf(ModelError);
    expect(String(error)).toMatch(message);
    expect(left).toEqual({});
  });

  test("gives manual steps when the server cannot be reached", async () => {
    await using folder = await temporaryFolder();
    const url = "http://127.0.0.1:1/tiny.pt";
    const error = await obtainModel(knownModel(weights, url), placesIn(folder.path)).catch(
      (error: unknown) => error,
    );
    expect(error).toBeInstanceOf(DownloadError);
    expect(error instanceof DownloadError && error.remedy).toContain(
      `Download ${url} on another machine and put it at ${join(folder.path, "tiny.pt")}.`,
    );
  });

  test("reports a folder that cannot be written", async () => {
    await using server = await startFileServer((_request, response) => response.end(weights));
    await using folder = await temporaryFolder();
    const file = join(folder.path, "a-file");
    await writeFile(file, "");
    const error = await obtainModel(knownModel(weights, server.url), placesIn(file)).catch(
      (error: unknown) => error,
    );
    expect(error).toBeInstanceOf(ModelError);
    expect(String(error)).toContain("cannot be written");
  });

  test("reports a folder in the place of the partial file", async () => {
    await using server = await startFileServer((_request, response) => response.end(weights));
    await using folder = await temporaryFolder();
    await mkdir(join(folder.path, "tiny.pt.partial", "full"), { recursive: true });
    const error = await obtainModel(knownModel(weights, server.url), placesIn(folder.path)).catch(
      (error: unknown) => error,
    );
    expect(error).toBeInstanceOf(ModelError);
    expect(String(error)).toContain("cannot be written");
  });
});

describe("an interrupted download", () => {
  test.each<[string, RegExp, RequestListener]>([
    [
      "ends too early",
      /expected 300000 bytes, received 100000/,
      (_request, response) => {
        response.write(weights.subarray(0, BEGUN));
        response.end();
      },
    ],
    [
      "closes the connection",
      /cannot be downloaded/,
      (_request, response) => {
        response.writeHead(200, { "content-length": LENGTH });
        response.write(weights.subarray(0, BEGUN), () => setTimeout(() => response.destroy(), 50));
      },
    ],
    [
      "stops sending",
      /nothing arrived for 0.3 s/,
      (_request, response) => response.write(weights.subarray(0, BEGUN)),
    ],
  ])("throws a DownloadError and keeps the data when the server %s", async (_what, message, answer) => {
    const { error, left } = await obtainFrom(answer, { stallMs: 300 });
    expect(error).toBeInstanceOf(DownloadError);
    expect(String(error)).toMatch(message);
    expect(Object.keys(left)).toEqual(["tiny.pt.partial"]);
    expect(new Uint8Array(left["tiny.pt.partial"] ?? [])).toEqual(weights.subarray(0, BEGUN));
  });

  test("throws a DownloadError and keeps the data when the server is overloaded", async () => {
    const { error, left } = await obtainFrom((_request, response) => response.writeHead(503).end(), {
      partial: weights.subarray(0, BEGUN),
    });
    expect(error).toBeInstanceOf(DownloadError);
    expect(String(error)).toContain("503");
    expect(left["tiny.pt.partial"]).toHaveLength(BEGUN);
  });

  test("resumes where it stopped and requests only the rest", async () => {
    const asked: (string | undefined)[] = [];
    const { error, left } = await obtainFrom(rangeServer(weights, asked), {
      partial: weights.subarray(0, BEGUN),
    });
    expect(error).toBeUndefined();
    expect(asked).toEqual([`bytes=${BEGUN}-`]);
    expect(Object.keys(left)).toEqual(["tiny.pt"]);
    expect(new Uint8Array(left["tiny.pt"] ?? [])).toEqual(weights);
  });

  test("requests nothing when all data has arrived already", async () => {
    const asked: (string | undefined)[] = [];
    const { error, left } = await obtainFrom(rangeServer(weights, asked), { partial: weights });
    expect(error).toBeUndefined();
    expect(asked).toEqual([]);
    expect(Object.keys(left)).toEqual(["tiny.pt"]);
  });

  test("starts again when the server does not support ranges", async () => {
    const { error, left } = await obtainFrom((_request, response) => response.end(weights), {
      partial: weights.subarray(0, BEGUN),
    });
    expect(error).toBeUndefined();
    expect(new Uint8Array(left["tiny.pt"] ?? [])).toEqual(weights);
  });

  test.each([
    ["another file", seededBytes(3, BEGUN)],
    ["longer than the file", seededBytes(3, LENGTH + 5)],
  ])("starts again when the partial file is %s", async (_what, partial) => {
    const asked: (string | undefined)[] = [];
    const { error, left } = await obtainFrom(rangeServer(weights, asked), { partial });
    expect(error).toBeUndefined();
    expect(asked.at(-1)).toBeUndefined();
    expect(Object.keys(left)).toEqual(["tiny.pt"]);
    expect(new Uint8Array(left["tiny.pt"] ?? [])).toEqual(weights);
  });

  test("keeps its data when a login page answers instead of the server", async () => {
    const { error, left } = await obtainFrom(
      (_request, response) => response.end("<html>please log in</html>"),
      { partial: weights.subarray(0, BEGUN) },
    );
    expect(error).toBeInstanceOf(ModelError);
    expect(left["tiny.pt.partial"]).toHaveLength(BEGUN);
  });

  test("refuses the rest of a file of another length", async () => {
    const { error, left } = await obtainFrom(rangeServer(seededBytes(1, LENGTH + 1)), {
      partial: weights.subarray(0, BEGUN),
    });
    expect(error).toBeInstanceOf(ModelError);
    expect(String(error)).toContain(
      `expected bytes ${BEGUN}-/${LENGTH}, received bytes ${BEGUN}-${LENGTH}/${LENGTH + 1}`,
    );
    expect(left["tiny.pt.partial"]).toHaveLength(BEGUN);
  });

  test("stops when it is aborted and keeps the data", async () => {
    await using server = await startFileServer((_request, response) =>
      response.write(weights.subarray(0, BEGUN)),
    );
    await using folder = await temporaryFolder();
    const stop = new AbortController();
    const fetching = obtainModel(knownModel(weights, server.url), placesIn(folder.path), {
      signal: stop.signal,
      onProgress: () => stop.abort(new Error("enough")),
    });
    await expect(fetching).rejects.toThrow();
    expect(await readdir(folder.path)).toEqual(["tiny.pt.partial"]);
  });

  test("can be finished by two processes at the same time", async () => {
    await using server = await startFileServer(rangeServer(weights));
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, "tiny.pt.partial"), weights.subarray(0, BEGUN));
    const model = knownModel(weights, server.url);
    const places = placesIn(folder.path);
    const paths = await Promise.all([obtainModel(model, places), obtainModel(model, places)]);
    expect(new Set(paths).size).toBe(1);
    expect(new Uint8Array(await readFile(paths[0]))).toEqual(weights);
    expect(await readdir(folder.path)).toEqual(["tiny.pt"]);
  });
});

import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import type { RequestListener } from "node:http";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { DownloadError } from "../../../../detectors/catalog/download-error.ts";
import { obtainModel } from "../../../../detectors/catalog/obtain-model.ts";
import { ModelError } from "../../../../detectors/errors.ts";
import { seededBytes } from "../../../support/base/seeded.ts";
import { temporaryFolder } from "../../../support/base/temporary-folder.ts";
import { startFileServer } from "../../../support/network/file-server.ts";
import { knownModel } from "./known-model.ts";

const LENGTH = 300_000;
const weights = seededBytes(1, LENGTH);
/** What an interrupted download has left. */
const BEGUN = 100_000;

/** Nothing of this machine is found or obeyed. */
function placesIn(home: string) {
  return { env: { SABREWING_HOME: home }, sharedFolder: join(home, "nothing-is-shared") };
}

interface Attempt {
  readonly error: unknown;
  /** Names of the files in $SABREWING_HOME afterwards, and what they hold. */
  readonly left: Readonly<Record<string, Buffer>>;
}

/** What getting the model from a server that answers like this ends with, when `partial` is there from before. */
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

/** A server that holds these bytes, knows ranges, and writes down which it was asked for. */
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

describe("getting a known model from its publisher", () => {
  it("writes the file with the pinned hash, and tells how far it is", async () => {
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

  it("fetches nothing when the file is there", async () => {
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, "tiny.pt"), weights);
    const model = knownModel(weights, "http://127.0.0.1:1/nobody-listens-here");
    expect(await obtainModel(model, placesIn(folder.path))).toBe(join(folder.path, "tiny.pt"));
  });

  it("replaces a wrong file of that name", async () => {
    await using server = await startFileServer((_request, response) => response.end(weights));
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, "tiny.pt"), "half a download of another program");
    const path = await obtainModel(knownModel(weights, server.url), placesIn(folder.path));
    expect(new Uint8Array(await readFile(path))).toEqual(weights);
  });

  it.each<[string, RegExp, RequestListener]>([
    ["another file of the same length", /expected SHA-256/, rangeServer(seededBytes(2, LENGTH))],
    [
      "a file of another length",
      /expected 300000 bytes, the server has 300001/,
      rangeServer(seededBytes(1, LENGTH + 1)),
    ],
    [
      "more than the file, without saying how much",
      /more than the 300000 bytes/,
      (_request, response) => {
        response.write(weights);
        response.end("x");
      },
    ],
    ["404", /404 Not Found/, (_request, response) => response.writeHead(404).end("gone")],
  ])("refuses %s, and leaves nothing behind", async (_what, message, answer) => {
    const { error, left } = await obtainFrom(answer);
    expect(error).toBeInstanceOf(ModelError);
    expect(String(error)).toMatch(message);
    expect(left).toEqual({});
  });

  it("tells how to put the file there by hand when nobody answers", async () => {
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

  it("says so when the folder cannot be written", async () => {
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

  it("says so when there is a folder where the file should be begun", async () => {
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

describe("a download that broke off", () => {
  it.each<[string, RegExp, RequestListener]>([
    [
      "ends too early",
      /expected 300000 bytes, received 100000/,
      (_request, response) => {
        response.write(weights.subarray(0, BEGUN));
        response.end();
      },
    ],
    [
      "hangs up",
      /cannot be downloaded/,
      (_request, response) => {
        response.writeHead(200, { "content-length": LENGTH });
        response.write(weights.subarray(0, BEGUN), () => setTimeout(() => response.destroy(), 50));
      },
    ],
    [
      "falls silent",
      /nothing arrived for 0.3 s/,
      (_request, response) => response.write(weights.subarray(0, BEGUN)),
    ],
  ])("may be tried again when the server %s, and what came is kept", async (_what, message, answer) => {
    const { error, left } = await obtainFrom(answer, { stallMs: 300 });
    expect(error).toBeInstanceOf(DownloadError);
    expect(String(error)).toMatch(message);
    expect(Object.keys(left)).toEqual(["tiny.pt.partial"]);
    expect(new Uint8Array(left["tiny.pt.partial"] ?? [])).toEqual(weights.subarray(0, BEGUN));
  });

  it("may be tried again when the server is overloaded", async () => {
    const { error, left } = await obtainFrom((_request, response) => response.writeHead(503).end(), {
      partial: weights.subarray(0, BEGUN),
    });
    expect(error).toBeInstanceOf(DownloadError);
    expect(String(error)).toContain("503");
    expect(left["tiny.pt.partial"]).toHaveLength(BEGUN);
  });

  it("goes on where it stopped: only the rest is asked for", async () => {
    const asked: (string | undefined)[] = [];
    const { error, left } = await obtainFrom(rangeServer(weights, asked), {
      partial: weights.subarray(0, BEGUN),
    });
    expect(error).toBeUndefined();
    expect(asked).toEqual([`bytes=${BEGUN}-`]);
    expect(Object.keys(left)).toEqual(["tiny.pt"]);
    expect(new Uint8Array(left["tiny.pt"] ?? [])).toEqual(weights);
  });

  it("is asked nothing more when only its last step was missing", async () => {
    const asked: (string | undefined)[] = [];
    const { error, left } = await obtainFrom(rangeServer(weights, asked), { partial: weights });
    expect(error).toBeUndefined();
    expect(asked).toEqual([]);
    expect(Object.keys(left)).toEqual(["tiny.pt"]);
  });

  it("is taken from the beginning by a server that knows no ranges", async () => {
    const { error, left } = await obtainFrom((_request, response) => response.end(weights), {
      partial: weights.subarray(0, BEGUN),
    });
    expect(error).toBeUndefined();
    expect(new Uint8Array(left["tiny.pt"] ?? [])).toEqual(weights);
  });

  it.each([
    ["of something else", seededBytes(3, BEGUN)],
    ["longer than the file", seededBytes(3, LENGTH + 5)],
  ])("starts again when what was kept is %s", async (_what, partial) => {
    const asked: (string | undefined)[] = [];
    const { error, left } = await obtainFrom(rangeServer(weights, asked), { partial });
    expect(error).toBeUndefined();
    expect(asked.at(-1)).toBeUndefined();
    expect(Object.keys(left)).toEqual(["tiny.pt"]);
    expect(new Uint8Array(left["tiny.pt"] ?? [])).toEqual(weights);
  });

  it("keeps what it has when a login page answers in the server's place", async () => {
    const { error, left } = await obtainFrom(
      (_request, response) => response.end("<html>please log in</html>"),
      { partial: weights.subarray(0, BEGUN) },
    );
    expect(error).toBeInstanceOf(ModelError);
    expect(left["tiny.pt.partial"]).toHaveLength(BEGUN);
  });

  it("refuses a rest that belongs to a file of another length", async () => {
    const { error, left } = await obtainFrom(rangeServer(seededBytes(1, LENGTH + 1)), {
      partial: weights.subarray(0, BEGUN),
    });
    expect(error).toBeInstanceOf(ModelError);
    expect(String(error)).toContain(`where ${BEGUN}-/${LENGTH} were asked for`);
    expect(left["tiny.pt.partial"]).toHaveLength(BEGUN);
  });

  it("stops when it is told to, and what came is kept", async () => {
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

  it("is finished by two processes at once without harm", async () => {
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

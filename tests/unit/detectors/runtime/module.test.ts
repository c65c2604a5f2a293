import { createHash } from "node:crypto";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ModelError, readModel } from "../../../../detectors/detector.ts";
import { loadModule } from "../../../../detectors/runtime/module.ts";
import {
  type FakeOptions,
  fakeModule,
  withCustomSection,
  writeModuleFile,
} from "../../../support/fake-modules.ts";

const good = fakeModule();

/** Reads these bytes as a module file and returns the error that must come of it. */
async function errorOf(bytes: Uint8Array): Promise<ModelError> {
  return errorAt(writeModuleFile(bytes));
}

async function errorAt(path: string): Promise<ModelError> {
  const error: unknown = await readModel(path).catch((thrown: unknown) => thrown);
  if (!(error instanceof ModelError)) throw new Error(`expected a ModelError, got ${String(error)}`);
  expect(error.message, "every error names the file").toContain(path);
  expect(error.remedy).not.toBe("");
  return error;
}

const errorOfFake = (options: FakeOptions): Promise<ModelError> => errorOf(fakeModule(options));

test("a good module tells its labels, input, size, memory, imports and hash", async () => {
  const model = await readModel(writeModuleFile(good));
  expect(model).toMatchObject({
    abi: 1,
    name: "fake",
    labels: ["person", "car", "dog"],
    input: { width: 8, height: 4, channels: 3 },
    bytes: good.length,
    memoryBytes: 3 * 65_536,
    sha256: createHash("sha256").update(good).digest("hex"),
    imports: [
      "wasi_snapshot_preview1.fd_read",
      "wasi_snapshot_preview1.fd_write",
      "wasi_snapshot_preview1.proc_exit",
    ],
  });
});

test("a module that is larger than it may be is refused, for its file and for its memory", async () => {
  const path = writeModuleFile(good);
  const refused = (maxBytes: number) => loadModule(path, { maxBytes });
  await expect(refused(good.length - 1)).rejects.toThrow(/The file has 1 MiB; a detector may have 0/);
  await expect(refused(3 * 65_536 - 1)).rejects.toThrow(/The module asks for a memory of 1 MiB/);
  await expect(refused(3 * 65_536)).resolves.toMatchObject({ info: { name: "fake" } });
});

test("a missing file is told with where a model comes from", async () => {
  const error = await errorAt("/nowhere/yolov5n.wasm");
  expect(error.message).toMatch(/no such file/i);
  expect(error.remedy).toContain("sabrewing pull");
});

test("a directory is not a module", async () => {
  expect((await errorAt(mkdtempSync(join(tmpdir(), "sabrewing-")))).message).toMatch(/directory/);
});

test("an empty file is told as empty", async () => {
  expect((await errorOf(new Uint8Array())).message).toMatch(/empty/);
});

test("an ONNX file is not a module, and the remedy says what to do with it", async () => {
  const error = await errorOf(new Uint8Array([8, 7, 18, 7, 112, 121, 116, 111, 114, 99, 104]));
  expect(error.message).toMatch(/not a WebAssembly module.*found 0807120770797/);
  expect(error.remedy).toContain(".onnx");
});

test("a module cut off at any byte is refused", async () => {
  for (let length = 1; length < good.length; length += 13) {
    expect((await errorOf(good.slice(0, length))).message).not.toBe("");
  }
  expect((await errorOf(good.slice(0, 5))).message).toMatch(/truncated/);
  expect((await errorOf(good.slice(0, good.length - 1))).message).toMatch(
    /truncated.*section 0 at byte \d+ ends at byte/,
  );
});

test("a module with a damaged body is refused with the byte at which it stops making sense", async () => {
  const damaged = good.slice();
  const body = Buffer.from(damaged).indexOf(Buffer.from([0x20, 0x00, 0x42, 0x01, 0x7d]));
  expect(body, "the test must hit code").toBeGreaterThan(0);
  damaged[body] = 0xff;
  expect((await errorOf(damaged)).message).toMatch(/does not validate: .*\+\d+/);
});

test("a module that imports something else is refused, and everything it wants is listed", async () => {
  const error = await errorOfFake({
    imports:
      '(import "wasi_snapshot_preview1" "path_open" (func (result i32))) (import "env" "now" (func (result i32)))',
  });
  expect(error.message).toContain("wasi_snapshot_preview1.path_open (function), env.now (function)");
  expect(error.message).not.toContain("imports wasi_snapshot_preview1.fd_read");
});

test("a module without a description is a module, but not a detector", async () => {
  expect((await errorOfFake({ description: null })).message).toMatch(/not a detector/);
});

test("a module with two descriptions is refused: nobody could say which one holds", async () => {
  const twice = withCustomSection(good, "sabrewing", new TextEncoder().encode("{}"));
  expect((await errorOf(twice)).message).toMatch(/found 2/);
});

test("a description that is not JSON is refused", async () => {
  expect((await errorOfFake({ description: "{abi: 1" })).message).toMatch(/not UTF-8 JSON/);
});

test("another format version is told as such, whatever else its description holds", async () => {
  const error = await errorOfFake({ description: { abi: 2, labels: 80 } });
  expect(error.message).toMatch(/format version 2; this version of sabrewing speaks 1/);
});

test("wrong and unknown keys of a description are all told", async () => {
  const error = await errorOfFake({ description: { labels: [], precision: "f16", colour: "blue" } });
  expect(error.message).toMatch(/labels:/);
  expect(error.message).toMatch(/precision:/);
  expect(error.message).toMatch(/colour/);
});

test.each(["frame", "infer", "_start"] as const)(
  "a module without the export %s is refused",
  async (name) => {
    expect((await errorOfFake({ without: name })).message).toContain(`does not export ${name} (`);
  },
);

test.each(["3", "3 4"])("a memory with the limits %s can grow and is refused", async (memoryLimits) => {
  expect((await errorOfFake({ memoryLimits })).message).toMatch(/memory can grow/);
});

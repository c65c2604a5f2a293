import { createHash } from "node:crypto";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ModelError, readModel, readModule } from "../../../../detectors/detector.ts";
import type { TensorSpec } from "../../../../detectors/module-format.ts";
import { loadModule } from "../../../../detectors/runtime/module.ts";
import {
  type FakeOptions,
  fakeModule,
  withCustomSection,
  writeModuleFile,
} from "../../../support/detectors/fake-modules.ts";
import { describeTensors, MIXED, mixedModule } from "../../../support/detectors/tensor-module.ts";

const good = fakeModule();

/** Reads these bytes as a module file and returns the expected error. */
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

test("reads labels, input, size, memory, imports and hash of a valid module", async () => {
  const model = await readModel(writeModuleFile(good));
  expect(model).toMatchObject({
    name: "fake",
    labels: ["person", "car", "dog"],
    input: { width: 8, height: 4 },
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

test("refuses a module whose file or memory exceeds the limit", async () => {
  const path = writeModuleFile(good);
  const refused = (maxBytes: number) => loadModule(path, { maxBytes });
  await expect(refused(good.length - 1)).rejects.toThrow(/The file has 1 MiB; the limit is 0/);
  await expect(refused(3 * 65_536 - 1)).rejects.toThrow(/The module needs a memory of 1 MiB/);
  await expect(refused(3 * 65_536)).resolves.toMatchObject({ info: { name: "fake" } });
});

test("refuses a module whose inputs and outputs exceed its memory", async () => {
  const large: TensorSpec = { name: "x", shape: [2 ** 30], dtype: "f32" };
  const error = await errorOfFake({ description: JSON.stringify(describeTensors([], [large])) });
  expect(error.message).toMatch(/inputs and outputs have 4294967328 bytes; its memory has 196608/);
});

test("refuses a module of another task as a detector, but reads its description", async () => {
  const path = writeModuleFile(mixedModule());
  const error = await errorAt(path);
  expect(error.message).toContain('Expected a detector, received a module of the task "tensor"');
  expect(error.remedy).toContain("sabrewing infer");
  expect(await readModule(path)).toMatchObject(MIXED);
});

test("refuses a module with state that cannot forget it", async () => {
  const description = JSON.stringify({
    ...describeTensors([], [{ name: "x", shape: [], dtype: "u8" }]),
    state: true,
  });
  expect((await errorOfFake({ description })).message).toContain("does not export reset (function)");
});

test("reports a missing file and the command that downloads a model", async () => {
  const error = await errorAt("/nowhere/yolov5n.wasm");
  expect(error.message).toMatch(/does not exist/);
  expect(error.remedy).toContain("sabrewing pull");
});

test("refuses a directory", async () => {
  expect((await errorAt(mkdtempSync(join(tmpdir(), "sabrewing-")))).message).toMatch(/directory/);
});

test("reports an empty file", async () => {
  expect((await errorOf(new Uint8Array())).message).toMatch(/empty/);
});

test("refuses an ONNX file with a remedy for it", async () => {
  const error = await errorOf(new Uint8Array([8, 7, 18, 7, 112, 121, 116, 111, 114, 99, 104]));
  expect(error.message).toMatch(/not a WebAssembly module.*found 0807120770797/);
  expect(error.remedy).toContain(".onnx");
});

test("refuses a module that is truncated at any byte", async () => {
  for (let length = 1; length < good.length; length += 13) {
    expect((await errorOf(good.slice(0, length))).message).not.toBe("");
  }
  expect((await errorOf(good.slice(0, 5))).message).toMatch(/truncated/);
  expect((await errorOf(good.slice(0, good.length - 1))).message).toMatch(
    /truncated.*section 0 at byte \d+ ends at byte/,
  );
});

test("refuses a module with a damaged function body and reports the byte offset", async () => {
  const damaged = good.slice();
  const body = Buffer.from(damaged).indexOf(Buffer.from([0x20, 0x00, 0x42, 0x01, 0x7d]));
  expect(body, "the damaged byte is code").toBeGreaterThan(0);
  damaged[body] = 0xff;
  expect((await errorOf(damaged)).message).toMatch(/does not validate: .*\+\d+/);
});

test("refuses a module with other imports and lists them", async () => {
  const error = await errorOfFake({
    imports:
      '(import "wasi_snapshot_preview1" "path_open" (func (result i32))) (import "env" "now" (func (result i32)))',
  });
  expect(error.message).toContain("wasi_snapshot_preview1.path_open (function), env.now (function)");
  expect(error.message).not.toContain("imports wasi_snapshot_preview1.fd_read");
});

test("reads the filters of a module, if it has any", async () => {
  expect((await readModel(writeModuleFile(good))).filters).toBeUndefined();
  const filters = { person: { min_score: 0.4, threshold: 0.5 }, car: { min_score: 0, threshold: 1 } };
  const described = fakeModule({ description: { filters } });
  expect((await readModel(writeModuleFile(described))).filters).toEqual(filters);
});

test.each([
  [[], /filters: expected an object/],
  [
    { person: { min_score: 0.4 } },
    /filters\.person\.threshold: expected a number from 0 to 1, received nothing/,
  ],
  [
    { person: { min_score: -1, threshold: 2 } },
    /filters\.person\.min_score: .*; filters\.person\.threshold: /,
  ],
  [{ person: { min_score: 0, threshold: 1, mask: 1 } }, /filters\.person\.mask: unknown key/],
])("refuses a module with the filters %j", async (filters, message) => {
  expect((await errorOfFake({ description: { filters } })).message).toMatch(message);
});

test("refuses a module without a description: it is not one of sabrewing", async () => {
  expect((await errorOfFake({ description: null })).message).toMatch(/not one of sabrewing/);
});

test("refuses a module with two descriptions", async () => {
  const twice = withCustomSection(good, "sabrewing", new TextEncoder().encode("{}"));
  expect((await errorOf(twice)).message).toMatch(/found 2/);
});

test("refuses a description that is not JSON", async () => {
  expect((await errorOfFake({ description: "{abi: 2" })).message).toMatch(/not UTF-8 JSON/);
});

test("reports another format version first, even if the description has other errors", async () => {
  const error = await errorOfFake({ description: { abi: 1, labels: 80 } });
  expect(error.message).toMatch(/format version 1; this version of sabrewing supports 2/);
  expect(error.remedy).toMatch(/^Compile it again/);
});

test("reports all wrong and unknown keys of a description", async () => {
  const error = await errorOfFake({ description: { labels: [], precision: "f16", colour: "blue" } });
  expect(error.message).toMatch(/labels:/);
  expect(error.message).toMatch(/precision:/);
  expect(error.message).toMatch(/colour/);
});

test.each(["input_0", "output_0", "parameter_1", "infer", "_start"] as const)(
  "refuses a module without the export %s",
  async (name) => {
    expect((await errorOfFake({ without: name })).message).toContain(`does not export ${name} (`);
  },
);

test.each(["3", "3 4"])("refuses a memory with the limits %s, which can grow", async (memoryLimits) => {
  expect((await errorOfFake({ memoryLimits })).message).toMatch(/memory can grow/);
});

const described = (description: Record<string, unknown>) => errorOfFake({ description });

describe("a description", () => {
  test("may have strings up to the limits, counted in characters", async () => {
    const description = {
      name: "🚪".repeat(200),
      labels: Array.from({ length: 10_000 }, (_, id) => ({ id, name: `${id}`.padEnd(70, "x") })),
      source: [{ format: "onnx", sha256: "0".repeat(64), licence: "L".repeat(200) }],
    };
    const model = await readModule(writeModuleFile(fakeModule({ description })));
    expect(model).toMatchObject({ name: description.name, source: description.source });
    expect(model.labels).toHaveLength(10_000);
    const longest = fakeModule({ description: { labels: [{ id: 0, name: "é".repeat(100) }] } });
    expect((await readModel(writeModuleFile(longest))).labels).toEqual(["é".repeat(100)]);
  });

  const source = { format: "onnx", sha256: "0".repeat(64), licence: "MIT" };
  const person = { id: 0, name: "person" };
  test.each<[string, Record<string, unknown>, string]>([
    ["a name of 201 characters", { name: "A".repeat(201) }, "name: expected a string of 1 to 200 characters"],
    ["an empty name", { name: "" }, "name:"],
    ["a name of white space", { name: "  " }, "name:"],
    [
      "a licence of 201 characters",
      { source: [{ ...source, licence: "L".repeat(201) }] },
      "source[0].licence:",
    ],
    ["another format", { source: [{ ...source, format: "x".repeat(100_000) }] }, "source[0].format:"],
    ["an invalid hash", { source: [{ ...source, sha256: "f".repeat(100_000) }] }, "source[0].sha256:"],
    ["a version of 201 characters", { compiler: { version: "1".repeat(201) } }, "compiler.version:"],
    [
      "a label of 101 characters",
      { labels: [person, { id: 1, name: "x".repeat(101) }] },
      "labels[1].name: expected a string of 1 to",
    ],
    ["10,001 labels", { labels: Array(10_001).fill(0) }, "labels: expected a list of 1 to 10000 labels"],
    ["a feature of 51 characters", { features: ["f".repeat(51)] }, "features[0]:"],
    ["an unknown key of 100,000 characters", { ["k".repeat(100_000)]: 1 }, "k…: unknown key"],
    ["51 features", { features: Array(51).fill("f") }, "features: expected a list of 0 to 50 strings"],
  ])("with %s is refused, and the error does not quote it in full", async (_, description, expected) => {
    const { message } = await described(description);
    expect(message).toContain(expected);
    expect(message.length).toBeLessThan(600);
  });

  test.each([
    ["an escape sequence", "e\u001b]0;pwn\u0007"],
    ["a C1 control character", "a\u009b31m"],
    ["a line break", "a\nb"],
    ["a direction override", "safe\u202egpj.exe"],
    ["a line separator", "a\u2028b"],
    ["a zero-width character", "per\u200bson"],
    ["an unpaired surrogate", "a\ud800"],
  ])("with %s is refused, and the error is plain text", async (_, text) => {
    for (const description of [
      { name: text },
      { labels: [person, { id: 1, name: text }] },
      { inputs: [{ name: text, shape: [4, 8, 3], dtype: "u8" }] },
      { parameters: [{ name: text, default: 0 }] },
      { source: [{ ...source, licence: text }] },
      { compiler: { version: text } },
      { features: [text] },
      { precision: text },
      { abi: text },
      { [text]: 1 },
    ]) {
      const { message } = await described(description);
      expect(message).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
    }
  });

  test("with any number of problems is refused in an error of limited length", async () => {
    const strangeKeys = Object.fromEntries(Array.from({ length: 20_000 }, (_, key) => [`key${key}`, 0]));
    const { message } = await described({
      ...strangeKeys,
      labels: Array(10_000).fill({ id: 0, name: "\n" }),
    });
    expect(message).toMatch(/and 29980 more/);
    expect(message.length).toBeLessThan(5_000);
  });
});

describe("a hostile description", () => {
  const nested = (depth: number) => `${"[".repeat(depth)}${"]".repeat(depth)}`;
  test.each([
    ["nested 400,000 deep", nested(400_000), /description: expected an object, received a list of 1/],
    ["nested in its version", `{"abi":${nested(400_000)}}`, /has format version a list of 1;/],
    [
      "nested in its name",
      `{"abi":2,"name":${nested(400_000)}}`,
      /name: expected a string .*received a list of 1/,
    ],
    [
      "nested in an unknown key",
      `{"abi":2,"x":${'{"a":'.repeat(150_000)}1${"}".repeat(150_000)}}`,
      /x: unknown key/,
    ],
    ["that is incomplete", "[".repeat(900_000), /not UTF-8 JSON/],
    ["with the key __proto__", '{"abi":2,"__proto__":{"x":1}}', /__proto__: unknown key/],
    ["with the key constructor", '{"abi":2,"constructor":{"prototype":{}}}', /constructor: unknown key/],
    ["of more than 1 MB", `{"abi":2}${" ".repeat(1_000_000)}`, /has 1000009 bytes; expected at most 1000000/],
  ])("%s is refused", async (_, text, expected) => {
    const { message } = await errorOfFake({ description: text });
    expect(message).toMatch(expected);
    expect(message.length).toBeLessThan(2_000);
  });

  test("of 20 MB is refused before the module is compiled", async () => {
    const { message } = await described({ name: "A".repeat(20_000_000) });
    expect(message).toMatch(/description has 200\d+ bytes; expected at most 1000000/);
    const uncompilable = withCustomSection(
      Uint8Array.from([...good.subarray(0, 8), 1, 1, 0xff]),
      "sabrewing",
      new Uint8Array(1_000_001),
    );
    expect((await errorOf(uncompilable)).message).toMatch(/description has 1000001 bytes/);
  });

  test("is refused also after another section of 2 MB", async () => {
    const padded = withCustomSection(fakeModule({ description: null }), "padding", new Uint8Array(2_000_000));
    const bytes = withCustomSection(padded, "sabrewing", new TextEncoder().encode('{"abi":2,"name":"\\n"}'));
    expect((await errorOf(bytes)).message).toMatch(/name: expected a string/);
  });
});

describe("a module that would take much memory during compilation", () => {
  const empty = Uint8Array.from([0, 2, 1, 120]);
  test("is refused for its number of sections", async () => {
    const bomb = Buffer.concat([good, ...Array(100_000).fill(empty)]);
    expect((await errorOf(bomb)).message).toMatch(/more than 200 sections/);
    const tools = Buffer.concat([good, ...Array(50).fill(empty)]);
    expect((await readModel(writeModuleFile(tools))).name).toBe("fake");
  });

  test("is refused for the size of its custom sections", async () => {
    const junk = withCustomSection(good, "junk", new Uint8Array(16 * 2 ** 20));
    expect((await errorOf(junk)).message).toMatch(
      /custom sections have \d+ bytes; expected at most 16777216/,
    );
  });

  test("is refused for thousands of imports; of hundreds only the first are listed", async () => {
    const imports = (count: number) =>
      Array.from({ length: count }, (_, index) => `(import "env" "f${index}" (func))`).join("\n");
    expect((await errorOfFake({ imports: imports(998) })).message).toMatch(
      /has 1001 imports; expected at most 1000/,
    );
    expect((await errorOfFake({ imports: imports(500) })).message).toMatch(
      /env\.f19 \(function\) and 480 more;/,
    );
    const long = `(import "env" "${"x".repeat(50_000)}" (func))`;
    expect((await errorOfFake({ imports: long })).message.length).toBeLessThan(1_000);
  });
});

test.each([0, 1, Number.MAX_SAFE_INTEGER])("reads release %d of a module", async (release) => {
  const path = writeModuleFile(fakeModule({ description: { release } }));
  expect((await readModel(path)).release).toBe(release);
  expect("release" in (await readModel(writeModuleFile(good)))).toBe(false);
});

test.each([-1, 1.5, 2 ** 53, "1", null, [1]])("refuses %j as a release", async (release) => {
  expect((await described({ release })).message).toMatch(/release: expected an integer, 0 or more/);
});

import { beforeAll, describe, expect, test } from "vitest";
import { type CompiledModel, compile } from "../../../../detectors/compiler/compile.ts";
import { MAGIC } from "../../../../detectors/module-format.ts";
import { ioOf, requestBytes } from "../../../../detectors/runtime/module-io.ts";
import { parseReply, replyBytes } from "../../../../detectors/runtime/reply.ts";
import { writeRequest } from "../../../../detectors/runtime/request.ts";
import { seededBytes } from "../../../support/base/seeded.ts";
import { runModuleCommand } from "../../../support/detectors/module-command.ts";
import { openModule } from "../../../support/detectors/open-module.ts";
import { MIXED, mixedModule } from "../../../support/detectors/tensor-module.ts";
import { seededYolov5nGraph } from "../../../support/models/seeded-yolov5n.ts";
import { binaryenAccepts } from "../../../support/models/valid-wasm.ts";

const SIZE = { width: 64, height: 32 };
const FRAME_BYTES = SIZE.width * SIZE.height * 3;
const LABELS = ["person", "car", "dog"];

/** Compiles a copy: WebAssembly.compile does not accept shared bytes. */
const compiled = ({ bytes }: CompiledModel) => WebAssembly.compile(Uint8Array.from(bytes));

function request(sequence: number, pixels: Uint8Array, score = 0.05, magic = MAGIC): Buffer {
  const header = Buffer.alloc(24);
  header.writeUInt32LE(magic, 0);
  header.writeUInt32LE(sequence, 4);
  header.writeUInt32LE(8, 8);
  header.writeFloatLE(score, 16);
  header.writeFloatLE(0.45, 20);
  return Buffer.concat([header, pixels]);
}

/** A request with another word in its header. */
function changed(offset: number, word: number): Buffer {
  const bytes = request(1, new Uint8Array(FRAME_BYTES));
  bytes.writeUInt32LE(word, offset);
  return bytes;
}

describe("a compiled module", () => {
  let model: CompiledModel;
  const compileSeeded = async (): Promise<CompiledModel> => {
    const graph = await seededYolov5nGraph(SIZE, { classes: LABELS.length });
    const source = { format: "yolov5-checkpoint", sha256: "0".repeat(64), licence: "CC0-1.0" } as const;
    return compile({ task: "detect", name: "seeded", labels: LABELS, graph }, { source });
  };
  beforeAll(async () => {
    model = await compileSeeded();
  });

  test("has only ASCII in the names of its functions", async () => {
    const module = await WebAssembly.compile(Uint8Array.from(model.bytes));
    const [names = new ArrayBuffer()] = WebAssembly.Module.customSections(module, "name");
    const text = Buffer.from(names).toString("utf8");
    expect(text).toContain("F(4x4, 3x3)");
    expect(text).not.toMatch(/[\u00a1-\ufffc]/);
  });

  test("has the same bytes when it is compiled again", async () => {
    expect(Buffer.from((await compileSeeded()).bytes).equals(Buffer.from(model.bytes))).toBe(true);
  });

  test("is accepted by an independent validator", () => {
    expect(binaryenAccepts(model.bytes)).toBe(true);
  });

  test("imports only the three functions of the sandbox, and exports both entry points", async () => {
    const module = await WebAssembly.compile(Uint8Array.from(model.bytes));
    expect(WebAssembly.Module.imports(module).map(({ module, name }) => `${module}.${name}`)).toEqual([
      "wasi_snapshot_preview1.fd_read",
      "wasi_snapshot_preview1.fd_write",
      "wasi_snapshot_preview1.proc_exit",
    ]);
    expect(
      WebAssembly.Module.exports(module)
        .map(({ name, kind }) => `${kind} ${name}`)
        .sort(),
    ).toEqual([
      "function _start",
      "function infer",
      "global input_0",
      "global output_0",
      "global parameter_0",
      "global parameter_1",
      "memory memory",
    ]);
  });

  test("contains its description", async () => {
    const module = await WebAssembly.compile(Uint8Array.from(model.bytes));
    const [section] = WebAssembly.Module.customSections(module, "sabrewing");
    expect(JSON.parse(new TextDecoder().decode(section))).toEqual(model.description);
    expect(model.description).toMatchObject({
      abi: 2,
      task: "detect",
      inputs: [{ shape: [SIZE.height, SIZE.width, 3], dtype: "u8" }],
      outputs: [{ shape: [300, 6], dtype: "f32", rows: "counted" }],
      labels: LABELS.map((name, id) => ({ id, name })),
      precision: "f32",
    });
  });

  test.for([1, 7, 4096, 1 << 20])(
    "answers requests that arrive %i bytes at a time exactly like its library entry point",
    async (chunkBytes) => {
      const frames = [1, 2, 3].map((seed) => seededBytes(seed, FRAME_BYTES));
      const stdin = Buffer.concat(frames.map((frame, index) => request(index + 10, frame)));
      const { exitCode, stdout, stderr } = await runModuleCommand(await compiled(model), stdin, chunkBytes);
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
      const infer = await openModule(model);
      let at = 0;
      for (const [index, frame] of frames.entries()) {
        const { detections } = infer(frame, { score: 0.05, iou: 0.45 });
        expect(detections.length).toBeGreaterThan(0);
        const header = [0, 4, 8, 12].map((offset) => stdout.readUInt32LE(at + offset));
        expect(header).toEqual([MAGIC, index + 10, detections.length, 0]);
        at += 16;
        for (const { box, score, label } of detections) {
          expect(box).toEqual([0, 4, 8, 12].map((offset) => stdout.readFloatLE(at + offset)));
          expect(score).toBe(stdout.readFloatLE(at + 16));
          expect(label).toBe(stdout.readFloatLE(at + 20));
          at += 24;
        }
      }
      expect(at).toBe(stdout.length);
    },
  );

  test("exits with 0 when the input is empty", async () => {
    expect(await runModuleCommand(await compiled(model), Buffer.alloc(0), 64)).toMatchObject({
      exitCode: 0,
      stderr: "",
    });
  });

  test.for([
    [
      "a wrong magic number",
      request(1, new Uint8Array(FRAME_BYTES), 0.25, 0x12345678),
      "must begin with SBW2",
    ],
    ["a truncated header", Buffer.alloc(9), "in the middle of a request header"],
    ["other parameters", changed(8, 4), "must carry 8 bytes of parameters"],
    ["truncated parameters", request(1, new Uint8Array()).subarray(0, 20), "in the middle of the parameters"],
    ["an unknown flag", changed(12, 2), "flags other than 1"],
    ["too few pixels", request(1, new Uint8Array(100)), `must carry ${FRAME_BYTES} bytes of input 0`],
  ] as const)("rejects %s with exit code 1 and one line", async ([, stdin, message]) => {
    const { exitCode, stdout, stderr } = await runModuleCommand(await compiled(model), stdin, 1 << 20);
    expect(exitCode).toBe(1);
    expect(stdout).toHaveLength(0);
    expect(stderr).toContain(message);
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
  });
});

describe("a module of several inputs", () => {
  const io = ioOf(MIXED);
  const requestOf = (sequence: number, rows: number): Uint8Array => {
    const bytes = new Uint8Array(requestBytes(io));
    const inputs = [Uint8Array.of(rows, 1, 2), new Uint8Array(16), Uint8Array.of(1)];
    writeRequest(bytes, sequence, { parameters: [3], inputs });
    return bytes;
  };

  test.for([1, 5, 1 << 20])("answers requests that arrive %i bytes at a time", async (chunkBytes) => {
    const stdin = Buffer.concat([requestOf(1, 2), requestOf(2, 0)]);
    const module = await WebAssembly.compile(Uint8Array.from(mixedModule()));
    const { exitCode, stdout, stderr } = await runModuleCommand(module, stdin, chunkBytes);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    const first = replyBytes(stdout, io);
    expect(parseReply(stdout.subarray(0, first), 1, io).count).toBe(2);
    expect(parseReply(stdout.subarray(first), 2, io).count).toBe(0);
  });

  test("names the input that is incomplete", async () => {
    const module = await WebAssembly.compile(Uint8Array.from(mixedModule()));
    const stdin = requestOf(1, 2).subarray(0, -2);
    const { exitCode, stderr } = await runModuleCommand(module, stdin, 1 << 20);
    expect([exitCode, stderr]).toEqual([1, "sabrewing: a request must carry 16 bytes of input 1\n"]);
  });

  test("refuses a wrong header without waiting for the bytes behind it", async () => {
    const module = await WebAssembly.compile(Uint8Array.from(mixedModule()));
    const stdin = requestOf(1, 2);
    stdin[8] = 8;
    const read: number[] = [];
    const { exitCode } = await runModuleCommand(module, stdin, 16, (bytes) => read.push(bytes));
    expect([exitCode, read]).toEqual([1, [16]]);
  });
});

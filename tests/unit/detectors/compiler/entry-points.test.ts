import { beforeAll, describe, expect, test } from "vitest";
import { type CompiledModel, compile } from "../../../../detectors/compiler/compile.ts";
import { MAGIC } from "../../../../detectors/module-format.ts";
import { seededBytes } from "../../../support/base/seeded.ts";
import { runModuleCommand } from "../../../support/detectors/module-command.ts";
import { openModule } from "../../../support/detectors/open-module.ts";
import { seededYolov5nGraph } from "../../../support/models/seeded-yolov5n.ts";
import { binaryenAccepts } from "../../../support/models/valid-wasm.ts";

const SIZE = { width: 64, height: 32 };
const FRAME_BYTES = SIZE.width * SIZE.height * 3;
const LABELS = ["person", "car", "dog"];

/** Compiles a copy: WebAssembly.compile does not accept shared bytes. */
const compiled = ({ bytes }: CompiledModel) => WebAssembly.compile(Uint8Array.from(bytes));

function request(sequence: number, pixels: Uint8Array, score = 0.05, magic = MAGIC): Buffer {
  const header = Buffer.alloc(16);
  header.writeUInt32LE(magic, 0);
  header.writeUInt32LE(sequence, 4);
  header.writeFloatLE(score, 8);
  header.writeFloatLE(0.45, 12);
  return Buffer.concat([header, pixels]);
}

describe("a compiled module", () => {
  let model: CompiledModel;
  beforeAll(async () => {
    const graph = await seededYolov5nGraph(SIZE, { classes: LABELS.length });
    const source = { format: "yolov5-checkpoint", sha256: "0".repeat(64), licence: "CC0-1.0" } as const;
    model = compile({ name: "seeded", labels: LABELS, graph }, { source });
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
    ).toEqual(["function _start", "function infer", "global detections", "global frame", "memory memory"]);
  });

  test("contains its description", async () => {
    const module = await WebAssembly.compile(Uint8Array.from(model.bytes));
    const [section] = WebAssembly.Module.customSections(module, "sabrewing");
    expect(JSON.parse(new TextDecoder().decode(section))).toEqual(model.description);
    expect(model.description).toMatchObject({ abi: 1, labels: LABELS, input: SIZE, precision: "f32" });
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
          expect(label).toBe(stdout.readUInt32LE(at + 20));
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
      "must begin with SBW1",
    ],
    ["a truncated header", Buffer.alloc(9), "in the middle of a request header"],
    ["too few pixels", request(1, new Uint8Array(100)), `must carry ${FRAME_BYTES} bytes of pixels`],
  ] as const)("rejects %s with exit code 1 and one line", async ([, stdin, message]) => {
    const { exitCode, stdout, stderr } = await runModuleCommand(await compiled(model), stdin, 1 << 20);
    expect(exitCode).toBe(1);
    expect(stdout).toHaveLength(0);
    expect(stderr).toContain(message);
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
  });
});

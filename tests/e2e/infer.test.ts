import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ModelDescription, PictureSpec } from "../../detectors/detector.ts";
import { sabrewing } from "../support/agent/sabrewing.ts";
import { fakeModule } from "../support/detectors/fake-modules.ts";
import {
  describeTensors,
  echoModule,
  mixedModule,
  tensorModule,
} from "../support/detectors/tensor-module.ts";
import { npyFile } from "../support/models/npy-file.ts";
import { node, onnx, type Written } from "../support/models/tensor-onnx.ts";

const WIDTH = 8;
const HEIGHT = 4;
const image = { name: "image", shape: [HEIGHT, WIDTH, 3], dtype: "u8" } as const;
const f32 = (name: string, ...shape: readonly number[]) => ({ name, shape, dtype: "f32" }) as const;
const picture: PictureSpec = { fit: "stretch", pad: 0, filter: "linear" };
const labels = ["cat", "dog", "owl"].map((name, id) => ({ id, name }));
/** The first bytes of the picture; divided by 256 they are the numbers of the answers. */
const PIXELS = [65, 192, 128, 32, 224];

const MODULES: Readonly<Record<string, ModelDescription>> = {
  classify: { ...describeTensors([image], [f32("scores", 3)]), task: "classify", labels, picture },
  embed: { ...describeTensors([image], [f32("embedding", 2)]), task: "embed", picture },
  anomaly: { ...describeTensors([image], [f32("map", 2, 2), f32("score", 1)]), task: "anomaly", picture },
  audio: {
    ...describeTensors([f32("samples", 400)], [f32("scores", 3)]),
    task: "audio",
    labels,
    audio: { sampleRate: 1_000, window: 400, hop: 200, channels: 1, range: [0, 10] },
  },
};

/** A module of sound whose only score is the number of inferences since the last reset. */
function countingModule(): Uint8Array {
  const [label] = labels;
  const description: ModelDescription = {
    ...describeTensors([f32("samples", 400)], [f32("scores", 1)]),
    task: "audio",
    labels: label ? [label] : [],
    audio: { sampleRate: 1_000, window: 400, hop: 200, channels: 1, range: [-1, 1] },
    state: true,
  };
  return tensorModule(description, (code, { outputs: [scores = 0], state }) => {
    code.i32(state).i32(state).memory("i32.load").i32(1).op("i32.add").memory("i32.store");
    code.i32(scores).i32(state).memory("i32.load").op("f32.convert_i32_s").memory("f32.store").i32(0);
  });
}

let folder = "";
const path = (name: string): string => join(folder, name);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "sabrewing-infer-"));
  const pixels = new Uint8Array(WIDTH * HEIGHT * 3);
  pixels.set(PIXELS);
  await sharp(pixels, { raw: { width: WIDTH, height: HEIGHT, channels: 3 } }).toFile(path("garden.png"));
  for (const [task, description] of Object.entries(MODULES)) {
    writeFileSync(path(`${task}.wasm`), echoModule(description));
  }
  writeFileSync(path("detect.wasm"), fakeModule({ width: WIDTH, height: HEIGHT }));
  writeFileSync(path("mixed.wasm"), mixedModule());
  writeFileSync(path("counter.wasm"), countingModule());
});
afterAll(() => rmSync(folder, { recursive: true }));

async function infer(module: string, ...words: readonly string[]) {
  return sabrewing(["infer", path(`${module}.wasm`), ...words, "--runtime", "v8"]);
}

/** The lines of `--json`. */
async function answersOf(module: string, ...words: readonly string[]): Promise<Record<string, unknown>[]> {
  const { exitCode, stdout, stderr } = await infer(module, ...words, "--json");
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  return stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
}

describe("a module of pictures", () => {
  test.each([
    [
      "classify",
      {
        classes: [
          ["dog", 0.75],
          ["owl", 0.5],
          ["cat", 65 / 256],
        ].map(([label, score]) => ({ label, score })),
      },
    ],
    ["embed", { embedding: [65 / 256, 0.75] }],
    [
      "anomaly",
      {
        anomaly: {
          score: 0.875,
          map: [
            [65 / 256, 0.75],
            [0.5, 0.125],
          ],
        },
      },
    ],
  ])("of the task %s answers in the words of its task, beside its outputs", async (task, answer) => {
    const [line] = await answersOf(task, path("garden.png"));
    const { outputs, ms, ...rest } = line ?? {};
    expect(rest).toEqual({ input: path("garden.png"), width: WIDTH, height: HEIGHT, ...answer });
    expect(ms).toBeGreaterThan(0);
    expect(outputs).toMatchObject(
      MODULES[task]?.outputs.map(({ name, shape, dtype }) => ({ name, shape, dtype })) ?? [],
    );
  });

  test("of the task detect gives the detections of `sabrewing detect`, with the module's own thresholds", async () => {
    const [line] = await answersOf("detect", path("garden.png"));
    const all = await sabrewing(["detect", path("garden.png"), "-m", path("detect.wasm"), "--json"]);
    expect(line?.detections).toEqual(JSON.parse(all.stdout).detections);
    const [changed] = await answersOf("detect", path("garden.png"), "-p", "score=0.5", "-p", "iou=0.75");
    // The fake module returns its thresholds as the corner of each box.
    const data = [192, 128, 0.5, 0.75, 0.125, 2];
    expect(changed?.outputs).toEqual([{ name: "detections", shape: [1, 6], dtype: "f32", data }]);
  });

  test("draws boxes and heat maps, and refuses to draw the answers of other tasks", async () => {
    mkdirSync(path("seen"));
    for (const task of ["detect", "anomaly"]) {
      expect((await infer(task, path("garden.png"), "-o", path("seen"))).exitCode).toBe(0);
      expect(readdirSync(path("seen"))).toEqual(["garden.jpg"]);
      const { width, height } = await sharp(path("seen/garden.jpg")).metadata();
      expect({ width, height }).toEqual({ width: WIDTH, height: HEIGHT });
      rmSync(path("seen/garden.jpg"));
    }
    const { exitCode, stderr } = await infer("embed", path("garden.png"), "-o", path("seen"));
    expect([exitCode, stderr]).toEqual([64, expect.stringContaining("the task of this module is embed")]);
  });

  test("answers people in words", async () => {
    const { stdout } = await infer("classify", path("garden.png"));
    expect(stdout.split("\n").slice(1)).toEqual(["  dog  0.7500", "  owl  0.5000", "  cat  0.2539", ""]);
  });
});

describe("a module of sound", () => {
  test("answers for each window of a resampled file", async () => {
    const tone = ["-f", "lavfi", "-i", "aevalsrc=0.5:s=8000:d=0.7"];
    const made = spawnSync("ffmpeg", ["-v", "error", ...tone, "-c:a", "pcm_s16le", path("tone.wav")]);
    expect(made.status).toBe(0);
    const lines = await answersOf("audio", path("tone.wav"));
    // 700 samples at 1000 Hz: windows of 400 start every 200.
    expect(lines.map(({ time }) => time)).toEqual([0, 0.2, 0.4]);
    // An amplitude of 0.5 lies at 3/4 of the range from 0 to 10; the resampler rings at the start.
    const [, second] = lines.map(({ sounds }) => sounds as { label: string; score: number }[]);
    expect(second?.map(({ label }) => label).sort()).toEqual(["cat", "dog", "owl"]);
    expect(second?.map(({ score }) => Math.round(score * 10) / 10)).toEqual([7.5, 7.5, 7.5]);
  });

  test("with state forgets it at the start of a file, not between two windows", async () => {
    for (const name of ["one.wav", "two.wav"]) {
      const silence = ["-f", "lavfi", "-i", "aevalsrc=0:s=1000:d=0.6"];
      expect(spawnSync("ffmpeg", ["-v", "error", ...silence, path(name)]).status).toBe(0);
    }
    const lines = await answersOf("counter", path("one.wav"), path("two.wav"));
    const first = lines.map(({ outputs }) => (outputs as { data: number[] }[])[0]?.data[0]);
    expect(first).toEqual([1, 2, 1, 2]);
  });

  test("refuses a file without sound", async () => {
    const { exitCode, stderr } = await infer("audio", path("garden.png"));
    expect([exitCode, stderr]).toEqual([78, expect.stringContaining("no sound that ffmpeg can decode")]);
  });
});

describe("a module of several inputs", () => {
  const bytes = [3, 7, 9];
  const numbers = [
    [0.5, -2],
    [0, 0],
  ];
  const outputs = (calls: number) => [
    { name: "rows", shape: [3, 2], dtype: "i16", data: [7, 9, 7, 9, 7, 9] },
    { name: "product", shape: [2], dtype: "f32", data: [1, -4] },
    { name: "calls", shape: [1], dtype: "i32", data: [calls] },
    { name: "flag", shape: [], dtype: "bool", data: [true] },
  ];

  test("takes them from one .json or .bin file, or from a file each, and keeps its state", async () => {
    writeFileSync(path("all.json"), JSON.stringify({ bytes, numbers, flags: true }));
    const floats = new Uint8Array(Float32Array.from(numbers.flat()).buffer);
    writeFileSync(path("all.bin"), Buffer.concat([Uint8Array.from(bytes), floats, Uint8Array.of(1)]));
    writeFileSync(path("bytes.npy"), npyFile("|u1", [3], Uint8Array.from(bytes)));
    writeFileSync(path("numbers.txt"), "0.5, -2\n0; 0\n");
    writeFileSync(path("flags.bin"), Uint8Array.of(1));
    const each = ["bytes.npy", "numbers.txt", "flags.bin"].map(path);
    const lines = await answersOf("mixed", path("all.json"), path("all.bin"), ...each);
    expect(lines.map((line) => line.outputs)).toEqual([outputs(1), outputs(2), outputs(3)]);
  });

  test.each([
    ["x.bin", new Uint8Array(5), "expected 3 bytes for bytes: u8 [3], or 20 for all inputs, received 5"],
    ["x.json", '{"bytes": [1, 2, 3]}', "expected the inputs bytes, numbers, flags, received bytes"],
    ["x.json", "[1, 2, 256]", "expected an integer from 0 to 255, received 256 at index 2"],
    ["x.json", "[1, 2", "x.json: no JSON"],
    ["x.json", " ".repeat(2_000_000), "it has 2000000 bytes; the numbers of the input take at most"],
    ["x.txt", "1 two 3", "received two at index 1"],
    ["x.npy", npyFile("<f4", [3], Float32Array.of(1, 2, 3)), "expected the dtype u8, received f4"],
    ["x.npy", npyFile("|u1", [3], Uint8Array.of(1, 2, 3)), "the last 1 files are only a part of them"],
    [
      "x.png",
      "no picture",
      "the module takes numbers, not pictures or sounds: bytes: u8 [3]; numbers: f32 [2, 2]",
    ],
  ])("refuses %s with a reason: %#", async (name, content, message) => {
    writeFileSync(path(name), content);
    const { exitCode, stdout, stderr } = await infer("mixed", path(name));
    expect({ exitCode, stdout }).toEqual({ exitCode: 78, stdout: "" });
    expect(stderr).toContain(message);
    expect(stderr.split("\n")[1]).toMatch(/^ {2}→ /);
  });

  test("compiled with a state and a constant keeps the one and needs no other", async () => {
    const add = (a: string, b: string, y: string) => node("Add", [a, b], [y]);
    const model: Written = {
      inputs: { x: ["f32", 2], total: ["f32", 2], gain: ["f32"] },
      nodes: [
        node("Mul", ["x", "gain"], ["scaled"]),
        add("total", "scaled", "next"),
        node("Neg", ["next"], ["y"]),
      ],
      outputs: ["y", "next"],
    };
    writeFileSync(path("sum.onnx"), onnx(model));
    const options = ["--state", "next=total", "--constant", "gain=10", "-o", path("sum.wasm")];
    const { exitCode, stderr } = await sabrewing(["compile", path("sum.onnx"), ...options, "--json"]);
    expect(exitCode, stderr).toBe(0);
    writeFileSync(path("x.txt"), "1 2");
    const lines = await answersOf("sum", path("x.txt"), path("x.txt"));
    expect(lines.map((line) => line.outputs)).toEqual(
      [
        [-10, -20],
        [-20, -40],
      ].map((data) => [{ name: "y", shape: [2], dtype: "f32", data }]),
    );
  });

  test("refuses an unknown parameter and lists its own", async () => {
    const { exitCode, stderr } = await infer("mixed", path("all.json"), "-p", "gian=2");
    expect(exitCode).toBe(64);
    expect(stderr).toMatch(/no parameter "gian"\n {2}→ Its parameters are gain\./);
  });
});

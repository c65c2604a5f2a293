import { describe, expect, test } from "vitest";
import { describeModule, describeSet } from "../../../agent/commands/inspect.ts";
import type { ModuleInfo } from "../../../detectors/detector.ts";

const info: ModuleInfo = {
  abi: 2,
  task: "detect",
  name: "gate",
  inputs: [{ name: "image", shape: [384, 640, 3], dtype: "u8" }],
  outputs: [{ name: "detections", shape: [300, 6], dtype: "f32", rows: "counted" }],
  parameters: [
    { name: "score", default: 0.25 },
    { name: "iou", default: 0.45 },
  ],
  labels: Array.from({ length: 30 }, (_, id) => ({ id, name: `label number ${id}` })),
  picture: { fit: "letterbox-centre", pad: 114, filter: "linear" },
  precision: "f32",
  features: ["simd128"],
  source: [{ format: "onnx", sha256: "ab".repeat(32), licence: "MIT" }],
  compiler: { version: "0.1.0" },
  sha256: "cd".repeat(32),
  bytes: 7_500_000,
  memoryBytes: 20_971_520,
  imports: [],
};

describe("the description of a module", () => {
  const lines = describeModule(info).split("\n");

  test("shows input, memory, imports, licence and hash, one per line", () => {
    expect(lines).toContain("input        640x384 pixels, 3 × u8, hwc; letterbox-centre");
    expect(lines).toContain("memory       21.0 MB, cannot grow");
    expect(lines).toContain("imports      nothing");
    expect(lines).toContain("licence      MIT");
    expect(lines).toContain(`sha256       ${"cd".repeat(32)}`);
  });

  test("shows the release, or 0 if none was given", () => {
    expect(lines).toContain("release      0 (none given)");
    expect(describeModule({ ...info, release: 12 }).split("\n")).toContain("release      12");
    const variant = { ...info, release: 12, variant: "i16", path: "gate.i16.wasm", chosen: true };
    expect(describeSet([variant], { path: variant.path, why: "i16" })).toMatch(
      /→ i16 .*; release 12; SHA-256/,
    );
  });

  test("wraps a long list of labels at 100 columns", () => {
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(100);
    const labels = lines.slice(lines.findIndex((line) => line.startsWith("labels (30)")));
    expect(labels.length).toBeGreaterThan(1);
    expect(labels.every((line) => line.slice(0, 13).trim() === "" || line.startsWith("labels (30)"))).toBe(
      true,
    );
    expect(labels.join(" ").match(/label number \d+/g)).toHaveLength(30);
  });
});

describe("the description of a set of variants", () => {
  const variant = (name: string, chosen: boolean) => ({
    ...info,
    variant: name,
    path: `gate.${name}.wasm`,
    chosen,
  });
  const choice = { path: "gate.i16.wasm", why: "i16 of i16, f32, the fastest there is" };
  const lines = describeSet([variant("i16", true), variant("f32", false)], choice).split("\n");

  test("marks the chosen variant, says why it was chosen, and describes it in full", () => {
    expect(lines[0]).toBe("gate.i16.wasm: i16 of i16, f32, the fastest there is");
    expect(lines[1]).toMatch(/^→ i16 +7\.5 MB, memory 21\.0 MB; simd128; SHA-256 cdcdcdcdcdcd…$/);
    expect(lines[2]).toMatch(/^ {2}f32 +7\.5 MB/);
    expect(lines).toContain("input        640x384 pixels, 3 × u8, hwc; letterbox-centre");
  });
});

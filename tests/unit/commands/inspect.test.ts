import { describe, expect, it } from "vitest";
import { describeModule } from "../../../agent/commands/inspect.ts";
import type { ModelInfo } from "../../../detectors/detector.ts";

const info: ModelInfo = {
  abi: 1,
  task: "detect",
  name: "gate",
  input: { width: 640, height: 384, channels: 3, dtype: "u8", layout: "hwc" },
  labels: Array.from({ length: 30 }, (_, index) => `label number ${index}`),
  precision: "f32",
  features: ["simd128"],
  source: { format: "onnx", sha256: "ab".repeat(32), licence: "MIT" },
  compiler: { version: "0.1.0" },
  sha256: "cd".repeat(32),
  bytes: 7_500_000,
  memoryBytes: 20_971_520,
  imports: [],
};

describe("what inspect shows to people", () => {
  const lines = describeModule(info).split("\n");

  it("names input, memory, imports, licence and hash, one per line", () => {
    expect(lines).toContain("input        640x384 pixels, 3 × u8, hwc");
    expect(lines).toContain("memory       21.0 MB, cannot grow");
    expect(lines).toContain("imports      nothing");
    expect(lines).toContain("licence      MIT");
    expect(lines).toContain(`sha256       ${"cd".repeat(32)}`);
  });

  it("stays within 100 columns and in line, however many labels there are", () => {
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(100);
    const labels = lines.slice(lines.findIndex((line) => line.startsWith("labels (30)")));
    expect(labels.length).toBeGreaterThan(1);
    expect(labels.every((line) => line.slice(0, 13).trim() === "" || line.startsWith("labels (30)"))).toBe(
      true,
    );
    expect(labels.join(" ").match(/label number \d+/g)).toHaveLength(30);
  });
});

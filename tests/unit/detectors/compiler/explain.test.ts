import { describe, expect, test } from "vitest";
import { describeLayers } from "../../../../agent/commands/compile/layers-report.ts";
import { compile } from "../../../../detectors/compiler/compile.ts";
import { explain } from "../../../../detectors/compiler/explain.ts";
import { seededYolov5nGraph } from "../../../support/models/seeded-yolov5n.ts";

describe("explain", async () => {
  const graph = await seededYolov5nGraph({ width: 64, height: 64 }, { classes: 2 });
  const source = { format: "yolov5-checkpoint", sha256: "0".repeat(64), licence: "unknown" } as const;
  const compiled = compile({ task: "detect", name: "seeded", labels: ["a", "b"], graph }, { source });
  const layers = explain(compiled, "simd128");

  test("reports every layer once, in execution order, with shares that add up to 1", () => {
    expect(layers.map(({ output }) => output)).toEqual(compiled.graph.nodes.map(({ output }) => output));
    expect(layers.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1);
    for (const { ms } of layers) expect(ms).toBeGreaterThan(0);
  });

  test("reports the kernel of each convolution", () => {
    const kernels = new Set(layers.filter(({ op }) => op === "conv2d").map(({ kernel }) => kernel));
    expect(kernels).toContain("direct, f32");
    expect(kernels).toContain("Winograd F(4×4, 3×3), f32 as f32");
    expect(kernels).toContain("Winograd F(4×4, 3×3), u8 as f32");
  });

  test("counts two operations per product in the definition of a convolution", () => {
    const stem = layers.find(({ kernel }) => kernel.includes("u8 as f32"));
    const [height = 0, width = 0, outputs = 0] = stem?.shape ?? [];
    expect(stem?.flops).toBe(2 * height * width * outputs * 3 * 3 * 12);
  });

  test("prints as a table with a bar for each share and a line of totals", () => {
    const shares = layers.map((layer, index) => ({ ...layer, share: index === 3 ? 0.4 : 0.1 }));
    const lines = describeLayers(shares).trimEnd().split("\n");
    expect(lines).toHaveLength(layers.length + 2);
    expect(lines[0]).toMatch(/^layer +operator +kernel +output +MFLOP +ms +GFLOP\/s +share$/);
    expect(lines.map((line) => line.includes("█".repeat(20))).indexOf(true)).toBe(1 + 3);
    expect(lines.filter((line) => line.includes("█".repeat(20)))).toHaveLength(1);
    expect(lines.at(-1)).toMatch(/^total .* ms, .* GFLOP\/s/);
  });
});

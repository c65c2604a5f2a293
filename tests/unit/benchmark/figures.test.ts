import { expect, test } from "vitest";
import type { ContestantChoice } from "../../../scripts/benchmark/contestant.ts";
import { convolutionOperations } from "../../../scripts/benchmark/flops.ts";
import { loadPeak, peakOperations } from "../../../scripts/benchmark/peak.ts";
import { plot } from "../../../scripts/benchmark/plot.ts";
import { median } from "../../../scripts/benchmark/race.ts";
import { type Row, toRow } from "../../../scripts/benchmark/row.ts";
import { table } from "../../../scripts/benchmark/table.ts";

const choice = (over: Partial<ContestantChoice>): ContestantChoice => ({
  name: "sabrewing",
  model: "yolov5n",
  engine: "wasmer",
  variant: "f32",
  threads: 1,
  width: 320,
  height: 320,
  modelPath: "",
  ...over,
});
const timed = (p50Ms: number) => ({ loadMs: 1, firstMs: 2, p50Ms, p90Ms: p50Ms, rssMb: 3 });
const NOTHING = { startMs: undefined, respawnMs: undefined, twoInstances: undefined };
const PEAKS = { f32: 50e9, i16: 100e9 };

const rows: readonly Row[] = [
  toRow(choice({ variant: "i16" }), timed(20), { ...NOTHING, respawnMs: 50, startMs: 300 }, 1e9, PEAKS),
  toRow(
    choice({ name: "onnxruntime-web", engine: "wasm" }),
    timed(80),
    { ...NOTHING, startMs: 900 },
    1e9,
    PEAKS,
  ),
];

test("a network is credited with two operations per weight and pixel of every convolution", () => {
  const values = new Map([
    ["x", { shape: [8, 8, 4], dtype: "f32" as const }],
    ["w", { shape: [16, 3, 3, 4], dtype: "f32" as const }],
    ["y", { shape: [4, 4, 16], dtype: "f32" as const }],
    ["d", { shape: [3, 3, 16], dtype: "f32" as const }],
    ["z", { shape: [4, 4, 16], dtype: "f32" as const }],
  ]);
  const padding = { top: 1, left: 1, bottom: 1, right: 1 };
  const attributes = { padding, activation: "none" } as const;
  const graph = {
    inputs: ["x"],
    outputs: ["z"],
    states: [],
    values,
    constants: new Map(),
    nodes: [
      { op: "conv2d", inputs: ["x", "w"], output: "y", attributes: { ...attributes, stride: 2 } },
      { op: "depthwise_conv2d", inputs: ["y", "d"], output: "z", attributes: { ...attributes, stride: 1 } },
    ],
  } as const;
  expect(convolutionOperations(graph)).toBe(2 * 16 * (16 * 3 * 3 * 4) + 2 * 16 * (3 * 3 * 16));
});

test("a row has its rate, its share of the limit, and the time of a restart in inferences", () => {
  expect(rows[0]).toMatchObject({
    precision: "i16",
    size: "320x320",
    gflops: 50,
    simd128_percent: 100,
    dot_percent: 50,
    respawn_inferences: 2.5,
  });
  expect(rows[1]).not.toHaveProperty("respawn_ms");
});

test("the table compares each row with the WebAssembly peer of its size", () => {
  const [, ours, theirs] = table(rows).split("\n");
  expect(ours).toMatch(/^sabrewing +wasmer +320x320 +i16 .* 4\.00× .* 3\.00× /);
  expect(theirs).toMatch(/^onnxruntime-web .* 1\.00× /);
});

test("the plot draws a bar with a figure for each row, the fastest first", () => {
  const svg = plot(rows, "A CPU with <angles>");
  expect(svg.indexOf("Sabrewing i16")).toBeLessThan(svg.indexOf(">onnxruntime-web<"));
  for (const words of ["320 × 320", "20.0", "4.0×", "80.0", "A CPU with &lt;angles>"]) {
    expect(svg).toContain(words);
  }
});

test.each(["f32", "i16"])("the %s peak loop runs and counts its operations", async (variant) => {
  await using loop = await loadPeak(variant);
  await loop.infer(new Uint8Array());
  expect(peakOperations(variant)).toBeGreaterThan(1e6);
});

test("the median of an even number of values is the mean of the two in the middle", () => {
  expect(median([9, 1, 5, 3])).toBe(4);
  expect(median([9, 1, 5])).toBe(5);
  expect(median([])).toBeUndefined();
});

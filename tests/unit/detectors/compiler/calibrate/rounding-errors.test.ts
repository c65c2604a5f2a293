import { describe, expect, it } from "vitest";
import { observe } from "../../../../../detectors/compiler/calibrate/observe.ts";
import { roundingErrors } from "../../../../../detectors/compiler/calibrate/rounding-errors.ts";
import type { Graph } from "../../../../../detectors/compiler/graph/graph.ts";
import { importCheckpoint } from "../../../../../detectors/compiler/import/yolov5-checkpoint.ts";
import { runPasses } from "../../../../../detectors/compiler/passes/index.ts";
import { writeCheckpoint } from "../../../../support/checkpoint.ts";
import { seededBytes } from "../../../../support/seeded.ts";

const pictures = [1, 2].map((seed) => seededBytes(seed, 64 * 32 * 3));

async function tinyNetwork(): Promise<Graph> {
  const model = await importCheckpoint(writeCheckpoint(), { name: "tiny", size: { width: 64, height: 32 } });
  return runPasses(model.graph);
}

/** The first feature map of the tiny network: its name and channels. */
async function firstMap(graph: Graph) {
  const observations = await observe(graph, pictures);
  const [value = ""] = observations.keys();
  const seen = observations.get(value);
  if (seen === undefined) throw new Error("the tiny network has no convolution");
  return { value, seen, each: (number: number) => new Float32Array(seen.mean.length).fill(number) };
}

describe("what rounding does to the averages of a feature map", () => {
  it("is next to nothing with fine steps", async () => {
    const graph = await tinyNetwork();
    const { value, each } = await firstMap(graph);
    const grid = { scale: each(1e-4), zero: each(0), least: -1e6, most: 1e6 };
    const errors = roundingErrors(graph, pictures, new Map([[value, grid]])).get(value) ?? [];
    for (const error of errors) expect(Math.abs(error)).toBeLessThan(5e-5);
  });

  it("is all there was where everything becomes zero", async () => {
    const graph = await tinyNetwork();
    const { value, seen, each } = await firstMap(graph);
    const grid = { scale: each(1), zero: each(7), least: 7, most: 7 };
    const errors = roundingErrors(graph, pictures, new Map([[value, grid]])).get(value) ?? [];
    expect([...errors].length).toBe(seen.mean.length);
    for (const [channel, error] of errors.entries()) expect(error).toBeCloseTo(-(seen.mean[channel] ?? 0), 5);
  });

  it("has the zero point where padding has it: no number, no error", async () => {
    const graph = await tinyNetwork();
    const { value, each } = await firstMap(graph);
    const plain = { scale: each(0.05), zero: each(0), least: -1000, most: 1000 };
    const moved = { scale: each(0.05), zero: each(64), least: -936, most: 1064 };
    const of = (grid: typeof plain) => roundingErrors(graph, pictures, new Map([[value, grid]])).get(value);
    expect(of(moved)).toEqual(of(plain));
  });

  it("cannot be told from no picture at all", async () => {
    const graph = await tinyNetwork();
    expect(() => roundingErrors(graph, [], new Map())).toThrow("at least one picture");
  });
});

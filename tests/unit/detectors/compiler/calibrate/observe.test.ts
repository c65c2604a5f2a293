import { describe, expect, test } from "vitest";
import { calibrate, rangesOf } from "../../../../../detectors/compiler/calibrate/calibrate.ts";
import { type Observations, observe } from "../../../../../detectors/compiler/calibrate/observe.ts";
import type { Graph } from "../../../../../detectors/compiler/graph/graph.ts";
import { evaluate } from "../../../../../detectors/compiler/ops/evaluate.ts";
import { runPasses } from "../../../../../detectors/compiler/passes/index.ts";
import { seededBytes } from "../../../../support/base/seeded.ts";
import { writeCheckpoint } from "../../../../support/models/checkpoint.ts";
import { importCheckpoint } from "../../../../support/models/import-detector.ts";

const SIZE = { width: 64, height: 32 };
const images = [1, 2, 3].map((seed) => seededBytes(seed, 64 * 32 * 3));

async function tinyNetwork(): Promise<Graph> {
  return runPasses((await importCheckpoint(writeCheckpoint(), { name: "tiny", size: SIZE })).graph);
}

/** The numbers of a value, computed by the references. */
function* numbersOf(graph: Graph, value: string): Generator<{ channel: number; number: number }> {
  for (const image of images) {
    const { shape, data } = evaluate(graph, image).get(value) ?? { shape: [], data: [] };
    const channels = shape[2] ?? 1;
    for (const [index, number] of data.entries()) yield { channel: index % channels, number };
  }
}

describe("observing a network", () => {
  test("agrees with the references for every channel of every convolution", async () => {
    const graph = await tinyNetwork();
    const observations = await observe(graph, images);
    const convolutions = graph.nodes.filter(({ op }) => op === "conv2d").map(({ output }) => output);
    expect([...observations.keys()]).toEqual(convolutions);
    for (const value of [convolutions[0], convolutions[9], convolutions.at(-1)]) {
      expectObserved(graph, observations, value ?? "");
    }
  });

  test("gives the same result for images from an async iterable", async () => {
    const graph = await tinyNetwork();
    const slowly = async function* () {
      for (const image of images) yield await Promise.resolve(image);
    };
    expect(await observe(graph, slowly())).toEqual(await observe(graph, images));
  });

  test("reports the number of observed images", async () => {
    const reported: number[] = [];
    await observe(await tinyNetwork(), images, { onProgress: (count) => reported.push(count) });
    expect(reported).toEqual([1, 2, 3]);
  });

  test("rejects an image of the wrong size, and an empty list", async () => {
    const graph = await tinyNetwork();
    await expect(observe(graph, [new Uint8Array(12)])).rejects.toThrow(
      "expected an image of 6144 bytes, received 12",
    );
    await expect(observe(graph, [])).rejects.toThrow("at least one image");
  });
});

describe("calibrating", () => {
  test("uses synthetic images by default and reports their number", async () => {
    const reported: (number | undefined)[][] = [];
    const { ranges } = await calibrate(await tinyNetwork(), undefined, {
      onProgress: (seen, total) => reported.push([seen, total]),
    });
    expect(reported.at(-1)).toEqual([20, 20]);
    expect(ranges.size).toBeGreaterThan(20);
  });

  test("clips only channels beyond the limit of their feature map", async () => {
    const observations = await observe(await tinyNetwork(), images);
    const whole = rangesOf(observations, "minmax");
    const clipped = rangesOf(observations, { percentile: 90 });
    const [value = ""] = observations.keys();
    const [before, after] = [whole.get(value), clipped.get(value)];
    expect(before?.highest).toEqual(observations.get(value)?.highest);
    const limit = Math.max(...(after?.highest ?? []));
    expect(limit).toBeLessThan(Math.max(...(before?.highest ?? [])));
    expect(after?.highest).toEqual(before?.highest.map((high) => Math.min(high, limit)));
  });

  test("clips by entropy on request", async () => {
    const observations = await observe(await tinyNetwork(), images);
    const clipped = rangesOf(observations, { entropyLevels: 128 });
    for (const [value, { highest }] of rangesOf(observations, "minmax")) {
      const most = Math.max(...(clipped.get(value)?.highest ?? []));
      expect(most).toBeGreaterThan(0);
      expect(most).toBeLessThanOrEqual(Math.max(...highest));
    }
  });
});

function expectObserved(graph: Graph, observations: Observations, value: string): void {
  const observed = observations.get(value);
  if (observed === undefined) throw new Error(`${value} was not observed`);
  const channels = observed.lowest.length;
  const expected = Array.from({ length: channels }, () => ({
    lowest: Infinity,
    highest: -Infinity,
    sum: 0,
    count: 0,
  }));
  for (const { channel, number } of numbersOf(graph, value)) {
    const one = expected[channel];
    if (one === undefined) throw new Error(`${value} has no channel ${channel}`);
    one.lowest = Math.min(one.lowest, number);
    one.highest = Math.max(one.highest, number);
    one.sum += number;
    one.count++;
  }
  for (const [channel, { lowest, highest, sum, count }] of expected.entries()) {
    expect(observed.lowest[channel]).toBeCloseTo(lowest, 3);
    expect(observed.highest[channel]).toBeCloseTo(highest, 3);
    expect(observed.mean[channel]).toBeCloseTo(sum / count, 3);
    expect(observed.count).toBe(count);
  }
  const counted = observed.histogram.bins.reduce((sum, count) => sum + count, 0);
  expect(counted).toBe(observed.count * channels);
}

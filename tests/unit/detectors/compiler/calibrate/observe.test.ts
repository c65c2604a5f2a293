import { describe, expect, it } from "vitest";
import { calibrate, rangesOf } from "../../../../../detectors/compiler/calibrate/calibrate.ts";
import { type Observations, observe } from "../../../../../detectors/compiler/calibrate/observe.ts";
import type { Graph } from "../../../../../detectors/compiler/graph/graph.ts";
import { importCheckpoint } from "../../../../../detectors/compiler/import/yolov5-checkpoint.ts";
import { evaluate } from "../../../../../detectors/compiler/ops/evaluate.ts";
import { runPasses } from "../../../../../detectors/compiler/passes/index.ts";
import { seededBytes } from "../../../../support/base/seeded.ts";
import { writeCheckpoint } from "../../../../support/checkpoint.ts";

const SIZE = { width: 64, height: 32 };
const pictures = [1, 2, 3].map((seed) => seededBytes(seed, 64 * 32 * 3));

async function tinyNetwork(): Promise<Graph> {
  return runPasses((await importCheckpoint(writeCheckpoint(), { name: "tiny", size: SIZE })).graph);
}

/** The same by the slow plain references. */
function* numbersOf(graph: Graph, value: string): Generator<{ channel: number; number: number }> {
  for (const picture of pictures) {
    const { shape, data } = evaluate(graph, picture).get(value) ?? { shape: [], data: [] };
    const channels = shape[2] ?? 1;
    for (const [index, number] of data.entries()) yield { channel: index % channels, number };
  }
}

describe("observing a network", () => {
  it("sees of every convolution what the plain references compute, channel by channel", async () => {
    const graph = await tinyNetwork();
    const observations = await observe(graph, pictures);
    const convolutions = graph.nodes.filter(({ op }) => op === "conv2d").map(({ output }) => output);
    expect([...observations.keys()]).toEqual(convolutions);
    for (const value of [convolutions[0], convolutions[9], convolutions.at(-1)]) {
      expectSeen(graph, observations, value ?? "");
    }
  });

  it("gives the same twice, also when pictures come one by one", async () => {
    const graph = await tinyNetwork();
    const slowly = async function* () {
      for (const picture of pictures) yield await Promise.resolve(picture);
    };
    expect(await observe(graph, slowly())).toEqual(await observe(graph, pictures));
  });

  it("tells how many pictures it has seen", async () => {
    const told: number[] = [];
    await observe(await tinyNetwork(), pictures, { onProgress: (seen) => told.push(seen) });
    expect(told).toEqual([1, 2, 3]);
  });

  it("refuses a picture of another size, and to know anything from none", async () => {
    const graph = await tinyNetwork();
    await expect(observe(graph, [new Uint8Array(12)])).rejects.toThrow(
      "expected a picture of 6144 bytes, received 12",
    );
    await expect(observe(graph, [])).rejects.toThrow("at least one picture");
  });
});

describe("calibrating", () => {
  it("takes synthetic pictures where there are none, and tells how many there will be", async () => {
    const told: (number | undefined)[][] = [];
    const { ranges } = await calibrate(await tinyNetwork(), undefined, {
      onProgress: (seen, total) => told.push([seen, total]),
    });
    expect(told.at(-1)).toEqual([20, 20]);
    expect(ranges.size).toBeGreaterThan(20);
  });

  it("cuts channels off at the limit of their feature map, and only those that reach beyond", async () => {
    const observations = await observe(await tinyNetwork(), pictures);
    const whole = rangesOf(observations, "minmax");
    const cut = rangesOf(observations, { percentile: 90 });
    const [value = ""] = observations.keys();
    const [before, after] = [whole.get(value), cut.get(value)];
    expect(before?.highest).toEqual(observations.get(value)?.highest);
    const limit = Math.max(...(after?.highest ?? []));
    expect(limit).toBeLessThan(Math.max(...(before?.highest ?? [])));
    expect(after?.highest).toEqual(before?.highest.map((high) => Math.min(high, limit)));
  });

  it("cuts off by least entropy on request", async () => {
    const observations = await observe(await tinyNetwork(), pictures);
    const cut = rangesOf(observations, { entropyLevels: 128 });
    for (const [value, { highest }] of rangesOf(observations, "minmax")) {
      const most = Math.max(...(cut.get(value)?.highest ?? []));
      expect(most).toBeGreaterThan(0);
      expect(most).toBeLessThanOrEqual(Math.max(...highest));
    }
  });
});

function expectSeen(graph: Graph, observations: Observations, value: string): void {
  const seen = observations.get(value);
  if (seen === undefined) throw new Error(`${value} was not observed`);
  const channels = seen.lowest.length;
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
    expect(seen.lowest[channel]).toBeCloseTo(lowest, 3);
    expect(seen.highest[channel]).toBeCloseTo(highest, 3);
    expect(seen.mean[channel]).toBeCloseTo(sum / count, 3);
    expect(seen.count).toBe(count);
  }
  const counted = seen.histogram.bins.reduce((sum, count) => sum + count, 0);
  expect(counted).toBe(seen.count * channels);
}

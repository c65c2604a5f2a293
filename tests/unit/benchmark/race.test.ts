import { expect, test } from "vitest";
import { percentile, type Racer, race } from "../../../scripts/benchmark/race.ts";

function racer(name: string, order: string[], times: () => number): Racer {
  return {
    load: async () => 7,
    infer: async () => {
      order.push(name);
      return times();
    },
    rss: async () => 42,
    [Symbol.asyncDispose]: async () => undefined,
  };
}

test("contestants take turns, so that a slow spell of the machine affects all equally", async () => {
  const order: string[] = [];
  await race(
    new Map([
      ["ours", racer("ours", order, () => 1)],
      ["theirs", racer("theirs", order, () => 1)],
    ]),
    4,
  );
  expect(order.filter((_, turn) => turn % 2 === 0)).toEqual(Array(order.length / 2).fill("ours"));
  expect(order.filter((_, turn) => turn % 2 === 1)).toEqual(Array(order.length / 2).fill("theirs"));
});

test("the first inference is reported separately, and the warm-up is not counted", async () => {
  const times = [900, 50, 50, 50, 50, 50, 10, 30, 20];
  const results = await race(new Map([["ours", racer("ours", [], () => times.shift() ?? 0)]]), 3);
  expect(results.get("ours")).toEqual({ loadMs: 7, firstMs: 900, p50Ms: 20, p90Ms: 30, rssMb: 42 });
});

test("a contestant that fails gives its error, and the others continue", async () => {
  const failing = racer("theirs", [], () => {
    throw new Error("unsupported operator");
  });
  const results = await race(
    new Map([
      ["theirs", failing],
      ["ours", racer("ours", [], () => 5)],
    ]),
    2,
  );
  expect(results.get("theirs")).toEqual(new Error("unsupported operator"));
  expect(results.get("ours")).toMatchObject({ p50Ms: 5 });
});

test("a percentile is one of the measured values", () => {
  expect(percentile([1, 2, 3, 4], 0.5)).toBe(2);
  expect(percentile([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 0.9)).toBe(9);
  expect(percentile([3], 0.9)).toBe(3);
});

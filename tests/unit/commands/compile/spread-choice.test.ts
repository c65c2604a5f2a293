import { describe, expect, test } from "vitest";
import { onePerStretch, spreadChoice } from "../../../../agent/commands/compile/spread-choice.ts";

async function* upTo(count: number): AsyncGenerator<number> {
  for (let item = 0; item < count; item++) yield item;
}

/** The items chosen from 0, 1, …, length − 1. */
async function choose(length: number, count: number): Promise<number[]> {
  return spreadChoice(upTo(length), count, async (item) => item);
}

describe("choosing items spread over a sequence of unknown length", () => {
  test("takes all items of a short sequence, in order", async () => {
    expect(await choose(5, 8)).toEqual([0, 1, 2, 3, 4]);
    expect(await choose(0, 8)).toEqual([]);
  });

  test.each([9, 16, 17, 100, 1000, 12_345])(
    "takes the requested number from every part of %i items",
    async (length) => {
      const chosen = await choose(length, 8);
      expect(chosen).toHaveLength(8);
      expect(chosen.toSorted((a, b) => a - b)).toEqual(chosen);
      expect(chosen[0]).toBeLessThan(length / 4);
      expect(chosen.at(-1)).toBeGreaterThanOrEqual((length * 3) / 4);
      const gaps = chosen.slice(1).map((item, index) => item - (chosen[index] ?? 0));
      expect(Math.max(...gaps)).toBeLessThanOrEqual(length / 2.5);
    },
  );

  test("prepares candidates only: preparing every frame of a long clip would take too long", async () => {
    let held = 0;
    const hold = async (item: number) => {
      held++;
      return item;
    };
    await spreadChoice(upTo(10_000), 8, hold);
    expect(held).toBeLessThan(120);
  });
});

describe("choosing one item of each stretch of a list", () => {
  test("takes a short list whole", () => {
    expect(onePerStretch(["a", "b"], 2)).toEqual(["a", "b"]);
  });

  test("never takes an item twice", () => {
    const list = Array.from({ length: 13 }, (_, index) => index);
    const chosen = onePerStretch(list, 6);
    expect(new Set(chosen).size).toBe(6);
  });
});

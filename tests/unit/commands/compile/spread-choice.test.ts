import { describe, expect, it } from "vitest";
import { onePerStretch, spreadChoice } from "../../../../agent/commands/compile/spread-choice.ts";

async function* upTo(count: number): AsyncGenerator<number> {
  for (let item = 0; item < count; item++) yield item;
}

/** What was chosen of 0, 1, …, length − 1. */
async function choose(length: number, count: number): Promise<number[]> {
  return spreadChoice(upTo(length), count, async (item) => item);
}

describe("choosing frames spread over a clip of unknown length", () => {
  it("takes all of a short one, in order", async () => {
    expect(await choose(5, 8)).toEqual([0, 1, 2, 3, 4]);
    expect(await choose(0, 8)).toEqual([]);
  });

  it.each([9, 16, 17, 100, 1000, 12_345])(
    "takes as many as were asked for of %i, from every part",
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

  it("works only on candidates: preparing every frame of a long clip would take for ever", async () => {
    let held = 0;
    const hold = async (item: number) => {
      held++;
      return item;
    };
    await spreadChoice(upTo(10_000), 8, hold);
    expect(held).toBeLessThan(120);
  });
});

describe("one of each stretch of a list", () => {
  it("leaves a list that is short enough alone", () => {
    expect(onePerStretch(["a", "b"], 2)).toEqual(["a", "b"]);
  });

  it("never takes one twice", () => {
    const list = Array.from({ length: 13 }, (_, index) => index);
    const chosen = onePerStretch(list, 6);
    expect(new Set(chosen).size).toBe(6);
  });
});

import { describe, expect, test } from "vitest";
import { seededRandom } from "../../../agent/events/event-id.ts";
import { assign } from "../../../agent/tracking/assignment.ts";

describe("assignment", () => {
  test("gives up the cheapest pair where that lowers the total", () => {
    const pairs = assign([
      [1, 2],
      [2, 9],
    ]);
    expect(pairs).toEqual([
      { row: 0, column: 1 },
      { row: 1, column: 0 },
    ]);
  });

  test("prefers two expensive pairs to one cheap pair", () => {
    const pairs = assign([
      [0, 5],
      [5, Infinity],
    ]);
    expect(pairs).toHaveLength(2);
  });

  test("never makes a forbidden pair", () => {
    expect(assign([[Infinity, Infinity]])).toEqual([]);
    expect(assign([[Infinity], [3]])).toEqual([{ row: 1, column: 0 }]);
  });

  test("returns no pairs for no rows or columns", () => {
    expect(assign([])).toEqual([]);
    expect(assign([[], []])).toEqual([]);
  });

  test("matches exhaustive search", () => {
    const random = seededRandom(7);
    for (let round = 0; round < 300; round++) {
      const rows = 1 + Math.floor(random() * 5);
      const columns = 1 + Math.floor(random() * 5);
      const costs = Array.from({ length: rows }, () =>
        Array.from({ length: columns }, () => (random() < 0.3 ? Infinity : Math.floor(random() * 20))),
      );
      expect(worth(costs, assign(costs)), JSON.stringify(costs)).toEqual(bestByExhaustiveSearch(costs));
    }
  });
});

interface Worth {
  readonly pairs: number;
  readonly cost: number;
}

function worth(costs: readonly (readonly number[])[], pairs: ReturnType<typeof assign>): Worth {
  const cost = pairs.reduce((sum, { row, column }) => sum + (costs[row]?.[column] ?? Infinity), 0);
  return { pairs: pairs.length, cost };
}

/** The most pairs, then the lowest cost, over all ways to give each row a column of its own or none. */
function bestByExhaustiveSearch(
  costs: readonly (readonly number[])[],
  row = 0,
  used: readonly number[] = [],
): Worth {
  if (row === costs.length) return { pairs: 0, cost: 0 };
  const options = (costs[row] ?? []).flatMap((cost, column) => {
    if (cost === Infinity || used.includes(column)) return [];
    const rest = bestByExhaustiveSearch(costs, row + 1, [...used, column]);
    return [{ pairs: rest.pairs + 1, cost: rest.cost + cost }];
  });
  return [bestByExhaustiveSearch(costs, row + 1, used), ...options].reduce((best, option) =>
    option.pairs > best.pairs || (option.pairs === best.pairs && option.cost < best.cost) ? option : best,
  );
}

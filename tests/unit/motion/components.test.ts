import fc from "fast-check";
import { expect, test } from "vitest";
import { findComponents } from "../../../agent/motion/components.ts";

function draw(rows: readonly string[]) {
  const size = { width: rows[0]?.length ?? 0, height: rows.length };
  return { size, moved: Uint8Array.from(rows.join(""), (letter) => (letter === "#" ? 1 : 0)) };
}

test("adjacent pixels form one group in the smallest box around them", () => {
  const { size, moved } = draw([
    "..........", //
    "..##......",
    "...##.....",
    "....#.....",
    "..........",
  ]);
  expect(findComponents(moved, size, 1)).toEqual([{ box: [2, 1, 5, 4], area: 5 }]);
});

test("distant pixels form separate groups, from top to bottom", () => {
  const { size, moved } = draw([
    "........##", //
    "..........",
    "..........",
    "#.........",
  ]);
  expect(findComponents(moved, size, 1)).toEqual([
    { box: [8, 0, 10, 1], area: 2 },
    { box: [0, 3, 1, 4], area: 1 },
  ]);
});

test("a gap as wide as a tile is bridged in both directions", () => {
  const { size, moved } = draw([
    "#...#.......", //
    "............",
    "............",
    "............",
    "#...........",
  ]);
  expect(findComponents(moved, size, 3)).toEqual([{ box: [0, 0, 5, 5], area: 3 }]);
});

test("the right edge of a row and the left edge of the next are not neighbours", () => {
  const { size, moved } = draw([
    ".....#", //
    "#.....",
  ]);
  expect(findComponents(moved, size, 1)).toHaveLength(2);
});

test("every moved pixel counts in exactly one group and lies in a box", () => {
  const image = fc.record({
    width: fc.integer({ min: 1, max: 20 }),
    height: fc.integer({ min: 1, max: 20 }),
    tile: fc.integer({ min: 1, max: 6 }),
    seed: fc.array(fc.boolean(), { minLength: 400, maxLength: 400 }),
  });
  fc.assert(
    fc.property(image, ({ width, height, tile, seed }) => {
      const moved = Uint8Array.from(seed.slice(0, width * height), Number);
      const components = findComponents(moved, { width, height }, tile);
      const total = components.reduce((sum, { area }) => sum + area, 0);
      expect(total).toBe(moved.filter((one) => one === 1).length);
      moved.forEach((one, index) => {
        const [x, y] = [index % width, Math.floor(index / width)];
        const around = components.filter(({ box: [x1, y1, x2, y2] }) => {
          return x >= x1 && x < x2 && y >= y1 && y < y2;
        });
        if (one === 1) expect(around.length).toBeGreaterThan(0);
      });
    }),
    { numRuns: 200, seed: 1 },
  );
});

import { expect, test } from "vitest";
import type { Sight } from "../../../../agent/view/page/protocol.ts";
import { advanceTrails, type Trails } from "../../../../agent/view/page/trails.ts";

function sight(...left: readonly number[]): Sight {
  return {
    type: "sight",
    camera: "door",
    timeMs: 0,
    width: 100,
    height: 50,
    motion: [],
    regions: [],
    objects: left.map((x, track) => ({
      track,
      label: "person",
      score: 0.9,
      box: [x, 10, x + 20, 40],
      colour: "#ffffff",
      ink: "#000000",
      sure: true,
      still: false,
      zones: [],
    })),
  };
}

test("a trail contains the positions of an object, in shares of the frame", () => {
  const trails = advanceTrails(advanceTrails(new Map(), sight(0)), sight(10));
  expect(trails.get(0)).toEqual([
    [0.1, 0.8],
    [0.2, 0.8],
  ]);
});

test("a trail has a limited length and is removed with its object", () => {
  let trails: Trails = new Map();
  for (let x = 0; x < 50; x++) trails = advanceTrails(trails, sight(x, x));
  expect(trails.get(1)).toHaveLength(30);
  expect(advanceTrails(trails, sight(50)).get(1)).toBeUndefined();
});

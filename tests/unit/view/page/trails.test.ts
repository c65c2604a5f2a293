import { expect, test } from "vitest";
import type { Sight } from "../../../../agent/view/page/protocol.ts";
import { trailsTo } from "../../../../agent/view/page/trails.ts";

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
      found: true,
      still: false,
      zones: [],
    })),
  };
}

test("a trail contains the positions of an object up to this frame, in shares of the frame", () => {
  expect(trailsTo(sight(10), [sight(0)]).get(0)).toEqual([
    [0.1, 0.8],
    [0.2, 0.8],
  ]);
});

test("an object that is gone has no trail", () => {
  const trails = trailsTo(sight(10), [sight(0, 50)]);
  expect([...trails.keys()]).toEqual([0]);
});

test("a trail leaves out the predicted positions of a moving object", () => {
  const predicted = sight(50);
  const objects = predicted.objects.map((object) => ({ ...object, found: false }));
  expect(trailsTo(sight(10), [sight(0), { ...predicted, objects }]).get(0)).toEqual([
    [0.1, 0.8],
    [0.2, 0.8],
  ]);
});

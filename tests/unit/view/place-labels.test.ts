import { describe, expect, test } from "vitest";
import { type Label, placeLabels } from "../../../agent/view/place-labels.ts";

const SIZE = { width: 400, height: 300 };
const PLATE = { width: 80, height: 16 };

describe("the label of a box", () => {
  test("is on its upper left corner", () => {
    expect(place([{ box: [100, 100, 150, 200], ...PLATE }])).toEqual([{ left: 100, top: 84 }]);
  });

  test("is inside a box that touches the upper edge", () => {
    expect(place([{ box: [100, 0, 150, 200], ...PLATE }])).toEqual([{ left: 100, top: 0 }]);
    expect(place([{ box: [100, 5, 150, 20], ...PLATE }])).toEqual([{ left: 100, top: 5 }]);
  });

  test("stays inside the image at the right edge", () => {
    expect(place([{ box: [380, 100, 399, 200], ...PLATE }])).toEqual([{ left: 320, top: 84 }]);
  });

  test("never hides another label, however close the boxes are", () => {
    const crowd = Array.from({ length: 6 }, (_, index): Label => {
      return { box: [100 + index * 20, 150, 130 + index * 20, 200], ...PLATE };
    });
    const places = place(crowd);
    for (const [index, a] of places.entries()) {
      for (const b of places.slice(index + 1)) {
        const apart = Math.abs(a.left - b.left) >= PLATE.width || Math.abs(a.top - b.top) >= PLATE.height;
        expect(apart, `${JSON.stringify(a)} and ${JSON.stringify(b)}`).toBe(true);
      }
    }
  });
});

function place(labels: readonly Label[]) {
  return placeLabels(labels, SIZE);
}

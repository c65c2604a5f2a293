import { expect, test } from "vitest";
import {
  addCorner,
  moveCorner,
  nameProblem,
  newShape,
  removeCorner,
} from "../../../../agent/view/page/shapes.ts";

const zone = newShape("zone", []);
const triangle = removeCorner(zone, 3);

test("a new zone has a unique name", () => {
  expect(newShape("zone", [zone]).name).toBe("zone_2");
  expect(newShape("motion", [zone]).name).toBe("");
});

test("a corner cannot be dragged out of the frame", () => {
  expect(moveCorner(zone, 1, [1.2, -0.3]).corners[1]).toEqual([1, 0]);
  expect(zone.corners[1]).toEqual([0.65, 0.35]);
});

test("a corner is added halfway to the next, also after the last", () => {
  expect(addCorner(zone, 0).corners[1]).toEqual([0.5, 0.35]);
  expect(addCorner(zone, 3).corners[4]).toEqual([0.35, 0.5]);
});

test("a corner of a triangle cannot be removed", () => {
  expect(triangle.corners).toHaveLength(3);
  expect(removeCorner(triangle, 0)).toBe(triangle);
});

test("the editor checks a zone's name like the agent", () => {
  const named = (...names: string[]) => names.map((name) => ({ ...zone, name }));
  expect(nameProblem(named("porch", "path_2"))).toBeUndefined();
  expect(nameProblem(named("my porch"))).toContain("letters, digits, _ and -");
  expect(nameProblem(named(""))).toContain("letters, digits, _ and -");
  expect(nameProblem(named("porch", "porch"))).toContain("two zones");
  expect(nameProblem([newShape("motion", []), newShape("object", [])])).toBeUndefined();
});

import { expect, test } from "vitest";
import { layOutLabels } from "../../../../agent/view/page/label-layout.ts";

const size = { width: 60, height: 20 };
const at = (x: number, y: number) => ({ box: { x, y, width: 40, height: 90 }, ...size });

test("a label is on its box", () => {
  expect(layOutLabels([at(100, 100)], 400)).toEqual([{ x: 100, y: 80, ...size }]);
});

test("a label stays inside the video at the edges", () => {
  expect(layOutLabels([at(390, 5)], 400)).toEqual([{ x: 340, y: 5, ...size }]);
  expect(layOutLabels([at(-20, 100)], 400)[0]).toMatchObject({ x: 0 });
});

test("the second of two overlapping labels moves", () => {
  const [first, second, third] = layOutLabels([at(100, 100), at(110, 100), at(120, 100)], 400);
  expect([first?.y, second?.y, third?.y]).toEqual([80, 60, 40]);
});

import sharp from "sharp";
import { expect, test } from "vitest";
import { annotate } from "../../../agent/view/annotate.ts";
import { drawMarks } from "../../../agent/view/marks.ts";

const grey = { width: 200, height: 100, pixels: new Uint8Array(200 * 100 * 3).fill(128) };

async function pixelsOf(jpeg: Buffer) {
  const { data, info } = await sharp(jpeg).raw().toBuffer({ resolveWithObject: true });
  return {
    width: info.width,
    height: info.height,
    at: (x: number, y: number) => [...data.subarray((y * info.width + x) * 3, (y * info.width + x) * 3 + 3)],
  };
}

test("draws a box around the object and does not change its inside", async () => {
  const mark = { box: [50, 40, 150, 80] as const, label: "person", score: 0.9, color: "#ff0000" };
  const { width, height, at } = await pixelsOf(await annotate(grey, [mark]));
  expect({ width, height }).toEqual({ width: 200, height: 100 });
  const [red = 0, green = 255] = at(100, 80);
  expect(red).toBeGreaterThan(200);
  expect(green).toBeLessThan(60);
  for (const channel of at(100, 60)) expect(Math.abs(channel - 128)).toBeLessThan(4);
});

test("does not change an image without marks", async () => {
  const { at } = await pixelsOf(await annotate(grey, []));
  for (const channel of at(10, 10)) expect(Math.abs(channel - 128)).toBeLessThan(3);
});

test("draws the same label in the same colour", () => {
  const colours = (label: string) =>
    drawMarks(200, 100, [{ box: [0, 0, 9, 9], label, score: 1 }]).match(/#\w+/g);
  expect(colours("dog")).toEqual(colours("dog"));
});

test("keeps a label at the upper or right edge inside the image", () => {
  const drawing = drawMarks(200, 100, [{ box: [190, 2, 199, 30], label: "person", score: 0.5 }]);
  const [, left, top, width] =
    /<rect x="([\d.-]+)" y="([\d.-]+)" width="([\d.]+)" height="[\d.]+" fill="#/.exec(drawing) ?? [];
  expect(Number(left)).toBeGreaterThanOrEqual(0);
  expect(Number(top)).toBeGreaterThanOrEqual(0);
  expect(Number(left) + Number(width)).toBeLessThanOrEqual(200);
});

test("escapes markup in a label", () => {
  const drawing = drawMarks(200, 100, [{ box: [0, 0, 9, 9], label: '</text><script x="1">', score: 1 }]);
  expect(drawing).not.toContain("<script");
});

test("draws a label with characters that XML does not allow", async () => {
  const label = "\u001b[2J\u0000\uffff\ud800";
  const drawing = drawMarks(200, 100, [{ box: [0, 0, 9, 9], label, score: 1 }]);
  expect(drawing).not.toMatch(/[^\P{C}\n]/u);
  await expect(sharp(Buffer.from(drawing)).png().toBuffer()).resolves.toBeDefined();
});

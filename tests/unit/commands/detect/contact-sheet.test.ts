import { readdir } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { expect, test } from "vitest";
import { contactSheets } from "../../../../agent/commands/detect/contact-sheet.ts";
import { temporaryFolder } from "../../../support/base/temporary-folder.ts";

const IMAGE = { width: 960, height: 400, pixels: new Uint8Array(960 * 400 * 3).fill(200) };
const MARK = { box: [0, 0, 959, 399] as const, label: "person", score: 0.9 };

test("writes no sheet for a single image", async () => {
  await using folder = await temporaryFolder();
  const sheets = contactSheets((page) => join(folder.path, `${page}.jpg`));
  await sheets.add(IMAGE, [MARK], "garden");
  expect(await sheets.finish()).toEqual([]);
  expect(await readdir(folder.path)).toEqual([]);
});

test("fills pages of twenty images", async () => {
  await using folder = await temporaryFolder();
  const sheets = contactSheets((page) => join(folder.path, `${page}.jpg`));
  for (let index = 0; index < 21; index++) await sheets.add(IMAGE, [MARK], `garden ${index}`);
  expect(await sheets.finish()).toEqual([join(folder.path, "1.jpg"), join(folder.path, "2.jpg")]);
  const [first, second] = await Promise.all(["1.jpg", "2.jpg"].map((name) => size(join(folder.path, name))));
  expect(first?.width).toBeGreaterThan(4 * 480);
  expect(second?.width).toBeLessThan(500);
});

async function size(file: string) {
  const { width, height } = await sharp(file).metadata();
  return { width, height };
}

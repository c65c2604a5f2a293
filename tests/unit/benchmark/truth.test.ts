import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readTruth } from "../../../scripts/benchmark/tracking/truth.ts";
import { temporaryFolder } from "../../support/base/temporary-folder.ts";

async function truthOf(text: string) {
  await using folder = await temporaryFolder();
  const file = join(folder.path, "truth.csv");
  writeFileSync(file, text);
  return readTruth(file);
}

test("the truth has the boxes of each frame, in any order of the columns", async () => {
  const { boxes, lastFrame } = await truthOf(
    "x1,y1,x2,y2,frame,object\n1,2,3,4,7,a\n5,6,7,8,7,b\n1,1,2,2,9,a\n",
  );
  expect(lastFrame).toBe(9);
  expect(boxes.get(7)).toEqual([
    { object: "a", box: [1, 2, 3, 4], isValid: true },
    { object: "b", box: [5, 6, 7, 8], isValid: true },
  ]);
  expect(boxes.get(8)).toBeUndefined();
});

test("a box does not count if its column valid is 0", async () => {
  const { boxes } = await truthOf("frame,person,x1,y1,x2,y2,valid\n1,1,0,0,5,5,1\n1,2,0,0,5,5,0\n");
  expect(boxes.get(1)?.map(({ isValid }) => isValid)).toEqual([true, false]);
});

test.each([
  ["frame,person,x1,y1,x2\n1,1,0,0,5\n", /expected the columns frame, person, x1, y1, x2, y2 in line 1/],
  [
    "frame,person,x1,y1,x2,y2\n1,1,0,0,5,5\n0,1,0,0,5,5\n",
    /expected a frame from 1 and four numbers in line 3/,
  ],
  ["frame,person,x1,y1,x2,y2\n1,1,0,,5,5\n", /in line 2, received "1,1,0,,5,5"/],
])("a truth that is wrong names the line: %j", async (text, message) => {
  await expect(truthOf(text)).rejects.toThrow(message);
});

import { readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { systemClock } from "../../../agent/base/clock.ts";
import { openLog } from "../../../agent/base/log.ts";
import { snapshotFolder } from "../../../agent/view/snapshot-folder.ts";
import { temporaryFolder } from "../../support/base/temporary-folder.ts";
import { TextStream } from "../../support/base/text-stream.ts";

const DAY_S = 86_400;

function folderAt(directory: string) {
  const stream = new TextStream();
  const log = openLog("info", stream);
  return {
    text: () => stream.text,
    ...snapshotFolder({ camera: "door", directory, retainDays: 10, clock: systemClock, log }),
  };
}

test("replaces the previous snapshot of an object, and makes it readable only for the agent", async () => {
  await using folder = await temporaryFolder();
  const { keep } = folderAt(join(folder.path, "snapshots"));
  await keep("12.5-abcdef", Buffer.from("good"));
  await keep("12.5-abcdef", Buffer.from("better"));
  await keep("13.0-ghijkl", Buffer.from("another"));
  const directory = join(folder.path, "snapshots");
  expect(readdirSync(directory).sort()).toEqual(["door-12.5-abcdef.jpg", "door-13.0-ghijkl.jpg"]);
  const file = join(directory, "door-12.5-abcdef.jpg");
  expect(readFileSync(file, "utf8")).toBe("better");
  expect(statSync(file).mode & 0o077).toBe(0);
});

test("removes expired snapshots, but not those of other cameras", async () => {
  await using folder = await temporaryFolder();
  const age = (name: string, days: number) => {
    const path = join(folder.path, name);
    writeFileSync(path, name);
    const then = Date.now() / 1000 - days * DAY_S;
    utimesSync(path, then, then);
  };
  age("door-1.0-oldone.jpg", 11);
  age("door-2.0-newone.jpg", 9);
  age("yard-1.0-oldone.jpg", 11);
  age("door-2-1.0-oldone.jpg", 11);
  age("door.txt", 11);
  await folderAt(folder.path).keep("3.0-abcdef", Buffer.from("now"));
  expect(readdirSync(folder.path).sort()).toEqual([
    "door-2-1.0-oldone.jpg",
    "door-2.0-newone.jpg",
    "door-3.0-abcdef.jpg",
    "door.txt",
    "yard-1.0-oldone.jpg",
  ]);
});

test("logs once that the folder cannot be written, and once the recovery", async () => {
  await using folder = await temporaryFolder();
  const directory = join(folder.path, "snapshots");
  writeFileSync(directory, "a file where the folder should be");
  const { keep, text } = folderAt(directory);
  await keep("1.0-abcdef", Buffer.from("lost"));
  await keep("2.0-abcdef", Buffer.from("lost"));
  rmSync(directory);
  await keep("3.0-abcdef", Buffer.from("kept"));
  expect(text().match(/could not be stored/g)).toHaveLength(1);
  expect(text().match(/stored again/g)).toHaveLength(1);
  expect(readdirSync(directory)).toEqual(["door-3.0-abcdef.jpg"]);
});

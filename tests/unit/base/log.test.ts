import { expect, test } from "vitest";
import { openLog } from "../../../agent/base/log.ts";

test("a line is JSON with the level's name, an ISO time and its fields", () => {
  const lines: string[] = [];
  const log = openLog("info", { write: (line) => lines.push(line) });
  log.info({ camera: "door" }, "camera is on");
  log.debug("not at this level");
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    { level: "info", time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/), camera: "door", msg: "camera is on" },
  ]);
});

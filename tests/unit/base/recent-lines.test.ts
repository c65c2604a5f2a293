import { expect, test } from "vitest";
import { openLog } from "../../../agent/base/log.ts";
import { recentLines } from "../../../agent/base/recent-lines.ts";

test("keeps the latest lines of the log about a camera, and those about no camera", () => {
  const recent = recentLines();
  const log = openLog("info", { write() {} }, recent.add);
  log.info({ camera: "door" }, "camera is on");
  log.warn({ camera: "yard" }, "not about the door");
  log.warn({ remedy: "Start it." }, "the broker is away");
  log.debug("too detailed");
  expect(recent.about("door").map(({ level, text }) => `${level} ${text}`)).toEqual([
    "info camera is on",
    "warn the broker is away → Start it.",
  ]);
});

test("keeps a bounded number of lines of bounded length", () => {
  const recent = recentLines();
  const log = openLog("info", { write() {} }, recent.add);
  for (let index = 0; index < 1_000; index++) log.info("x".repeat(3_000));
  const lines = recent.about("door");
  expect(lines).toHaveLength(100);
  expect(lines[0]?.text).toHaveLength(1_000);
});

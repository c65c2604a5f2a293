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

test("keeps the other fields of a line, so that the page names what the log names", () => {
  const recent = recentLines();
  const log = openLog("info", { write() {} }, recent.add);
  const changed = ["cameras.door.zones.porch", "cameras.door.motion.threshold"];
  log.warn(
    { changed, needRestart: ["mqtt.host"] },
    "the configuration is reloaded; some keys need a restart",
  );
  log.info({ changed: [] }, "the configuration is unchanged");
  log.error(
    { mistakes: ["a: wrong", "b: wrong"], remedy: "Correct it." },
    "the configuration is not reloaded",
  );
  log.info({ many: Array.from({ length: 1_000 }, () => "key") }, "cut");
  expect(recent.about("door").map(({ text }) => text)).toEqual([
    "the configuration is reloaded; some keys need a restart (changed: cameras.door.zones.porch, cameras.door.motion.threshold; need restart: mqtt.host)",
    "the configuration is unchanged",
    "the configuration is not reloaded (mistakes: a: wrong, b: wrong) → Correct it.",
    expect.stringMatching(/^cut \(many: (?:key, )+.*…\)$/),
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

import { expect, test } from "vitest";
import { statusLine } from "../../../agent/health/status-line.ts";

const camera = (name: string, online: boolean, enabled = true) => ({
  camera: { name },
  isOnline: () => online,
  isEnabled: () => enabled,
});

test("the status line lists offline cameras, a failing detector and the number of waiting messages", () => {
  expect(statusLine([camera("door", true), camera("yard", true)], 0, "working")).toBe(
    "2 of 2 cameras online",
  );
  expect(statusLine([camera("door", true), camera("yard", false)], 5, "failing")).toBe(
    "1 of 2 cameras online (not: yard); the detector fails: motion only; 5 messages wait for the broker",
  );
});

test("the status line counts no camera that is switched off, and lists it", () => {
  expect(statusLine([camera("door", true), camera("yard", false, false)], 0, "working")).toBe(
    "1 of 1 cameras online; switched off: yard",
  );
});

import { expect, test } from "vitest";
import { statusLine } from "../../../agent/health/status-line.ts";

const camera = (name: string, online: boolean) => ({ camera: { name }, isOnline: () => online });

test("the status line names the cameras that are away and the messages that wait", () => {
  expect(statusLine([camera("door", true), camera("yard", true)], 0)).toBe("2 of 2 cameras on line");
  expect(statusLine([camera("door", true), camera("yard", false)], 5)).toBe(
    "1 of 2 cameras on line (not: yard); 5 messages wait for the broker",
  );
});

import { expect, test } from "vitest";
import { logRefusals } from "../../../agent/base/log-refusals.ts";
import { recordingLog } from "../../support/agent/log-lines.ts";
import { manualClock } from "../../support/time/manual-clock.ts";

test("logs a thousand refusals a second as a line with their number every five minutes", async () => {
  const clock = manualClock();
  const { log, lines } = recordingLog();
  const closing = new AbortController();
  const refused = logRefusals(log, { clock, signal: closing.signal });
  refused({ message: "wrong token", address: "10.0.0.2" });
  for (let second = 0; second < 3_600; second++) {
    for (let times = 0; times < 10; times++) refused({ message: "wrong token", address: "10.0.0.3" });
    await clock.pass(1_000);
  }
  expect(lines[0]).toMatchObject({ level: "warn", msg: "wrong token", address: "10.0.0.2" });
  expect(lines[1]?.msg).toMatch(/^wrong token \(\d+ more since the last line\)$/);
  expect(lines.length).toBeLessThan(20);
  closing.abort();
});

test("logs refusals of another kind at once", () => {
  const { log, lines } = recordingLog();
  const refused = logRefusals(log, { clock: manualClock(), signal: new AbortController().signal });
  for (let times = 0; times < 5; times++) refused({ message: "wrong token", address: "10.0.0.2" });
  refused({ message: "wrong host", address: "10.0.0.2", remedy: "Use an IP address." });
  expect(lines.map(({ msg }) => msg)).toEqual(["wrong token", "wrong host"]);
  expect(lines[1]).toMatchObject({ remedy: "Use an IP address." });
});

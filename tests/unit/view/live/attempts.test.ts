import { expect, test } from "vitest";
import { countAttempts } from "../../../../agent/view/live/attempts.ts";
import { manualClock } from "../../../support/time/manual-clock.ts";

test("the delay grows with each wrong token from an address, up to eight seconds", async () => {
  const clock = manualClock();
  const failed = countAttempts(clock);
  const delays = [];
  for (let times = 0; times < 7; times++) {
    const answer = failed("10.0.0.2");
    delays.push("afterMs" in answer ? answer.afterMs : "at once");
    await clock.pass(8_000);
  }
  expect(delays).toEqual([250, 500, 1_000, 2_000, 4_000, 8_000, 8_000]);
  expect(failed("10.0.0.3")).toEqual({ afterMs: 250 });
});

test("at most three answers are pending; the next wrong token is refused at once with a retry time", async () => {
  const clock = manualClock();
  const failed = countAttempts(clock);
  for (let times = 0; times < 3; times++) expect(failed("10.0.0.2")).toHaveProperty("afterMs");
  expect(failed("10.0.0.2")).toEqual({ tooManyForMs: 250 });
  await clock.pass(250);
  expect(failed("10.0.0.2")).toEqual({ afterMs: 2_000 });
  expect(failed("10.0.0.3")).toEqual({ afterMs: 250 });
});

test("the delay is reset after ten minutes without a wrong token", async () => {
  const clock = manualClock();
  const failed = countAttempts(clock);
  for (let times = 0; times < 3; times++) failed("10.0.0.2");
  await clock.pass(600_000);
  expect(failed("10.0.0.2")).toEqual({ afterMs: 250 });
});

test("addresses of one IPv6 network count as one", () => {
  const failed = countAttempts(manualClock());
  failed("2001:db8:1:2::1");
  expect(failed("2001:db8:1:2:ffff::2")).toEqual({ afterMs: 500 });
  expect(failed("2001:db8:1:3::1")).toEqual({ afterMs: 250 });
});

test("a thousand addresses are remembered; the next one replaces the one with the oldest attempt", () => {
  const failed = countAttempts(manualClock());
  for (let host = 0; host < 1_000; host++) failed(`10.0.${host >> 8}.${host & 255}`);
  failed("10.0.0.0");
  failed("10.9.9.9");
  expect(failed("10.0.0.0")).toEqual({ afterMs: 1_000 });
  expect(failed("10.0.0.1")).toEqual({ afterMs: 250 });
});

import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { hourOf, latestDays, weekdayName } from "../../../../agent/view/page/history-days.ts";

const HOUR_MS = 3_600_000;
let zoneBefore: string | undefined;
beforeEach(() => {
  zoneBefore = process.env.TZ;
  process.env.TZ = "Europe/Berlin";
});
afterEach(() => {
  if (zoneBefore === undefined) delete process.env.TZ;
  else process.env.TZ = zoneBefore;
});

describe("the days of the history", () => {
  test("end with today and follow each other", () => {
    const nowMs = Date.parse("2026-03-02T00:30:00+01:00");
    const days = latestDays(3, nowMs);
    expect(days.map(({ fromMs }) => new Date(fromMs).toISOString())).toEqual([
      "2026-02-27T23:00:00.000Z",
      "2026-02-28T23:00:00.000Z",
      "2026-03-01T23:00:00.000Z",
    ]);
    expect(days[0]?.toMs).toBe(days[1]?.fromMs);
    expect(days.map((day) => weekdayName(day, nowMs)).slice(1)).toEqual(["Yesterday", "Today"]);
  });

  test("have 23 or 25 hours when the clocks change", () => {
    const hours = (now: string) =>
      latestDays(2, Date.parse(now)).map(({ fromMs, toMs }) => (toMs - fromMs) / HOUR_MS);
    expect(hours("2026-03-30T12:00:00+02:00")).toEqual([23, 24]);
    expect(hours("2026-10-25T12:00:00+01:00")).toEqual([24, 25]);
  });

  test("have hours that begin on the clock", () => {
    expect(hourOf(Date.parse("2026-03-02T14:59:59.999+01:00"))).toBe(Date.parse("2026-03-02T14:00:00+01:00"));
  });
});

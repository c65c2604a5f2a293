import { expect, test } from "vitest";
import { PTS_PER_MS, PTS_WRAP, unixTimeOf } from "../../../../agent/view/page/pts.ts";

const NOW = 1_796_000_000_000;
const HOUR = 3_600_000;

test.each([0, 40, -40, 12 * HOUR, -12 * HOUR])(
  "the time %i ms from another one is found again",
  (apartMs) => {
    const pts = ((NOW + apartMs) * PTS_PER_MS) % PTS_WRAP;
    expect(unixTimeOf(pts, NOW)).toBeCloseTo(NOW + apartMs, 3);
  },
);

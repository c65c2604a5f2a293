import { describe, expect, test } from "vitest";
import { VIEW_FAULTS } from "./hostile/view-faults.ts";

/** Enough to check the protection; `npm run test:faults` measures the figures. */
const TIMES = 3;

describe("strangers with hundreds of connections do not keep out signed-in users", () => {
  test.for(VIEW_FAULTS.map((fault) => [fault.fault, fault] as const))(
    "%s",
    { timeout: 120_000 },
    async ([, fault], { skip }) => {
      const lacking = fault.lacks();
      if (lacking !== undefined) skip(`this machine lacks ${lacking}`);
      expect(await fault.inflict(TIMES, true)).toMatchObject({ lost: 0, broken: [] });
    },
  );
});

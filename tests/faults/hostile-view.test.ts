import { describe, expect, test } from "vitest";
import { VIEW_FAULTS } from "./hostile/view-faults.ts";

/** Enough to see that the guard is there; the figures come from `npm run test:faults`. */
const TIMES = 3;

describe("strangers who hold on to hundreds of connections keep out no one who has signed in", () => {
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

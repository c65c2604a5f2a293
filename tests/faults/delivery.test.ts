import { describe, expect, test } from "vitest";
import { deliveryFaults } from "./delivery/delivery-faults.ts";
import type { Fault } from "./fault.ts";

/** Enough to check the protection; `npm run test:faults` measures the figures. Faults with a low number take long. */
const timesHere = ({ times }: Fault) => (times >= 10 ? 3 : 1);

describe("the agent delivers every event in order, with its end, after", () => {
  test.for(deliveryFaults("made up").map((fault) => [fault.fault, fault] as const))(
    "%s",
    { timeout: 180_000 },
    async ([, fault], { skip }) => {
      const lacking = fault.lacks();
      if (lacking !== undefined) skip(`this machine lacks ${lacking}`);
      expect(await fault.inflict(timesHere(fault), true)).toMatchObject({ lost: 0, broken: [] });
    },
  );
});

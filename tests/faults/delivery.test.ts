import { describe, expect, test } from "vitest";
import { deliveryFaults } from "./delivery/delivery-faults.ts";
import type { Fault } from "./fault.ts";

/** Enough to see that the guard is there; the figures come from `npm run test:faults`. What is done rarely takes long. */
const timesHere = ({ times }: Fault) => (times >= 10 ? 3 : 1);

describe("every event is delivered, in order and to its end", () => {
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

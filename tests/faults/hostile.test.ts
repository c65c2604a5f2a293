import { describe, expect, test } from "vitest";
import type { Fault } from "./fault.ts";
import { BROKER_FAULTS } from "./hostile/broker-faults.ts";
import { OUTBOX_FAULTS } from "./hostile/outbox-faults.ts";

/** Enough to check the protection; `npm run test:faults` measures the figures. */
const timesHere = ({ times }: Fault) => (times >= 100 ? 20 : 1);

/** Its retries take minutes: tests/e2e/held-back.test.ts has the same fault with a faster clock. */
const LEFT_OUT = "poisoned outbox: messages over which the broker ends the connection";

test("the row that is left out exists", () => {
  expect(OUTBOX_FAULTS.map(({ fault }) => fault)).toContain(LEFT_OUT);
});

describe.each([
  ["a hostile broker costs no event, little memory, and no delay of metrics", BROKER_FAULTS],
  ["damaged stored events cost no other events", OUTBOX_FAULTS.filter(({ fault }) => fault !== LEFT_OUT)],
])("%s", (_, faults) => {
  test.for(faults.map((fault) => [fault.fault, fault] as const))(
    "%s",
    { timeout: 180_000 },
    async ([, fault], { skip }) => {
      const lacking = fault.lacks();
      if (lacking !== undefined) skip(`this machine lacks ${lacking}`);
      expect(await fault.inflict(timesHere(fault), true)).toMatchObject({ lost: 0, broken: [] });
    },
  );
});

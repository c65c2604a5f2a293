import { describe, expect, test } from "vitest";
import type { Fault } from "./fault.ts";
import { CAMERA_FAULTS } from "./watching/camera-faults.ts";
import { DETECTOR_FAULTS } from "./watching/detector-faults.ts";

/** Once, to check the protection; `npm run test:faults` measures the figures. */
const TIMES = 1;

async function expectNothingLost(fault: Fault, skip: (note: string) => void): Promise<void> {
  const lacking = fault.lacks();
  if (lacking !== undefined) skip(`this machine lacks ${lacking}`);
  expect(await fault.inflict(TIMES, true)).toMatchObject({ lost: 0, broken: [] });
}

describe("a detector costs one frame for each fault, and other cameras none", () => {
  test.for(DETECTOR_FAULTS.map((fault) => [fault.fault, fault] as const))(
    "%s",
    { timeout: 180_000 },
    ([, fault], { skip }) => expectNothingLost(fault, skip),
  );
});

describe("a camera recovers without false events, and other cameras continue", () => {
  test.for(CAMERA_FAULTS.map((fault) => [fault.fault, fault] as const))(
    "%s",
    { timeout: 240_000 },
    ([, fault], { skip }) => expectNothingLost(fault, skip),
  );
});

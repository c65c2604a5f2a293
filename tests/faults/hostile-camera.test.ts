import { describe, expect, test } from "vitest";
import { HOSTILE_CAMERA_FAULTS } from "./hostile/camera-faults.ts";

describe("a hostile camera costs little memory, gets no password, and costs other cameras no frame", () => {
  test.for(HOSTILE_CAMERA_FAULTS.map((fault) => [fault.fault, fault] as const))(
    "%s",
    { timeout: 180_000 },
    async ([, fault], { skip }) => {
      const lacking = fault.lacks();
      if (lacking !== undefined) skip(`this machine lacks ${lacking}`);
      expect(await fault.inflict(1, true)).toMatchObject({ lost: 0, broken: [] });
    },
  );
});

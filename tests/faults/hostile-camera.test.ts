import { describe, expect, test } from "vitest";
import { HOSTILE_CAMERA_FAULTS } from "./hostile/camera-faults.ts";

/**
 * One row for each guard: a row takes a quarter of a minute. `npm run test:faults` has all of them, and
 * tests/e2e/hostile-camera.test.ts has every attack without an agent around it.
 */
const CHOSEN = [
  "hostile camera: bigsdp",
  "hostile camera: redirrtsp",
  "hostile camera: junk",
  "hostile camera: rtpfrag",
  "hostile camera: manymedia",
  "hostile camera: giant clip",
  "hostile camera: clip that becomes a giant",
  "honest 4K camera (h265)",
];
const faults = HOSTILE_CAMERA_FAULTS.filter(({ fault }) => CHOSEN.includes(fault));

describe("a hostile camera costs little memory, gets no password, and costs other cameras no frame", () => {
  test("the chosen rows exist", () => {
    expect(faults.map(({ fault }) => fault).sort()).toEqual(CHOSEN.toSorted());
  });

  test.for(faults.map((fault) => [fault.fault, fault] as const))(
    "%s",
    { timeout: 180_000 },
    async ([, fault], { skip }) => {
      const lacking = fault.lacks();
      if (lacking !== undefined) skip(`this machine lacks ${lacking}`);
      expect(await fault.inflict(1, true)).toMatchObject({ lost: 0, broken: [] });
    },
  );
});

import { deliveryFaults } from "./delivery/delivery-faults.ts";
import type { Fault } from "./fault.ts";
import { BROKER_FAULTS } from "./hostile/broker-faults.ts";
import { HOSTILE_CAMERA_FAULTS } from "./hostile/camera-faults.ts";
import { OUTBOX_FAULTS } from "./hostile/outbox-faults.ts";
import { VIEW_FAULTS } from "./hostile/view-faults.ts";
import { mutatedInputs } from "./mutants.ts";
import { CAMERA_FAULTS } from "./watching/camera-faults.ts";
import { DETECTOR_FAULTS } from "./watching/detector-faults.ts";

/** All rows of `npm run test:faults`, in order. */
export const FAULTS: readonly Fault[] = [
  ...deliveryFaults("street"),
  ...CAMERA_FAULTS,
  ...DETECTOR_FAULTS,
  ...BROKER_FAULTS,
  ...OUTBOX_FAULTS,
  ...VIEW_FAULTS,
  ...HOSTILE_CAMERA_FAULTS,
  mutatedInputs,
];

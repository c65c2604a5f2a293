import { deliveryFaults } from "./delivery/delivery-faults.ts";
import type { Fault } from "./fault.ts";
import { mutatedInputs } from "./mutants.ts";

/** Every row of `npm run test:faults`, in its order. */
export const FAULTS: readonly Fault[] = [...deliveryFaults("street"), mutatedInputs];

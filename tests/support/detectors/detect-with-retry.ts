import { setTimeout as sleep } from "node:timers/promises";
import {
  type Detector,
  DetectorFault,
  type Inference,
  type Thresholds,
} from "../../../detectors/detector.ts";

/** Retries a frame while the detector restarts. Any other fault is thrown. */
export async function detectWithRetry(
  detector: Detector,
  pixels: Uint8Array,
  thresholds: Thresholds,
): Promise<Inference> {
  for (;;) {
    try {
      return await detector.detect(pixels, thresholds);
    } catch (error) {
      if (!(error instanceof DetectorFault) || error.kind !== "unavailable") throw error;
      await sleep(5);
    }
  }
}

/** The kind of fault that this frame ends with. */
export async function faultOf(answer: Promise<Inference>): Promise<DetectorFault["kind"]> {
  const outcome: unknown = await answer.catch((error: unknown) => error);
  if (outcome instanceof DetectorFault) return outcome.kind;
  throw new Error(`expected a DetectorFault, got ${String(outcome)}`);
}

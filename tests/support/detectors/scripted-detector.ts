import { type Detection, type Detector, DetectorFault, type ModelInfo } from "../../../detectors/detector.ts";

/** A model of 64×32 pixels with two labels. */
export const SMALL_MODEL: ModelInfo = {
  name: "scripted",
  input: { width: 64, height: 32 },
  picture: { fit: "letterbox-centre", pad: 114, filter: "linear" },
  labels: ["person", "dog"],
  precision: "f32",
  features: ["simd128"],
  licence: "none",
  sha256: "ab".repeat(32),
  bytes: 1000,
  memoryBytes: 65536,
  imports: [],
};

/** The result for one frame: detections in pixels of the model input, a fault, or no reply at all. */
export type Answer = readonly Detection[] | "fault" | "silence";

/** A detector that takes one result per frame from a script and repeats the last one. */
export function scriptedDetector(script: readonly Answer[]): Detector & { readonly asked: () => number } {
  let frames = 0;
  return {
    model: SMALL_MODEL,
    runtime: "wasmer",
    asked: () => frames,
    async detect() {
      const answer = script[Math.min(frames++, script.length - 1)] ?? [];
      if (answer === "silence") return new Promise(() => {});
      if (answer === "fault") throw new DetectorFault("trap", "scripted");
      return { detections: answer, inferenceMs: 10 };
    },
    stats: () => ({
      state: "working" as const,
      frames,
      faults: { deadline: 0, trap: 0, exit: 0, garbage: 0, oversized: 0, unavailable: 0 },
      restarts: 0,
      inferenceMs: 10,
    }),
    [Symbol.asyncDispose]: async () => {},
  };
}

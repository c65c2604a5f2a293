import type { Contestant, ContestantChoice } from "./contestant.ts";
import { loadOnnxruntimeNode, loadOnnxruntimeWeb } from "./onnxruntime.ts";
import { loadTfjs } from "./tfjs.ts";

/** The thresholds of YOLOv5's own detect.py. */
const THRESHOLDS = { score: 0.25, iou: 0.45 };

/** Loads a contestant's model until the next thing it can do is answer. */
export async function loadContestant(choice: ContestantChoice): Promise<Contestant> {
  switch (choice.name) {
    case "onnxruntime-web":
      return await loadOnnxruntimeWeb(choice.modelPath, choice);
    case "onnxruntime-node":
      return await loadOnnxruntimeNode(choice.modelPath, choice);
    case "tfjs-backend-wasm":
      return await loadTfjs(choice.modelPath, choice);
    case "sabrewing": {
      // Loaded here, not above: the others' memory shall not hold it.
      const { openDetector } = await import("../../detectors/runtime/pool.ts");
      const detector = await openDetector(choice.modelPath, {
        runtime: choice.engine === "v8" ? "v8" : "wasmer",
        instances: 1,
        deadlineMs: 60_000,
      });
      return {
        infer: async (pixels) => {
          await detector.detect(pixels, THRESHOLDS);
        },
        [Symbol.asyncDispose]: () => detector[Symbol.asyncDispose](),
      };
    }
  }
}

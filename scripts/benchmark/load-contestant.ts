import type { Contestant, ContestantChoice } from "./contestant.ts";

/** Loads a contestant's model until the next thing it can do is answer. Nobody else's code is loaded. */
export async function loadContestant(choice: ContestantChoice): Promise<Contestant> {
  switch (choice.name) {
    case "onnxruntime-web":
      return (await import("./onnxruntime.ts")).loadOnnxruntimeWeb(choice.modelPath, choice);
    case "onnxruntime-node":
      return (await import("./onnxruntime.ts")).loadOnnxruntimeNode(choice.modelPath, choice);
    case "tfjs-backend-wasm":
      return (await import("./tfjs.ts")).loadTfjs(choice.modelPath, choice);
    case "peak":
      return (await import("./peak.ts")).loadPeak(choice.variant);
    case "sabrewing":
      return (await import("./sabrewing.ts")).loadSabrewing(choice.modelPath, choice.engine);
  }
}

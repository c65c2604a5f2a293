import type { Contestant, ContestantChoice } from "./contestant.ts";

/**
 * Loads a contestant and its model until it is ready for an inference. It loads no code of other contestants.
 * @param warmUp see `loadSabrewing`
 */
export async function loadContestant(choice: ContestantChoice, warmUp: boolean): Promise<Contestant> {
  switch (choice.name) {
    case "onnxruntime-web": {
      const { networkContestant, openOnnxruntimeWeb } = await import("./onnxruntime.ts");
      return networkContestant(openOnnxruntimeWeb(choice.modelPath, choice), choice);
    }
    case "onnxruntime-node": {
      const { networkContestant, openOnnxruntimeNode } = await import("./onnxruntime.ts");
      return networkContestant(openOnnxruntimeNode(choice.modelPath, choice), choice);
    }
    case "tfjs-backend-wasm":
      return (await import("./tfjs.ts")).loadTfjs(choice.modelPath, choice);
    case "peak":
      return (await import("./peak.ts")).loadPeak(choice.variant);
    case "sabrewing":
      return (await import("./sabrewing.ts")).loadSabrewing(choice.modelPath, choice.engine, warmUp);
  }
}

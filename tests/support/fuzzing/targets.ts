import { checkpointTarget } from "./checkpoint-target.ts";
import { configTarget } from "./config-target.ts";
import { moduleTarget, openingTarget } from "./module-target.ts";
import { onnxTarget } from "./onnx-target.ts";
import { replyTarget } from "./reply-target.ts";
import { requestTarget } from "./request-target.ts";
import type { FuzzTarget } from "./target.ts";
import { tfjsTarget } from "./tfjs-target.ts";

/** Everything that takes input from outside, and out of 1000 mutants how many each gets: more where an input is quick. */
export const TARGETS: Readonly<
  Record<string, { readonly share: number; readonly open: () => FuzzTarget | Promise<FuzzTarget> }>
> = {
  "the ONNX importer": { share: 250, open: onnxTarget },
  "the checkpoint importer": { share: 200, open: checkpointTarget },
  "the TensorFlow.js importer": { share: 200, open: tfjsTarget },
  "the configuration": { share: 100, open: configTarget },
  "the module loader": { share: 150, open: moduleTarget },
  "opening a detector": { share: 2, open: openingTarget },
  "a module's requests": { share: 48, open: requestTarget },
  "a module's replies": { share: 50, open: replyTarget },
};

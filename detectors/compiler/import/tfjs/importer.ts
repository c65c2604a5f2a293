import { defaultLabels } from "../default-labels.ts";
import { importDetector } from "../detector.ts";
import { damagedTfjs } from "../errors.ts";
import type { FileModel, Importer } from "../importer.ts";
import type { NdArray } from "../nd-array.ts";
import { orderNodes, type TfjsGraph } from "./graph.ts";
import { imageSides, importNetwork } from "./network.ts";
import { tfjsOrigin } from "./origin.ts";
import { decodeTfjs, isTfjs, tfjsShards } from "./schema.ts";
import { importTensors } from "./tensors/importer.ts";
import { readWeights } from "./weights.ts";

/** TensorFlow.js graph models: `model.json`, and weight files beside it. */
export const tfjsImporter: Importer = {
  format: "tfjs",
  matches: (main) => isTfjs(main),
  companions: (main) => tfjsShards(main),
  read({ main, companions }): FileModel {
    const model = decodeTfjs(main);
    const graph = orderNodes(model);
    const constants = constantsOf(graph, readWeights(model, companions));
    return {
      origin: tfjsOrigin(model),
      detector: (options) =>
        importDetector(
          {
            image: () => imageSides(graph),
            network: (cut, input, pixelScale) => importNetwork(graph, constants, cut, input, pixelScale),
            // The format has no place for the names of classes.
            labels: defaultLabels,
          },
          options,
        ),
      tensors: (options) => importTensors(graph, constants, options),
    };
  },
};

/** The numbers of all Const nodes, which the converter moves into the weight files. */
function constantsOf(
  { nodes }: TfjsGraph,
  weights: ReadonlyMap<string, NdArray>,
): ReadonlyMap<string, NdArray> {
  return new Map(
    nodes
      .filter(({ opType }) => opType === "Const")
      .map(({ name }) => {
        const tensor = weights.get(name);
        if (!tensor)
          throw damagedTfjs(`the manifest lists no weight for the constant ${JSON.stringify(name)}`);
        return [name, tensor];
      }),
  );
}

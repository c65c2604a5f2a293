import { importDetector } from "../detector.ts";
import type { FileModel, Importer } from "../importer.ts";
import { readLabels } from "./labels.ts";
import { imageSides, importNetwork } from "./network.ts";
import { onnxOrigin } from "./origin.ts";
import { readOnnx } from "./read-onnx.ts";
import { importTensors } from "./tensors/importer.ts";

/** The first byte of almost every ONNX file: the field of its IR version. */
const IR_VERSION_FIELD = 0x08;

/** ONNX (https://onnx.ai), operator sets 7 and later. */
export const onnxImporter: Importer = {
  format: "onnx",
  matches: (main, extension) => extension === ".onnx" || main[0] === IR_VERSION_FIELD,
  companions: () => [],
  read({ main }): FileModel {
    const model = readOnnx(main);
    const names = model.metadataProps.find(({ key }) => key === "names")?.value;
    return {
      origin: onnxOrigin(model),
      detector: (options) =>
        importDetector(
          {
            image: () => imageSides(model.graph),
            network: (cut, input, pixelScale) => importNetwork(model.graph, cut, input, pixelScale),
            labels: (classes) => readLabels(names, classes),
          },
          options,
        ),
      tensors: (options) => importTensors(model, options),
    };
  },
};

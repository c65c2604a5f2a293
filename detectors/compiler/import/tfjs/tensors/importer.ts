/** Imports any TensorFlow.js graph model with its own inputs and outputs. */
import type { ImportedTensors } from "../../../graph/graph.ts";
import { placeOf } from "../../file-node.ts";
import type { TensorOptions } from "../../importer.ts";
import type { NdArray } from "../../nd-array.ts";
import type { OnnxValueInfo } from "../../onnx/schema.ts";
import { importTensors as importOnnxTensors } from "../../onnx/tensors/importer.ts";
import { startSurvey } from "../../survey.ts";
import { SOURCES } from "../body.ts";
import type { TfjsGraph } from "../graph.ts";
import { dimsOf } from "../network.ts";
import type { TfjsNode } from "../schema.ts";
import { dataTypeOf, elementwiseNodes } from "./elementwise.ts";
import { movementNodes } from "./movement.ts";
import { Obstacle, startTranslation, type Translate } from "./translation.ts";
import { windowNodes } from "./windows.ts";

/** The operator set of the nodes that the translation writes. */
const OPSET = 18;

/** @throws ModelError that names every operator or value that cannot be compiled. */
export function importTensors(
  { nodes, inputs, outputs }: TfjsGraph,
  constants: ReadonlyMap<string, NdArray>,
  options: TensorOptions,
): ImportedTensors {
  const translators: ReadonlyMap<string, Translate> = new Map(
    Object.entries({
      ...elementwiseNodes,
      ...movementNodes,
      ...windowNodes((input) => constants.get(input)?.shape[2]),
    }),
  );
  const survey = startSurvey("node");
  const translation = startTranslation(constants);
  /** Runs what may meet an obstacle. */
  const attempt = (node: TfjsNode, run: () => void): void => {
    try {
      run();
    } catch (error) {
      if (!(error instanceof Obstacle)) throw error;
      survey.add(`${node.opType} ${error.message}`, placeOf(node));
    }
  };
  const infos: OnnxValueInfo[] = [];
  for (const node of inputs) attempt(node, () => void infos.push(inputInfo(node)));
  for (const node of nodes) {
    if (SOURCES.has(node.opType)) continue;
    const translate = translators.get(node.opType);
    if (translate === undefined) survey.add(node.opType, placeOf(node));
    else attempt(node, () => translate(translation.call(node)));
  }
  survey.refuse(
    "The TensorFlow.js model uses operators that cannot be compiled:",
    "Replace them before the conversion, or convert only the part of the model in front of them.",
  );
  const graph = {
    node: translation.nodes,
    initializer: translation.initializers,
    sparseInitializer: [],
    input: infos,
    output: outputs.map((name) => ({ name })),
    valueInfo: [],
  };
  return importOnnxTensors(
    { graph, opsetImport: [{ domain: "", version: OPSET }], metadataProps: [] },
    options,
  );
}

/** Sizes of −1 are open. */
function inputInfo(node: TfjsNode): OnnxValueInfo {
  const isRanked = node.attr.get("shape")?.shape?.unknownRank !== true && node.attr.has("shape");
  const dim = dimsOf(node).map((size) => (size < 0 ? {} : { dimValue: size }));
  return {
    name: node.name,
    type: { tensorType: { elemType: dataTypeOf(node, "dtype"), ...(isRanked ? { shape: { dim } } : {}) } },
  };
}

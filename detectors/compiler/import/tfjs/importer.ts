import { ModelError } from "../../../errors.ts";
import { buildGraph } from "../../graph/builder.ts";
import { coarsestStride } from "../../graph/coarsest-stride.ts";
import type { ImageSize, ImportedModel } from "../../graph/graph.ts";
import { checkSize, retype } from "../../graph/retype.ts";
import { ShapeError } from "../../ops/shapes.ts";
import { defaultLabels } from "../default-labels.ts";
import { damagedTfjs } from "../errors.ts";
import { importBody, refuseUnsupported } from "./body.ts";
import type { BodyContext, BodyValue } from "./body-value.ts";
import { type HeadMap, recogniseCenterNet } from "./centernet-head.ts";
import { type CutGraph, cutBehindConvolutions } from "./cut.ts";
import { orderNodes, type TfjsGraph } from "./graph.ts";
import { decodeTfjs, type TfjsNode } from "./schema.ts";
import { readWeights, type TfjsTensor } from "./weights.ts";

/** How to import a TensorFlow.js graph model. */
export interface TfjsOptions {
  /** The model's name. */
  readonly name: string;
  /** Size of the input. Default: the file's own. */
  readonly size?: ImageSize;
  /** Names of its classes, which the format does not store. Default: `defaultLabels`. */
  readonly labels?: readonly string[];
}

/**
 * Imports a CenterNet detector from a TensorFlow.js graph model that takes RGB images of 0..255. The network is translated.
 * The search for peaks behind it is only recognised and replaced by our own, so the model can be compiled for any input
 * size.
 * @param modelJson bytes of model.json
 * @param shards contents of its weight files by the names that model.json gives them
 * @throws ModelError when a file is damaged, has operators that cannot be compiled (it lists all), or another head.
 */
export function importTfjs(
  modelJson: Uint8Array,
  shards: ReadonlyMap<string, Uint8Array>,
  options: TfjsOptions,
): ImportedModel {
  const model = decodeTfjs(modelJson);
  const graph = orderNodes(model);
  const cut = cutBehindConvolutions(graph);
  const constants = constantsOf(graph, readWeights(model, shards));
  refuseUnsupported(cut, constants);
  try {
    return build(graph, cut, constants, options);
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    throw damagedTfjs(`its nodes do not fit together: ${error.message}`, error);
  }
}

/** The numbers of all Const nodes, which the converter moves into the weight files. */
function constantsOf(
  { nodes }: TfjsGraph,
  weights: ReadonlyMap<string, TfjsTensor>,
): ReadonlyMap<string, TfjsTensor> {
  return new Map(
    nodes
      .filter(({ op }) => op === "Const")
      .map(({ name }) => {
        const tensor = weights.get(name);
        if (!tensor)
          throw damagedTfjs(`the manifest lists no weight for the constant ${JSON.stringify(name)}`);
        return [name, tensor];
      }),
  );
}

function build(
  graph: TfjsGraph,
  cut: CutGraph,
  constants: ReadonlyMap<string, TfjsTensor>,
  { name, size, labels }: TfjsOptions,
): ImportedModel {
  const input = imageInput(graph);
  const own = inputSize(input, size);
  checkSize(own, 1);
  const builder = buildGraph();
  const pixels = builder.image(own.height, own.width, `${input.name}.pixels`);
  const scaled = builder.add("normalize", [pixels], { scale: 1 }, input.name);
  const values = new Map<string, BodyValue>([[input.name, { kind: "map", name: scaled }]]);
  for (const [constant, array] of constants) values.set(constant, { kind: "array", array });
  const context: BodyContext = { builder, values };
  importBody(context, cut.body);

  const { tail } = cut;
  const maps = mapsFor(context, tail);
  const head = recogniseCenterNet({ input: own, maps, tail, outputs: graph.outputs, constants });
  const { heat, sizes, stride, candidates } = head;
  const classes = heat.shape[2];
  if (labels && labels.length !== classes) {
    throw new ModelError(
      `Expected ${classes} labels, one for each class of the model, received ${labels.length}.`,
      "Give one label per class, in the order of the model's classes.",
    );
  }
  const boxes = builder.add("centernet_detect", [heat.map, sizes.map], { stride, candidates });
  const imported = builder.finish(boxes);
  return {
    name,
    labels: labels ?? defaultLabels(classes),
    graph: size ? resized(imported, own, size) : imported,
  };
}

/**
 * Retypes the graph for another size. SAME padding depends on the map's size unless that is a multiple of the stride. So both
 * sizes must be multiples of the coarsest stride; then all paddings stay the same.
 */
function resized(graph: ImportedModel["graph"], own: ImageSize, size: ImageSize): ImportedModel["graph"] {
  if (size.width === own.width && size.height === own.height) return graph;
  const stride = coarsestStride(graph);
  for (const asked of [own, size]) checkSize(asked, stride);
  return retype(graph, size);
}

/** The only placeholder, which must be an RGB image. */
function imageInput({ nodes }: TfjsGraph): TfjsNode {
  const [input, ...more] = nodes.filter(({ op }) => op === "Placeholder");
  const [batch = -1, height, width, channels, ...rest] = dimsOf(input);
  const isImage = Math.abs(batch) === 1 && height !== undefined && width !== undefined && channels === 3;
  if (input && isImage && more.length === 0 && rest.length === 0) return input;
  const seen = [input, ...more].map((node) => node && `"${node.name}" [${dimsOf(node).join(", ")}]`);
  throw new ModelError(
    `Expected a TensorFlow.js model with one input [1, height, width, 3], received ${seen.slice(0, 8).join(", ") || "none"}.`,
    "Convert a model that takes one image at a time.",
  );
}

/** The node's shape. Sizes that the file leaves open are −1. */
function dimsOf(node: TfjsNode | undefined): number[] {
  return (node?.attr.get("shape")?.shape?.dim ?? []).map(({ size = -1 }) => size);
}

/** The file's input size. Sides that the file leaves open must be requested. */
function inputSize(input: TfjsNode, requested: ImageSize | undefined): ImageSize {
  const [, height = -1, width = -1] = dimsOf(input);
  const size = {
    height: height > 0 ? height : requested?.height,
    width: width > 0 ? width : requested?.width,
  };
  if (size.height !== undefined && size.width !== undefined)
    return { height: size.height, width: size.width };
  throw new ModelError(
    "The TensorFlow.js model does not state its input size.",
    "Give one, for example --size 512x512.",
  );
}

/** The feature maps of the body that the tail reads, each with all its names. */
function mapsFor({ builder, values }: BodyContext, tail: readonly TfjsNode[]): HeadMap[] {
  const names = new Map<string, string[]>();
  for (const name of new Set(tail.flatMap(({ input }) => input))) {
    const value = values.get(name);
    if (value?.kind === "map") names.set(value.name, [...(names.get(value.name) ?? []), name]);
  }
  return [...names].map(([map, aliases]) => {
    const [height = 0, width = 0, channels = 0] = builder.typeOf(map).shape;
    return { names: aliases, map, shape: [height, width, channels] };
  });
}

import { ModelError } from "../../../errors.ts";
import { buildGraph } from "../../graph/builder.ts";
import { coarsestStride } from "../../graph/coarsest-stride.ts";
import type { ImportedModel } from "../../graph/graph.ts";
import { checkSize, type PictureSize, retype } from "../../graph/retype.ts";
import { ShapeError } from "../../ops/operator.ts";
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
  /** What the model shall be called. */
  readonly name: string;
  /** Pixels of the picture it shall take; what the file was made for when not given. */
  readonly size?: PictureSize;
  /** What its classes are called, which the format has no place for; COCO's names for 80 classes when not given. */
  readonly labels?: readonly string[];
}

/**
 * Imports a CenterNet detector from a TensorFlow.js graph model that takes RGB pictures of 0..255. The network is
 * translated; the search for peaks behind it is only recognised and replaced by our own, so that the model can
 * be had for any picture size.
 * @param modelJson bytes of model.json
 * @param shards contents of its weight files by the names that model.json gives them
 * @throws ModelError when a file is damaged, has operators that cannot be compiled (all listed), or another head.
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

/** The converter moves the numbers of all Const nodes into the weight files. */
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
  const input = pictureInput(graph);
  const picture = pictureSize(input, size);
  checkSize(picture, 1);
  const builder = buildGraph();
  const pixels = builder.input(picture.height, picture.width, `${input.name}.pixels`);
  const scaled = builder.add("normalize", [pixels], { scale: 1 }, input.name);
  const values = new Map<string, BodyValue>([[input.name, { kind: "map", name: scaled }]]);
  for (const [constant, array] of constants) values.set(constant, { kind: "array", array });
  const context: BodyContext = { builder, values };
  importBody(context, cut.body);

  const { tail } = cut;
  const maps = mapsFor(context, tail);
  const head = recogniseCenterNet({ picture, maps, tail, outputs: graph.outputs, constants });
  const { heat, sizes, stride, candidates } = head;
  const classes = heat.shape[2];
  if (labels && labels.length !== classes) {
    throw new ModelError(
      `Expected ${classes} labels for the classes that the model tells apart, received ${labels.length}.`,
      "Give one label per class, in the model's order.",
    );
  }
  const boxes = builder.add("centernet_detect", [heat.map, sizes.map], { stride, candidates });
  const imported = builder.finish(pixels, boxes);
  return {
    name,
    labels: labels ?? defaultLabels(classes),
    graph: size ? resized(imported, picture, size) : imported,
  };
}

/**
 * SAME padding depends on the map's size, but not where that is a multiple of the stride: so from a size that leaves
 * nothing over to another one all paddings stay.
 */
function resized(graph: ImportedModel["graph"], own: PictureSize, size: PictureSize): ImportedModel["graph"] {
  if (size.width === own.width && size.height === own.height) return graph;
  const stride = coarsestStride(graph);
  for (const asked of [own, size]) checkSize(asked, stride);
  return retype(graph, size);
}

/** The one placeholder. */
function pictureInput({ nodes }: TfjsGraph): TfjsNode {
  const [input, ...more] = nodes.filter(({ op }) => op === "Placeholder");
  const [batch = -1, height, width, channels, ...rest] = dimsOf(input);
  const isPicture = Math.abs(batch) === 1 && height !== undefined && width !== undefined && channels === 3;
  if (input && isPicture && more.length === 0 && rest.length === 0) return input;
  const seen = [input, ...more].map((node) => node && `"${node.name}" [${dimsOf(node).join(", ")}]`);
  throw new ModelError(
    `Expected a TensorFlow.js model of one input [1, height, width, 3], received ${seen.slice(0, 8).join(", ") || "none"}.`,
    "Convert a model that takes one picture at a time.",
  );
}

/** Sizes that a file leaves open are −1. */
function dimsOf(node: TfjsNode | undefined): number[] {
  return (node?.attr.get("shape")?.shape?.dim ?? []).map(({ size = -1 }) => size);
}

/** Where the file leaves a side open, it has to be said. */
function pictureSize(input: TfjsNode, wished: PictureSize | undefined): PictureSize {
  const [, height = -1, width = -1] = dimsOf(input);
  const size = { height: height > 0 ? height : wished?.height, width: width > 0 ? width : wished?.width };
  if (size.height !== undefined && size.width !== undefined)
    return { height: size.height, width: size.width };
  throw new ModelError(
    "The TensorFlow.js model does not say for which picture size it was made.",
    "Name one: --size 512x512.",
  );
}

/** The feature maps of the body that the tail looks at, each under all its names. */
function mapsFor({ builder, values }: BodyContext, tail: readonly TfjsNode[]): HeadMap[] {
  const names = new Map<string, string[]>();
  for (const name of new Set(tail.flatMap(({ input }) => input))) {
    const value = values.get(name);
    if (value?.kind === "map") names.set(value.name, [...(names.get(value.name) ?? []), name]);
  }
  return [...names].map(([map, itsNames]) => {
    const [height = 0, width = 0, channels = 0] = builder.typeOf(map).shape;
    return { names: itsNames, map, shape: [height, width, channels] };
  });
}

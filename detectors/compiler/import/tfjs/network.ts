/** The network of a TensorFlow.js detector: feature maps with a batch of 1, up to the cut in front of its head. */
import { ModelError } from "../../../errors.ts";
import { buildGraph } from "../../graph/builder.ts";
import type { ImageSize } from "../../graph/graph.ts";
import { type CutGraph, type CutOperators, type CutRule, cutGraph } from "../cut.ts";
import type { ImportedNetwork } from "../detector.ts";
import { evaluateNodes } from "../evaluator.ts";
import { placeOf } from "../file-node.ts";
import type { ExportedTail, HeadMap } from "../heads/head.ts";
import { type NdArray, zeros } from "../nd-array.ts";
import { startSurvey } from "../survey.ts";
import { importBody, SOURCES, surveyBody } from "./body.ts";
import type { BodyContext, BodyValue } from "./body-value.ts";
import { CONVOLUTIONS } from "./convolution.ts";
import { tfjsEvaluator } from "./evaluator.ts";
import type { TfjsGraph } from "./graph.ts";
import type { TfjsNode } from "./schema.ts";

const CUT: CutOperators = {
  convolutions: CONVOLUTIONS,
  elementwise: new Set(["BiasAdd", "Add", "AddV2", "Sub", "Mul", "Relu", "Relu6", "Sigmoid", "Identity"]),
  constants: new Set(["Const"]),
};

/** The sides of the only input, an image [1, height, width, 3]. Sides that the file leaves open are undefined. */
export function imageSides(graph: TfjsGraph): {
  readonly width: number | undefined;
  readonly height: number | undefined;
} {
  const [, height = -1, width = -1] = dimsOf(imageInput(graph));
  return { width: width > 0 ? width : undefined, height: height > 0 ? height : undefined };
}

/**
 * Translates the network up to a cut.
 * @param pixelScale factor between the bytes of an image and the numbers that the network takes
 * @throws ModelError that lists every operator that cannot be compiled.
 */
export function importNetwork(
  graph: TfjsGraph,
  constants: ReadonlyMap<string, NdArray>,
  rule: CutRule,
  input: ImageSize,
  pixelScale: number,
): ImportedNetwork {
  const cut = cutGraph(graph.nodes, graph.outputs, new Set(), CUT, rule);
  refuseUnsupported(cut, constants);
  const { name } = imageInput(graph);
  const builder = buildGraph();
  const pixels = builder.image(input.height, input.width, `${name}.pixels`);
  const scaled = builder.add("normalize", [pixels], { scale: pixelScale }, name);
  const values = new Map<string, BodyValue>([[name, { kind: "map", name: scaled }]]);
  for (const [constant, array] of constants) values.set(constant, { kind: "array", array });
  const context: BodyContext = { builder, values };
  importBody(context, cut.body);
  return { builder, tail: exportedTail(context, cut.tail, constants, graph.outputs, input) };
}

/** @throws ModelError listing every operator that cannot be compiled, with the number and names of its nodes. */
function refuseUnsupported(
  { body, tail }: CutGraph<TfjsNode>,
  constants: ReadonlyMap<string, NdArray>,
): void {
  const survey = startSurvey("node");
  const { knows } = tfjsEvaluator();
  surveyBody(body, constants, (what, node) => survey.add(what, placeOf(node)));
  for (const node of tail) {
    if (!SOURCES.has(node.opType) && !knows(node.opType)) survey.add(node.opType, placeOf(node));
  }
  survey.refuse(
    "it uses operators that cannot be compiled for a detector:",
    "Only convolutional CenterNet detectors in NHWC layout are supported, such as the one that `sabrewing pull mobilenet` fetches.",
  );
}

/** The only placeholder, which must be an RGB image. */
function imageInput({ nodes }: TfjsGraph): TfjsNode {
  const [input, ...more] = nodes.filter(({ opType }) => opType === "Placeholder");
  const [batch = -1, height, width, channels, ...rest] = dimsOf(input);
  const isImage = Math.abs(batch) === 1 && height !== undefined && width !== undefined && channels === 3;
  if (input && isImage && more.length === 0 && rest.length === 0) return input;
  const seen = [input, ...more].map((node) => node && `"${node.name}" [${dimsOf(node).join(", ")}]`);
  throw new ModelError(
    `expected one input [1, height, width, 3], received ${seen.slice(0, 8).join(", ") || "none"}`,
    "Convert a model that takes one image at a time.",
  );
}

/** The node's shape. Sizes that the file leaves open are −1. */
export function dimsOf(node: TfjsNode | undefined): number[] {
  return (node?.attr.get("shape")?.shape?.dim ?? []).map(({ size = -1 }) => size);
}

/** What is behind the network. */
function exportedTail(
  { builder, values }: BodyContext,
  tail: readonly TfjsNode[],
  constants: ReadonlyMap<string, NdArray>,
  outputs: readonly string[],
  input: ImageSize,
): ExportedTail {
  // A map may have several names, through Identity.
  const namesOf = new Map<string, string[]>();
  for (const name of new Set([...tail.flatMap(({ input: read }) => read), ...outputs])) {
    const value = values.get(name);
    if (value?.kind === "map") namesOf.set(value.name, [...(namesOf.get(value.name) ?? []), name]);
  }
  const maps = [...namesOf].map(([value, names]): HeadMap => {
    const [height = 0, width = 0, channels = 0] = builder.typeOf(value).shape;
    const readers = tail.flatMap((node) =>
      node.input.some((name) => names.includes(name)) ? [node.opType] : [],
    );
    return { name: names[0] ?? "", value, height, width, channels, readers };
  });
  const computed = tail.filter(({ opType }) => !SOURCES.has(opType));
  return {
    input,
    maps,
    outputs,
    run(numbers) {
      const known = new Map(constants);
      for (const [index, { value, height, width, channels }] of maps.entries()) {
        const array = zeros("float", [1, height, width, channels]);
        array.data.set(numbers[index] ?? []);
        for (const name of namesOf.get(value) ?? []) known.set(name, array);
      }
      evaluateNodes(computed, known, tfjsEvaluator(), outputs);
      return known;
    },
  };
}

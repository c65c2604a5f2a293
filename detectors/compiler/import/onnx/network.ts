/** The network of an ONNX detector: feature maps with a batch of 1, up to the cut in front of its head. */
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
import { bodyObstacle, importBody } from "./body.ts";
import type { BodyContext, BodyValue } from "./body-value.ts";
import { onnxEvaluator } from "./evaluator.ts";
import { readTensor } from "./read-tensor.ts";
import { isStandard, type OnnxGraph, type OnnxNode, operatorName } from "./schema.ts";

const CUT: CutOperators = {
  convolutions: new Set(["Conv"]),
  elementwise: new Set(["Add", "Sub", "Mul", "Div", "Sigmoid", "Identity", "Cast"]),
  constants: new Set(["Constant"]),
};

/** Cuts a detector. */
export function cutOnnx({ node: nodes, output, initializer }: OnnxGraph, rule: CutRule): CutGraph<OnnxNode> {
  const outputs = output.map(({ name = "" }) => name);
  return cutGraph(nodes, outputs, new Set(initializer.map(({ name = "" }) => name)), CUT, rule);
}

/** The sides of the only input, an image [1, 3, height, width]. Sides that the file leaves open (0 or a name) are undefined. */
export function imageSides(graph: OnnxGraph): {
  readonly width: number | undefined;
  readonly height: number | undefined;
} {
  const [, , height, width] = imageInput(graph).dims;
  return { width: width || undefined, height: height || undefined };
}

/**
 * Translates the network up to a cut.
 * @param pixelScale factor between the bytes of an image and the numbers that the network takes
 * @throws ModelError that lists every operator that cannot be compiled.
 */
export function importNetwork(
  graph: OnnxGraph,
  rule: CutRule,
  input: ImageSize,
  pixelScale: number,
): ImportedNetwork {
  const cut = cutOnnx(graph, rule);
  refuseUnsupported(cut, new Set(graph.initializer.map(({ name }) => name ?? "")));
  const { name } = imageInput(graph);
  const builder = buildGraph();
  const pixels = builder.image(input.height, input.width);
  const scaled = builder.add("normalize", [pixels], { scale: pixelScale }, name);
  const values = new Map<string, BodyValue>([[name, { kind: "map", name: scaled }]]);
  for (const tensor of graph.initializer) {
    values.set(tensor.name ?? "", { kind: "array", array: readTensor(tensor) });
  }
  const context: BodyContext = { builder, evaluator: onnxEvaluator(), values, onlyUser: onlyUsers(graph) };
  importBody(context, cut.body);
  const outputs = graph.output.map((output) => output.name ?? "");
  return { builder, tail: exportedTail(context, cut, outputs, input) };
}

/** The only graph input that is not an initializer (files of IR version 3 list both as inputs). */
function imageInput(graph: OnnxGraph): { name: string; dims: readonly (number | undefined)[] } {
  const initializers = new Set(graph.initializer.map(({ name }) => name));
  const [input, ...more] = graph.input.filter(({ name }) => !initializers.has(name));
  const dims = input?.type?.tensorType?.shape?.dim.map(({ dimValue }) => dimValue);
  const [batch, channels] = dims ?? [];
  if (!input?.name || more.length > 0 || dims?.length !== 4 || (channels !== undefined && channels !== 3)) {
    const seen = graph.input.map(({ name, type }) => {
      const sizes = type?.tensorType?.shape?.dim.map(({ dimValue, dimParam }) => dimValue ?? dimParam ?? "?");
      return `"${name}" [${sizes?.join(", ") ?? ""}]`;
    });
    throw new ModelError(
      `expected one input [1, 3, height, width], received ${seen.slice(0, 8).join(", ") || "none"}`,
      "Export a YOLOv5 detection model with its own export.py.",
    );
  }
  if (batch !== undefined && batch > 1) {
    throw new ModelError(
      `it has a batch size of ${batch}, expected 1`,
      "Export it again with --batch-size 1.",
    );
  }
  return { name: input.name, dims };
}

/** @throws ModelError listing every operator that cannot be compiled, with the number and names of its nodes. */
function refuseUnsupported({ body, tail }: CutGraph<OnnxNode>, constants: ReadonlySet<string>): void {
  const survey = startSurvey("node");
  const { knows } = onnxEvaluator();
  const known = new Set(constants);
  for (const node of body) {
    const { opType = "" } = node;
    // Nodes that depend only on constants and shapes are computed during the import.
    const isConstant = node.input.every((name) => name === "" || known.has(name));
    if (isConstant || opType === "Shape") for (const output of node.output) known.add(output);
    const obstacle = isConstant ? (knows(opType) ? undefined : "") : bodyObstacle(node);
    if (!isStandard(node)) survey.add(operatorName(node), placeOf(node));
    else if (obstacle !== undefined) survey.add(`${opType}${obstacle && ` ${obstacle}`}`, placeOf(node));
  }
  for (const node of tail) {
    if (!isStandard(node) || !knows(node.opType ?? "")) survey.add(operatorName(node), placeOf(node));
  }
  survey.refuse(
    "it uses operators that cannot be compiled for a detector:",
    "Export a YOLOv5 v6 or v7 detector with its own export.py (without --nms and --int8), or compile the .pt file.",
  );
}

/** For each value, its only user; undefined when it has several or is a graph output. */
function onlyUsers({ node: nodes, output }: OnnxGraph): (value: string) => OnnxNode | undefined {
  const users = new Map<string, OnnxNode | undefined>(output.map(({ name }) => [name ?? "", undefined]));
  for (const node of nodes)
    for (const value of node.input) users.set(value, users.has(value) ? undefined : node);
  return (value) => users.get(value);
}

/** What is behind the network. ONNX has maps as [1, channels, height, width]. */
function exportedTail(
  context: BodyContext,
  { body, tail }: CutGraph<OnnxNode>,
  outputs: readonly string[],
  input: ImageSize,
): ExportedTail {
  const made = new Set(body.flatMap(({ output }) => output));
  const read = new Set([...tail.flatMap(({ input: names }) => names), ...outputs]);
  const names = [...read].filter((name) => made.has(name) && context.values.get(name)?.kind === "map");
  const maps = names.map((name): HeadMap => {
    const readers = tail.flatMap((node) => (node.input.includes(name) ? [node.opType ?? ""] : []));
    const { value, height, width, channels } = mapOf(context, name);
    return { name, value, height, width, channels, readers };
  });
  return {
    input,
    maps,
    outputs,
    run(numbers) {
      const values = knownValues(context, tail);
      for (const [index, map] of maps.entries()) values.set(map.name, channelsFirst(map, numbers[index]));
      evaluateNodes(tail, values, context.evaluator, outputs);
      return values;
    },
  };
}

function mapOf({ builder, values }: BodyContext, name: string) {
  const found = values.get(name);
  const value = found?.kind === "map" ? found.name : "";
  const [height = 0, width = 0, channels = 0] = builder.typeOf(value).shape;
  return { value, height, width, channels };
}

/** [height, width, channels] → [1, channels, height, width]. */
function channelsFirst({ height, width, channels }: HeadMap, numbers: Float32Array | undefined): NdArray {
  const array = zeros("float", [1, channels, height, width]);
  const cells = height * width;
  for (let index = 0; index < array.data.length; index++) {
    array.data[index] = numbers?.[(index % cells) * channels + Math.floor(index / cells)] ?? 0;
  }
  return array;
}

/** What the tail may use besides its maps: known numbers. Of other maps (for example the input) only the shape counts. */
function knownValues(context: BodyContext, tail: readonly OnnxNode[]): Map<string, NdArray> {
  const arrays = new Map<string, NdArray>();
  for (const name of new Set(tail.flatMap(({ input }) => input))) {
    const value = context.values.get(name);
    if (value?.kind === "array") arrays.set(name, value.array);
    if (value?.kind !== "map") continue;
    const { height, width, channels } = mapOf(context, name);
    arrays.set(name, zeros("float", [1, channels, height, width]));
  }
  return arrays;
}

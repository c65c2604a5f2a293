import { damagedOnnx } from "../errors.ts";
import { showNode } from "../file-node.ts";
import { decodeModel, type OnnxGraph, type OnnxModel } from "./schema.ts";

/** A model whose graph is in execution order. */
export interface OrderedOnnxModel extends OnnxModel {
  readonly graph: OnnxGraph;
}

/** @throws ModelError unless the bytes are an ONNX file with a graph whose nodes are in execution order. */
export function readOnnx(bytes: Uint8Array): OrderedOnnxModel {
  const model = decode(bytes);
  const { graph } = model;
  if (!graph) throw damagedOnnx("it has no graph");
  checkOrder(graph, () => false, 0);
  return { ...model, graph };
}

function decode(bytes: Uint8Array): OnnxModel {
  try {
    return decodeModel(bytes);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw damagedOnnx(`it is not an ONNX file, or it is truncated (${why})`, cause);
  }
}

/** Exporters nest a few branches at most. */
const MAX_NESTED_GRAPHS = 16;

/**
 * Checks that nodes are in execution order and each value has one producer (ONNX IR, "Graphs"): so there is no cycle. The graph of
 * an attribute also reads the values in front of its node.
 */
function checkOrder(
  { node: nodes, input, initializer, output }: OnnxGraph,
  isOuter: (name: string) => boolean,
  depth: number,
): void {
  if (depth > MAX_NESTED_GRAPHS)
    throw damagedOnnx(`its graphs are nested more than ${MAX_NESTED_GRAPHS} deep`);
  const known = new Set([...input, ...initializer].map(({ name = "" }) => name));
  const isInput = new Set(known);
  const isKnown = (name: string): boolean => known.has(name) || isOuter(name);
  for (const node of nodes) {
    for (const name of node.input) {
      if (name !== "" && !isKnown(name)) {
        throw damagedOnnx(`${showNode(node)} uses "${name}", which no earlier node produces`);
      }
    }
    for (const { g: inner } of node.attribute) {
      if (inner !== undefined) checkOrder(inner, isKnown, depth + 1);
    }
    for (const name of node.output) {
      if (name === "") continue;
      if (known.has(name)) {
        throw damagedOnnx(
          `${showNode(node)} produces "${name}", but ${isInput.has(name) ? "it is an input or initializer" : "an earlier node already does"}`,
        );
      }
      known.add(name);
    }
  }
  for (const { name = "" } of output) {
    if (!isKnown(name)) throw damagedOnnx(`no node produces the output "${name}"`);
  }
}

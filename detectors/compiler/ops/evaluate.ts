import type { Thresholds } from "../../contract.ts";
import type { Graph } from "../graph/graph.ts";
import type { Tensor } from "../graph/value.ts";
import { definitionOf, type Operator, type OperatorAttributes } from "./index.ts";

/** Computes an operator by its reference. */
export function evaluateOperator<K extends Operator>(
  op: K,
  inputs: readonly Tensor[],
  attributes: OperatorAttributes[K],
  thresholds: Thresholds,
): Tensor {
  return definitionOf(op).reference(inputs, attributes, thresholds);
}

/**
 * Runs a whole graph by its references, for tests: slow (seconds for a 640×640 YOLOv5n).
 *
 * @param image height × width × 3 bytes, RGB
 * @returns every value by name, constants included
 * @throws Error when the image has the wrong size, or a node uses a value that does not exist.
 */
export function evaluate(
  graph: Graph,
  image: Uint8Array,
  thresholds: Thresholds = { score: 0.25, iou: 0.45 },
): Map<string, Tensor> {
  const shape = graph.values.get(graph.input)?.shape ?? [];
  const expected = shape.reduce((product, size) => product * size, 1);
  if (image.length !== expected) {
    throw new Error(
      `expected an image of ${expected} bytes ([${shape.join(", ")}]), received ${image.length}`,
    );
  }
  const tensors = new Map<string, Tensor>(graph.constants);
  tensors.set(graph.input, { shape, data: image });
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((name) => {
      const tensor = tensors.get(name);
      if (!tensor) throw new Error(`${node.op} "${node.output}" uses "${name}", which is not computed yet`);
      return tensor;
    });
    tensors.set(node.output, evaluateOperator(node.op, inputs, node.attributes, thresholds));
  }
  return tensors;
}

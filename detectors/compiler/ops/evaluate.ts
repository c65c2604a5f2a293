import type { Thresholds } from "../../contract.ts";
import type { Graph, Operator, OperatorAttributes } from "../graph/graph.ts";
import { operators } from "./index.ts";
import type { Tensor } from "./operator.ts";

/** Computes one operator by its reference. */
export function evaluateOperator<K extends Operator>(
  op: K,
  inputs: readonly Tensor[],
  attributes: OperatorAttributes[K],
  thresholds: Thresholds,
): Tensor {
  return operators[op].reference(inputs, attributes, thresholds);
}

/**
 * Runs a whole graph by the plain references: slow (seconds for a 640×640 YOLOv5n), for tests.
 *
 * @param picture height × width × 3 bytes, RGB
 * @returns every value by name, constants included
 * @throws Error when the picture has another size, or a node uses a value that is not there.
 */
export function evaluate(
  graph: Graph,
  picture: Uint8Array,
  thresholds: Thresholds = { score: 0.25, iou: 0.45 },
): Map<string, Tensor> {
  const shape = graph.values.get(graph.input)?.shape ?? [];
  const expected = shape.reduce((product, size) => product * size, 1);
  if (picture.length !== expected) {
    throw new Error(
      `expected a picture of ${expected} bytes ([${shape.join(", ")}]), received ${picture.length}`,
    );
  }
  const tensors = new Map<string, Tensor>(graph.constants);
  tensors.set(graph.input, { shape, data: picture });
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((name) => {
      const tensor = tensors.get(name);
      if (!tensor) throw new Error(`${node.op} "${node.output}" uses "${name}", which is not there yet`);
      return tensor;
    });
    tensors.set(node.output, evaluateOperator(node.op, inputs, node.attributes, thresholds));
  }
  return tensors;
}

import type { Thresholds } from "../../contract.ts";
import { typeOf } from "../graph/facts.ts";
import { type Graph, imageInput } from "../graph/graph.ts";
import type { Tensor } from "../graph/value.ts";
import { definitionOf, type Operator, type OperatorAttributes } from "./index.ts";
import { elements, showType } from "./shapes.ts";
import { zeroTensor } from "./tensors.ts";

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
  const { name, size } = imageInput(graph);
  return evaluateTensors(
    graph,
    new Map([[name, { shape: [size.height, size.width, 3], data: image }]]),
    thresholds,
  );
}

/**
 * Runs a graph with any inputs by its references. States that `inputs` does not give have their initial numbers.
 * @throws Error when an input is missing or has another size, or a node uses a value that does not exist.
 */
export function evaluateTensors(
  graph: Graph,
  inputs: ReadonlyMap<string, Tensor>,
  thresholds: Thresholds = { score: 0.25, iou: 0.45 },
): Map<string, Tensor> {
  const initial = graph.states.map(({ value, initial: constant = "" }): [string, Tensor] => {
    const { dtype, shape } = typeOf(graph, value);
    return [value, graph.constants.get(constant) ?? zeroTensor(dtype, shape)];
  });
  const tensors = new Map<string, Tensor>([...graph.constants, ...initial, ...inputs]);
  for (const input of graph.inputs) {
    const type = typeOf(graph, input);
    const received = tensors.get(input)?.data.length ?? 0;
    if (received !== elements(type.shape)) {
      throw new Error(`expected ${showType(type)} for "${input}", received ${received} numbers`);
    }
  }
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

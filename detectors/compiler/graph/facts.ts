import type { Activation } from "../ops/activation.ts";
import { definitionOf, type Operator } from "../ops/index.ts";
import type { Border, IntegerUse, MapWriting } from "../ops/operator.ts";
import type { Graph, Node } from "./graph.ts";
import type { ValueType } from "./value.ts";

/** An operator's facts, for the attributes of one node. `OperatorDefinition` describes them. */
export interface NodeFacts {
  readonly usesThresholds: boolean;
  readonly elementwise: boolean;
  readonly activation: Activation | undefined;
  readonly stride: number;
  readonly cellStrides: readonly number[];
  readonly joinedAxis: number | undefined;
  readonly border: Border | undefined;
  readonly writes: MapWriting;
  readonly integers: IntegerUse;
  readonly shown: string;
}

/** The facts of a node. */
export function factsOf<K extends Operator>({ op, attributes }: Node<K>): NodeFacts {
  const definition = definitionOf(op as K);
  const { usesThresholds, elementwise, writes, integers } = definition;
  return {
    usesThresholds,
    elementwise,
    writes,
    integers,
    activation: definition.activation(attributes),
    stride: definition.stride(attributes),
    cellStrides: definition.cellStrides(attributes),
    joinedAxis: definition.joinedAxis(attributes),
    border: definition.border(attributes),
    shown: definition.show(attributes),
  };
}

/** The multiplications of a node's plain definition. */
export function multiplicationsOf<K extends Operator>(node: Node<K>, graph: Graph): number {
  const { op, inputs, output, attributes } = node;
  return definitionOf(op as K).multiplications(
    inputs.map((input) => typeOf(graph, input)),
    typeOf(graph, output),
    attributes,
  );
}

/** The type of a value. @throws Error when there is no such value. */
export function typeOf({ values }: Graph, value: string): ValueType {
  const type = values.get(value);
  if (type === undefined) throw new Error(`value ${value} has no type`);
  return type;
}

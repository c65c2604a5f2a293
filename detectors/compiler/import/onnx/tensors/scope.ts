/** What the import of a node reads and writes beside the node itself. */
import type { ModelError } from "../../../../errors.ts";
import type { GraphBuilder } from "../../../graph/builder.ts";
import type { Evaluator } from "../../evaluator.ts";
import type { Survey } from "../../survey.ts";
import type { OnnxGraph, OnnxNode } from "../schema.ts";
import type { TensorValue } from "./node-call.ts";

/** The values that a node can read, by name. A value is absent when a node in front of it cannot be compiled. */
export interface Values {
  get(name: string): TensorValue | undefined;
  set(name: string, value: TensorValue): void;
}

/** What stays the same for all nodes of a file, nested graphs included. */
export interface Import {
  readonly opset: number;
  readonly builder: GraphBuilder;
  readonly evaluator: Evaluator<OnnxNode>;
  /** Operators that cannot be compiled. */
  readonly survey: Survey;
  /** Nodes that cannot be compiled as they are written. */
  readonly problems: ModelError[];
  /** Imports the constants and nodes of a graph. */
  readonly importGraph: (graph: OnnxGraph, values: Values) => void;
}

/** Values for a nested graph, which reads those around it and keeps its own to itself. */
export function nestedValues(outer: Values): Values {
  const own = new Map<string, TensorValue>();
  return {
    get: (name) => own.get(name) ?? outer.get(name),
    set: (name, value) => void own.set(name, value),
  };
}

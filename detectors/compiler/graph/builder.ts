import { definitionOf, type Operator, type OperatorAttributes } from "../ops/index.ts";
import { type Interval, rangeOf, rangeOfType, stored } from "../ops/interval.ts";
import { elements, ShapeError, showType } from "../ops/shapes.ts";
import type { Graph, Node, State } from "./graph.ts";
import type { Constant, ValueType } from "./value.ts";

/** Builds a graph node by node and infers every shape. */
export interface GraphBuilder {
  /** Adds an input and returns its name. */
  input(name: string, type: ValueType): string;
  /** Adds an image as input, u8 [height, width, 3], and returns its name. */
  image(height: number, width: number, name?: string): string;
  /**
   * Adds a value that lasts from one inference to the next, and returns its name. `keep` must give its next numbers.
   * @param initial a constant; undefined: zeros
   */
  state(name: string, type: ValueType, initial?: string): string;
  /** Lets the result of a node take the place of a state after each inference. */
  keep(state: string, next: string): void;
  /**
   * Adds a constant and returns its name.
   * @throws ShapeError when the data's length does not match the shape.
   */
  constant(name: string, constant: Constant): string;
  /**
   * Applies an operator and returns the name of its output (generated when not given).
   * @throws ShapeError when the operator cannot take these inputs.
   */
  add<K extends Operator>(
    op: K,
    inputs: readonly string[],
    attributes: OperatorAttributes[K],
    name?: string,
  ): string;
  /** A name that no value has. */
  unusedName(prefix: string): string;
  /**
   * The type of a value.
   * @throws ShapeError when there is no such value.
   */
  typeOf(value: string): ValueType;
  /**
   * The range of a value's numbers, as far as its operators prove it, before integers wrap around in the value's type.
   * @throws ShapeError when there is no such value.
   */
  rangeOf(value: string): Interval;
  /** The finished graph. @throws ShapeError when a state has no next value. */
  finish(...outputs: string[]): Graph;
}

/** Starts an empty graph. */
export function buildGraph(): GraphBuilder {
  const inputs: string[] = [];
  const nodes: Node[] = [];
  const states = new Map<string, Omit<State, "next"> & { next?: string }>();
  const values = new Map<string, ValueType>();
  const constants = new Map<string, Constant>();
  const ranges = new Map<string, Interval>();
  /** The nodes whose ranges are in `ranges`. */
  let ranged = 0;

  function define(name: string, type: ValueType): string {
    if (values.has(name)) throw new ShapeError(`a value named "${name}" exists already`);
    values.set(name, type);
    return name;
  }

  function input(name: string, type: ValueType): string {
    inputs.push(define(name, type));
    return name;
  }

  function typeOf(value: string): ValueType {
    const type = values.get(value);
    if (!type) throw new ShapeError(`there is no value named "${value}"`);
    return type;
  }

  function unusedName(prefix: string): string {
    let number = nodes.length;
    while (values.has(`${prefix}_${number}`)) number++;
    return `${prefix}_${number}`;
  }

  /** Few graphs are asked for ranges: only then they are computed, in the order of the nodes. */
  function rangeOfValue(value: string): Interval {
    for (; ranged < nodes.length; ranged++) {
      const node = nodes[ranged];
      if (node !== undefined) ranges.set(node.output, rangeOfNode(node));
    }
    return rangeSoFar(value);
  }

  function rangeSoFar(value: string): Interval {
    const known = ranges.get(value);
    if (known !== undefined) return known;
    const constant = constants.get(value);
    const range = constant === undefined ? rangeOfType(typeOf(value).dtype) : rangeOf(constant.data);
    ranges.set(value, range);
    return range;
  }

  function rangeOfNode<K extends Operator>({ op, inputs, attributes }: Node<K>): Interval {
    const types = inputs.map(typeOf);
    const ranges = inputs.map((input) => stored(rangeSoFar(input), typeOf(input).dtype));
    return definitionOf(op as K).range(ranges, attributes, types);
  }

  function finish(...outputs: string[]): Graph {
    const kept = [...states.values()].map(({ value, initial, next }) => {
      if (next === undefined) throw new ShapeError(`the state "${value}" has no next value`);
      return { value, initial, next };
    });
    return { inputs, outputs, states: kept, nodes, values, constants };
  }

  return {
    typeOf,
    rangeOf: rangeOfValue,
    unusedName,
    input,
    image: (height, width, name = "image") => input(name, { dtype: "u8", shape: [height, width, 3] }),
    constant(name, constant) {
      const { dtype, shape, data } = constant;
      const affine = dtype === "f32" ? undefined : constant.affine;
      if (elements(shape) !== data.length) {
        throw new ShapeError(
          `constant "${name}": expected ${elements(shape)} elements for [${shape.join(", ")}], received ${data.length}`,
        );
      }
      define(name, { dtype, shape, affine });
      constants.set(name, constant);
      return name;
    },
    add(op, inputs, attributes, name = unusedName(op)) {
      define(name, inferOutput(op, inputs.map(typeOf), attributes, name));
      nodes.push(makeNode(op, inputs, name, attributes));
      return name;
    },
    state(name, type, initial) {
      states.set(define(name, type), { value: name, initial });
      return name;
    },
    keep(state, next) {
      const kept = states.get(state);
      if (kept === undefined) throw new ShapeError(`there is no state named "${state}"`);
      kept.next = next;
    },
    finish,
  };
}

/**
 * The output type of `op` for these inputs.
 * @throws ShapeError naming the node and the types it received.
 */
export function inferOutput<K extends Operator>(
  op: K,
  inputs: readonly ValueType[],
  attributes: OperatorAttributes[K],
  name: string,
): ValueType {
  try {
    const type = definitionOf(op).infer(inputs, attributes);
    if (type.shape.every((size) => Number.isSafeInteger(size) && size >= 0)) return type;
    throw new ShapeError(`makes the impossible size [${type.shape.join(", ")}]`);
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    throw new ShapeError(`${op} "${name}" of ${inputs.map(showType).join(", ")}: ${error.message}`, {
      cause: error,
    });
  }
}

/** A node of any operator. TypeScript checks the fields, but cannot see that a Node<K> is a Node. */
export function makeNode<K extends Operator>(
  op: K,
  inputs: readonly string[],
  output: string,
  attributes: OperatorAttributes[K],
): Node {
  const node: Node<K> = { op, inputs, output, attributes };
  return node as Node;
}

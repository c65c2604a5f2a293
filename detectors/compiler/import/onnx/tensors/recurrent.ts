/**
 * Recurrent nodes, ONNX RNN-14, GRU-14 and LSTM-14: a cell that runs over the steps of a sequence. Their number is known, so that
 * the steps become operators one after the other. The products with the input are one matrix product for all steps.
 */
import { intAttribute, stringAttribute, stringsAttribute } from "../attributes.ts";
import { sliced, transposed } from "./movement.ts";
import { type NodeCall, type NodeImporter, refuse } from "./node-call.ts";

/** Longer sequences would make a module of megabytes of code. */
const MAX_STEPS = 128;

/** What a cell remembers: its output, and the cell state of an LSTM. All are [batch, hidden]. */
interface Memory {
  readonly h: string;
  readonly c: string;
}

/** The weights of one direction. Biases are [gates · hidden], undefined: zeros. */
interface Weights {
  /** [hidden, gates · hidden] */
  readonly recurrent: string;
  readonly recurrentBias: string | undefined;
  /** [3 · hidden], of the gates i, o, f of an LSTM. */
  readonly peephole: string | undefined;
}

type Activate = (x: string) => string;

interface Cell {
  readonly gates: number;
  /** The names of its activations for each direction. */
  readonly activations: readonly string[];
  /** @param input products of the input with the weights of all gates, [batch, gates · hidden] */
  readonly step: (
    call: NodeCall,
    input: string,
    memory: Memory,
    weights: Weights,
    activations: readonly Activate[],
  ) => Memory;
}

const add = (call: NodeCall, a: string, b: string | undefined): string =>
  b === undefined ? a : call.add("add", [a, b], {});
const mul = (call: NodeCall, a: string, b: string): string => call.add("mul", [a, b], {});
const product = (call: NodeCall, a: string, b: string): string => call.add("matmul", [a, b], {});

/** The part of one gate along the last axis. */
function gateOf(call: NodeCall, values: string, gate: number, hidden: number): string {
  return sliced(call, values, call.shapeOf(values).length - 1, gate * hidden, hidden);
}

function hiddenOf(call: NodeCall, { h }: Memory): number {
  return call.shapeOf(h).at(-1) ?? 0;
}

const rnn: Cell = {
  gates: 1,
  activations: ["Tanh"],
  step(call, input, memory, { recurrent, recurrentBias }, [f = (x) => x]) {
    const sum = add(call, input, add(call, product(call, memory.h, recurrent), recurrentBias));
    return { ...memory, h: f(sum) };
  },
};

/** Gates z, r, h. */
const gru: Cell = {
  gates: 3,
  activations: ["Sigmoid", "Tanh"],
  step(call, input, memory, { recurrent, recurrentBias }, [f = (x) => x, g = (x) => x]) {
    const hidden = hiddenOf(call, memory);
    const part = (values: string, gate: number): string => gateOf(call, values, gate, hidden);
    const bias = (gate: number) => recurrentBias && part(recurrentBias, gate);
    const own = (gate: number, h = memory.h): string =>
      add(call, product(call, h, part(recurrent, gate)), bias(gate));
    const z = f(add(call, part(input, 0), own(0)));
    const r = f(add(call, part(input, 1), own(1)));
    const isLinearFirst = intAttribute(call.node, "linear_before_reset", 0) !== 0;
    const reset = isLinearFirst ? mul(call, r, own(2)) : own(2, mul(call, r, memory.h));
    const candidate = g(add(call, part(input, 2), reset));
    const rest = call.add("sub", [call.scalar(1, z), z], {});
    return { ...memory, h: add(call, mul(call, rest, candidate), mul(call, z, memory.h)) };
  },
};

/** Gates i, o, f, c. */
const lstm: Cell = {
  gates: 4,
  activations: ["Sigmoid", "Tanh", "Tanh"],
  step(call, input, memory, { recurrent, recurrentBias, peephole }, activations) {
    const [f = (x) => x, g = f, h = g] = activations;
    const hidden = hiddenOf(call, memory);
    const sums = add(call, input, add(call, product(call, memory.h, recurrent), recurrentBias));
    const gate = (index: number, c: string): string => {
      const own = gateOf(call, sums, index, hidden);
      return f(
        peephole === undefined ? own : add(call, own, mul(call, gateOf(call, peephole, index, hidden), c)),
      );
    };
    const [i, forget] = [gate(0, memory.c), gate(2, memory.c)];
    const candidate = g(gateOf(call, sums, 3, hidden));
    const c = add(call, mul(call, forget, memory.c), mul(call, i, candidate));
    return { h: mul(call, gate(1, c), h(c)), c };
  },
};

const ACTIVATIONS = { Sigmoid: "sigmoid", Tanh: "tanh", Relu: "relu" } as const;

/** The activations of one direction. */
function activationsOf(call: NodeCall, { activations }: Cell, direction: number): readonly Activate[] {
  const given = stringsAttribute(call.node, "activations") ?? [];
  return activations.map((absent, index) => {
    const name = given[direction * activations.length + index] ?? absent;
    const [, op] =
      Object.entries(ACTIVATIONS).find(([own]) => own.toLowerCase() === name.toLowerCase()) ?? [];
    if (op === undefined) throw refuse(call.node, `has the activation ${name}`);
    return (x) => call.add(op, [x], {});
  });
}

/** Which directions run backwards. */
const DIRECTIONS: Readonly<Record<string, readonly boolean[]>> = {
  forward: [false],
  reverse: [true],
  bidirectional: [false, true],
};

/** Numbers of inputs, as all three operators order them. */
const [X, W, R, B, LENGTHS, INITIAL_H, INITIAL_C, P] = [0, 1, 2, 3, 4, 5, 6, 7];

function recurrent(cell: Cell): NodeImporter {
  return { known: [LENGTHS], add: (call) => addRecurrent(call, cell) };
}

/** @returns the outputs of all steps, the last output, the last cell state */
function addRecurrent(call: NodeCall, cell: Cell): readonly string[] {
  const { node } = call;
  const isBatchFirst = intAttribute(node, "layout", 0) === 1;
  const turned = (value: string, order: readonly number[]): string =>
    isBatchFirst ? transposed(call, value, order) : value;
  const x = turned(call.value(X), [1, 0, 2]);
  const [steps = 0, batch = 0] = call.shapeOf(x);
  const name = stringAttribute(node, "direction", "forward");
  const directions = DIRECTIONS[name];
  requirePlain(call, steps, directions === undefined ? name : undefined);
  const runs = (directions ?? []).map((isReverse, direction) => {
    /** An input's part for this direction, without that axis. */
    const own = (index: number): string | undefined => {
      if (!call.has(index)) return undefined;
      const part = sliced(call, call.value(index), 0, direction, 1);
      return call.add("reshape", [part], { shape: call.shapeOf(part).slice(1) });
    };
    const weights = transposed(call, own(W) ?? "", [1, 0]);
    const recurrentWeights = transposed(call, own(R) ?? "", [1, 0]);
    const [hidden = 0, width = 0] = call.shapeOf(recurrentWeights);
    const biases = own(B);
    const bias = (half: number) => biases && sliced(call, biases, 0, half * width, width);
    const input = add(call, product(call, x, weights), bias(0));
    const start = (index: number): string => {
      if (!call.has(index)) return call.constant([batch, hidden], new Float32Array(batch * hidden));
      const part = sliced(call, turned(call.value(index), [1, 0, 2]), 0, direction, 1);
      return call.add("reshape", [part], { shape: [batch, hidden] });
    };
    const all: Weights = {
      recurrent: recurrentWeights,
      recurrentBias: bias(1),
      peephole: own(P),
    };
    const activations = activationsOf(call, cell, direction);
    let memory: Memory = { h: start(INITIAL_H), c: cell === lstm ? start(INITIAL_C) : "" };
    const outputs: string[] = Array(steps).fill("");
    for (let count = 0; count < steps; count++) {
      const at = isReverse ? steps - 1 - count : count;
      const now = call.add("reshape", [sliced(call, input, 0, at, 1)], { shape: [batch, width] });
      memory = cell.step(call, now, memory, all, activations);
      outputs[at] = call.add("reshape", [memory.h], { shape: [1, 1, batch, hidden] });
    }
    const last = (value: string): string => call.add("reshape", [value], { shape: [1, batch, hidden] });
    const ends = cell === lstm ? [memory.h, memory.c] : [memory.h];
    return { outputs: call.add("concat", outputs, { axis: 0 }), ends: ends.map(last) };
  });
  const sequence = call.add(
    "concat",
    runs.map(({ outputs }) => outputs),
    { axis: 1 },
  );
  const ends = (runs[0]?.ends ?? []).map((_, index) =>
    call.add(
      "concat",
      runs.map((run) => run.ends[index] ?? ""),
      { axis: 0 },
    ),
  );
  return [turned(sequence, [2, 0, 1, 3]), ...ends.map((end) => turned(end, [1, 0, 2]))];
}

/** @throws ModelError for what changes the steps of a cell, and for sequences of different lengths. */
function requirePlain(call: NodeCall, steps: number, unknownDirection: string | undefined): void {
  const { node } = call;
  if (unknownDirection !== undefined) throw refuse(node, `has the direction ${unknownDirection}`);
  if (node.attribute.some(({ name }) => name === "clip")) throw refuse(node, "clips its sums");
  if (intAttribute(node, "input_forget", 0) !== 0) throw refuse(node, "couples its gates");
  if (steps < 1 || steps > MAX_STEPS) {
    throw refuse(node, `has ${steps} steps, of which the compiler takes 1 to ${MAX_STEPS}`);
  }
  if (call.has(LENGTHS) && call.known(LENGTHS).data.some((length) => length !== steps)) {
    throw refuse(node, "has sequences of different lengths");
  }
}

/** Recurrent nodes, by operator. */
export const recurrentNodes: Readonly<Record<string, NodeImporter>> = {
  RNN: recurrent(rnn),
  GRU: recurrent(gru),
  LSTM: recurrent(lstm),
};

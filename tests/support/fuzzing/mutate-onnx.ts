/** Mutations of ONNX models that keep the file readable: sizes, axes, types, names, operators. */
import type {
  OnnxAttribute,
  OnnxModel,
  OnnxNode,
  OnnxTensor,
} from "../../../detectors/compiler/import/onnx/schema.ts";
import { TENSOR_OPERATORS } from "../../../detectors/compiler/import/onnx/tensors/import-nodes.ts";
import { at } from "./mutate-bytes.ts";

type Random = () => number;
type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** Sizes and axes around the limits of ranks, of 32 bits and of memory. */
const EDGES: readonly number[] = [
  ...[-1, 0, 1, 2, 3, 7, -2, -7, 255, 4096, 65_536, 1_000_003],
  ...[2 ** 24, 2 ** 28, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 53, -(2 ** 31), -(2 ** 53)],
];
const ATTRIBUTES: readonly string[] = [
  ...["axis", "axes", "perm", "pads", "kernel_shape", "strides", "dilations", "group", "to", "blocksize"],
  ...[
    "keepdims",
    "output_padding",
    "output_shape",
    "auto_pad",
    "mode",
    "ceil_mode",
    "starts",
    "ends",
    "split",
  ],
  ...[
    "alpha",
    "beta",
    "epsilon",
    "transA",
    "transB",
    "value",
    "allowzero",
    "start",
    "end",
    "scales",
    "shape",
  ],
];
const WORDS: readonly string[] = [
  ...[
    "SAME_UPPER",
    "VALID",
    "reflect",
    "edge",
    "wrap",
    "linear",
    "cubic",
    "align_corners",
    "CRD",
    "__proto__",
  ],
];
/** Operators that the evaluator or nobody knows. */
const OTHER_OPERATORS: readonly string[] = [
  ...["Shape", "Size", "Range", "Constant", "ConstantOfShape", "ScatterND", "If", "Loop", "Scan", "NonZero"],
  ...["TopK", "constructor", "NonMaxSuppression", "QLinearConv"],
];
/** TensorProto.DataType, with types that do not exist. */
const DATA_TYPES = 30;

type Mutation = (model: OnnxModel, random: Random) => void;

function pick<Item>(items: readonly Item[], random: Random): Item | undefined {
  return items[at(random, items.length)];
}

function sizes(random: Random): number[] {
  return Array.from({ length: at(random, 7) }, () => pick(EDGES, random) ?? 0);
}

/** A list of sizes with one changed, more or fewer of them. */
function changedSizes(list: readonly number[], random: Random): number[] {
  const index = at(random, list.length);
  switch (at(random, 5)) {
    case 0:
      return list.toSpliced(index, 1);
    case 1:
      return list.toSpliced(index, 0, pick(EDGES, random) ?? 0);
    case 2:
      return sizes(random);
    default:
      return list.map((size, position) => (position === index ? (pick(EDGES, random) ?? 0) : size));
  }
}

function nodeOf(model: OnnxModel, random: Random): Writable<OnnxNode> | undefined {
  return pick(model.graph?.node ?? [], random);
}

/** A value that any node or the model knows, or one that nothing produces. */
function valueName({ graph }: OnnxModel, random: Random): string {
  const names = [
    ...(graph?.node ?? []).flatMap(({ output }) => output),
    ...(graph?.input ?? []).map(({ name = "" }) => name),
    ...(graph?.initializer ?? []).map(({ name = "" }) => name),
    ...["", "nothing"],
  ];
  return pick(names, random) ?? "";
}

/** The tensors of the initializers and of Constant nodes. */
function tensorsOf({ graph }: OnnxModel): Writable<OnnxTensor>[] {
  const ofNodes = (graph?.node ?? []).flatMap(({ attribute }) => attribute.map(({ t }) => t));
  return [...(graph?.initializer ?? []), ...ofNodes.filter((tensor) => tensor !== undefined)];
}

const MUTATIONS: readonly Mutation[] = [
  function changeAttribute(model, random) {
    const attribute: Writable<OnnxAttribute> | undefined = pick(
      nodeOf(model, random)?.attribute ?? [],
      random,
    );
    if (attribute === undefined) return;
    if (attribute.ints.length > 0) attribute.ints = changedSizes(attribute.ints, random);
    else if (attribute.s !== undefined) attribute.s = Buffer.from(pick(WORDS, random) ?? "");
    else if (attribute.f !== undefined) attribute.f = pick([0, -1, 1e38, Infinity, Number.NaN], random) ?? 0;
    else attribute.i = pick(EDGES, random) ?? 0;
  },
  function addAttribute(model, random) {
    const node = nodeOf(model, random);
    if (node === undefined) return;
    const empty = { name: pick(ATTRIBUTES, random) ?? "", floats: [], ints: [] };
    const made: readonly OnnxAttribute[] = [
      { ...empty, i: pick(EDGES, random) ?? 0 },
      { ...empty, ints: sizes(random) },
      { ...empty, s: Buffer.from(pick(WORDS, random) ?? "") },
      { ...empty, floats: sizes(random) },
    ];
    const attribute = pick(made, random);
    const others = node.attribute.filter(({ name }) => name !== attribute?.name);
    node.attribute = attribute === undefined ? others : [...others, attribute];
  },
  function removeAttribute(model, random) {
    const node = nodeOf(model, random);
    if (node !== undefined) node.attribute = node.attribute.toSpliced(at(random, node.attribute.length), 1);
  },
  function changeDims(model, random) {
    const tensor = pick(tensorsOf(model), random);
    if (tensor !== undefined) tensor.dims = changedSizes(tensor.dims, random);
  },
  function changeIntegers(model, random) {
    const tensor = pick(
      tensorsOf(model).filter(({ int64Data }) => int64Data.length > 0),
      random,
    );
    if (tensor === undefined) return;
    tensor.int64Data = changedSizes(tensor.int64Data, random);
    if (random() < 0.7) tensor.dims = tensor.dims.length === 0 ? [] : [tensor.int64Data.length];
  },
  function changeType(model, random) {
    const tensor = pick(tensorsOf(model), random);
    if (tensor !== undefined) tensor.dataType = at(random, DATA_TYPES);
  },
  function shortenData(model, random) {
    const tensor = pick(tensorsOf(model), random);
    if (tensor?.rawData !== undefined)
      tensor.rawData = tensor.rawData.slice(0, at(random, tensor.rawData.length));
    else if (tensor !== undefined) tensor.dataLocation = 1;
  },
  function changeInput(model, random) {
    const info = pick(model.graph?.input ?? [], random)?.type?.tensorType as
      | { elemType?: number; shape?: { dim: { dimValue?: number; dimParam?: string }[] } }
      | undefined;
    if (info?.shape === undefined) return;
    if (random() < 0.3) info.elemType = at(random, DATA_TYPES);
    else if (random() < 0.1) info.shape.dim = [{ dimParam: "n" }, ...info.shape.dim];
    else
      info.shape.dim = changedSizes(
        info.shape.dim.map(({ dimValue = 0 }) => dimValue),
        random,
      ).map((dimValue) => ({ dimValue }));
  },
  function rewire(model, random) {
    const node = nodeOf(model, random);
    if (node === undefined) return;
    const index = at(random, node.input.length + 1);
    node.input = node.input.toSpliced(index, at(random, 4) === 0 ? 0 : 1, valueName(model, random));
  },
  function renameOutput(model, random) {
    const node = nodeOf(model, random);
    if (node === undefined) return;
    const index = at(random, node.output.length);
    node.output =
      random() < 0.3
        ? node.output.toSpliced(index, 1)
        : node.output.toSpliced(index, 1, valueName(model, random));
  },
  function changeOperator(model, random) {
    const node = nodeOf(model, random);
    if (node === undefined) return;
    node.opType = pick(random() < 0.8 ? TENSOR_OPERATORS : OTHER_OPERATORS, random) ?? "";
    if (random() < 0.1) node.domain = pick(["ai.onnx", "com.microsoft", "__proto__"], random) ?? "";
  },
  function copyNode({ graph }, random) {
    const nodes = graph?.node as OnnxNode[] | undefined;
    const node = pick(nodes ?? [], random);
    if (nodes === undefined || node === undefined) return;
    const output = node.output.map((name) => `${name}'`);
    nodes.splice(at(random, nodes.length + 1), 0, structuredClone({ ...node, output }));
    const users = nodes.filter(({ input }) => input.includes(node.output[0] ?? "")) as Writable<OnnxNode>[];
    const user = pick(users, random);
    if (user !== undefined)
      user.input = user.input.map((name) => (name === node.output[0] ? (output[0] ?? "") : name));
  },
  function removeNode({ graph }, random) {
    (graph?.node as OnnxNode[] | undefined)?.splice(at(random, graph?.node.length ?? 0), 1);
  },
  function changeOpset({ opsetImport }, random) {
    const opset = opsetImport[0] as { domain?: string; version?: number } | undefined;
    if (opset !== undefined) opset.version = pick([...EDGES, 6, 9, 10, 11, 13, 18, 21], random) ?? 0;
  },
  function changeModelOutput(model, random) {
    const output = pick(model.graph?.output ?? [], random) as { name?: string } | undefined;
    if (output !== undefined) output.name = valueName(model, random);
  },
];

const MOST_MUTATIONS = 5;

/** A mutated copy of a model; equal random numbers give equal copies. */
export function mutatedOnnx(model: OnnxModel, random: Random): OnnxModel {
  const copy = structuredClone(model);
  const times = 1 + Math.floor(random() ** 2 * MOST_MUTATIONS);
  for (let turn = 0; turn < times; turn++) pick(MUTATIONS, random)?.(copy, random);
  return copy;
}

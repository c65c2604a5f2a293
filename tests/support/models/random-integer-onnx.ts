/** Random small ONNX models that compute with integers of 32 and 64 bits and branch. */
import {
  encodeModel,
  type OnnxGraph,
  type OnnxNode,
  type OnnxTensor,
} from "../../../detectors/compiler/import/onnx/schema.ts";
import { type Attributes, FLOAT, INT64, integerTensor, toAttribute } from "./onnx-writer.ts";

/** TensorProto.DataType */
const TYPES = { i8: 3, i32: 6, i64: INT64, f32: FLOAT } as const;
type TypeName = "i32" | "i64";

/** A value of [3, 4]. */
interface Value {
  readonly name: string;
  readonly type: TypeName;
}

export interface RandomIntegerModel {
  readonly file: Uint8Array;
  /** The operators in order, for messages. */
  readonly operators: string;
}

const ROWS = 3;
const COLUMNS = 4;

/** Its inputs: `long` i64, `short` i32 and `real` f32, all [3, 4]. The same numbers give the same model. */
export function randomIntegerModel(random: () => number): RandomIntegerModel {
  const operators: string[] = [];
  let nodes: OnnxNode[] = [];
  const initializers: OnnxTensor[] = [];
  let count = 0;
  const below = (limit: number): number => Math.floor(random() * limit);
  const pick = <Item>(items: readonly Item[]): Item => {
    const item = items[below(items.length)];
    if (item === undefined) throw new Error("nothing to pick from");
    return item;
  };
  const node = (opType: string, input: readonly string[], attributes: Attributes = {}): string => {
    const output = `value_${count++}`;
    const attribute = Object.entries(attributes).map(([name, value]) => toAttribute(name, value));
    operators.push(opType);
    nodes.push({ opType, name: `${opType}_${count}`, input, output: [output], attribute });
    return output;
  };
  const integers = (list: readonly number[] | number, type: TypeName = "i64"): string => {
    const tensor = integerTensor(`constant_${count++}`, list);
    const { int64Data } = tensor;
    const typed =
      type === "i64" ? tensor : { ...tensor, dataType: TYPES.i32, int32Data: int64Data, int64Data: [] };
    initializers.push(typed);
    return tensor.name ?? "";
  };
  const cast = (name: string, to: keyof typeof TYPES): string => node("Cast", [name], { to: TYPES[to] });
  const like = ({ name }: Value, type: TypeName): string => cast(name, type);
  const condition = ({ name, type }: Value): string => {
    const most = node("ReduceMax", [name], { axes: [0, 1], keepdims: below(2) });
    return node(pick(["Less", "Greater"]), [most, integers(below(200) - 50, type)]);
  };
  /** A graph that reads the values around it. */
  const branch = (body: () => string): OnnxGraph => {
    const outer = nodes;
    nodes = [];
    const output = body();
    const graph = {
      name: `branch_${count++}`,
      node: nodes,
      initializer: [],
      sparseInitializer: [],
      input: [],
      output: [{ name: output }],
      valueInfo: [],
    };
    nodes = outer;
    return graph;
  };
  const choose = (x: Value, y: Value, depth: number): string =>
    node("If", [condition(x)], {
      then_branch: branch(() => {
        const sum = node("Add", [x.name, integers(below(9), x.type)]);
        return depth > 0 ? choose({ ...x, name: sum }, y, depth - 1) : sum;
      }),
      else_branch: branch(() => node("Identity", [y.type === x.type ? y.name : like(y, x.type)])),
    });

  const steps: readonly ((x: Value, y: Value) => Value)[] = [
    (x, y) => {
      const other = y.type === x.type ? y.name : like(y, x.type);
      return { ...x, name: node(pick(["Add", "Sub", "Mul", "Max", "Min"]), [x.name, other]) };
    },
    (x) => ({ ...x, name: node(pick(["Add", "Sub", "Mul"]), [x.name, integers(below(40) - 20, x.type)]) }),
    (x) => ({ ...x, name: node("Div", [x.name, integers(pick([-7, -2, 3, 100]), x.type)]) }),
    (x) => ({
      ...x,
      name: node("Mod", [x.name, integers(pick([-7, 3, 100]), x.type)], { fmod: below(2) }),
    }),
    (x) => {
      const [least, most] = [below(300) - 200, 100 + below(300)];
      return { ...x, name: node("Clip", [x.name, integers(least, x.type), integers(most, x.type)]) };
    },
    (x) => ({ ...x, name: node(pick(["Neg", "Abs", "Sign"]), [x.name]) }),
    (x) => {
      const type = pick(["i32", "i64"] as const);
      return { name: cast(cast(x.name, "i8"), type), type };
    },
    (x) => ({ name: cast(x.name, "i32"), type: "i32" }),
    (x) => ({ name: cast(x.name, "i64"), type: "i64" }),
    (x, y) => {
      const isLess = node("Less", [x.name, integers(below(100), x.type)]);
      return { ...x, name: node("Where", [isLess, x.name, y.type === x.type ? y.name : like(y, x.type)]) };
    },
    (x, y) => {
      const axis = below(2);
      const other = y.type === x.type ? y.name : like(y, x.type);
      const most = node(pick(["ReduceMax", "ReduceMin"]), [x.name], { axes: [axis], keepdims: 1 });
      return { ...x, name: node("Add", [most, other]) };
    },
    (x, y) => {
      // onnxruntime's sums of int32 do not wrap around.
      const [long, other] = [x, y].map((value) => (value.type === "i64" ? value.name : like(value, "i64")));
      const total = node("ReduceSum", [long ?? "", integers([below(2)])], { keepdims: 1 });
      return { type: "i64", name: node("Add", [total, other ?? ""]) };
    },
    (x) => {
      const indices = node("Mod", [x.name, integers(5, x.type)]);
      return { type: "i64", name: node("Gather", [integers([7, 11, -200, 1000, 5]), indices]) };
    },
    (x) => {
      const largest = node("ArgMax", ["real"], { axis: below(2), keepdims: 1 });
      return { ...x, name: node("Add", [x.name, x.type === "i64" ? largest : cast(largest, "i32")]) };
    },
    () => {
      const bounded = node("Sigmoid", ["real"]);
      return {
        type: "i64",
        name: cast(node("Floor", [node("Mul", [bounded, cast(integers(200), "f32")])]), "i64"),
      };
    },
    (x, y) => ({ ...x, name: choose(x, y, below(2)) }),
  ];
  let values: readonly Value[] = [
    { name: "long", type: "i64" },
    { name: "short", type: "i32" },
    { name: node("Mod", ["long", integers(1000)]), type: "i64" },
  ];
  // Most sums of numbers of any size do not fit: the newer values are narrower.
  for (let step = 0; step < 4 + below(6); step++) {
    values = [...values, pick(steps)(pick(values.slice(-3)), pick(values.slice(-3)))];
  }
  const dims = [ROWS, COLUMNS].map((dimValue) => ({ dimValue }));
  const info = (name: string, type: keyof typeof TYPES) => ({
    name,
    type: { tensorType: { elemType: TYPES[type], shape: { dim: dims } } },
  });
  const file = encodeModel({
    irVersion: 8,
    graph: {
      name: "random",
      node: nodes,
      initializer: initializers,
      sparseInitializer: [],
      input: [info("long", "i64"), info("short", "i32"), info("real", "f32")],
      output: values.slice(-2).map(({ name, type }) => info(name, type)),
      valueInfo: [],
    },
    opsetImport: [{ domain: "", version: 17 }],
    metadataProps: [],
  });
  return { file, operators: operators.join(" → ") };
}

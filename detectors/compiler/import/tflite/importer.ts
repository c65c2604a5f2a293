/** Imports any TensorFlow Lite model with its own inputs and outputs. */
import { ModelError } from "../../../errors.ts";
import { buildGraph } from "../../graph/builder.ts";
import type { ImportedTensors, NamedTensor } from "../../graph/graph.ts";
import type { ValueType } from "../../graph/value.ts";
import { affineOf, isByte } from "../../ops/fixed-point/quantized.ts";
import { elements, ShapeError } from "../../ops/shapes.ts";
import { damagedTflite, UnknownHead } from "../errors.ts";
import type { FileModel, Importer, TensorOptions } from "../importer.ts";
import { inputShapes } from "../input-shapes.ts";
import { isPossibleShape, MAX_ELEMENTS } from "../possible-shape.ts";
import { startSurvey } from "../survey.ts";
import { type ImportState, type TfliteImporter, type TfliteValue, tfliteCall } from "./call.ts";
import { convolutionOperators } from "./convolution.ts";
import { detectionPostprocess } from "./detection.ts";
import { elementwiseOperators } from "./elementwise.ts";
import { movementOperators } from "./movement.ts";
import { dtypeOf, numbersOf } from "./numbers.ts";
import {
  isTflite,
  readChecked,
  readTflite,
  type TfliteModel,
  type TfliteOperator,
  type TfliteTensor,
} from "./schema.ts";
import { windowOperators } from "./windows.ts";

const importers: ReadonlyMap<string, TfliteImporter> = new Map(
  Object.entries({
    ...convolutionOperators,
    ...elementwiseOperators,
    ...movementOperators,
    ...windowOperators,
  }),
);

/** Custom operators by name. */
const customImporters: ReadonlyMap<string, TfliteImporter> = new Map([
  ["TFLite_Detection_PostProcess", detectionPostprocess],
]);

function importerOf({ name, isCustom }: TfliteOperator): TfliteImporter | undefined {
  return (isCustom ? customImporters : importers).get(name);
}

/** TensorFlow Lite (https://ai.google.dev/edge/litert), version 3 of its schema. */
export const tfliteImporter: Importer = {
  format: "tflite",
  matches: (main, extension) => isTflite(main) || extension === ".tflite",
  companions: () => [],
  read({ main }): FileModel {
    const model = readTflite(main);
    return {
      origin: { what: "a TensorFlow Lite model" },
      detector() {
        throw new UnknownHead(
          "The compiler knows no detection head of TensorFlow Lite models.",
          "Compile it with --task tensor: the module then has the inputs and outputs of the file.",
        );
      },
      tensors: (options) => importTflite(model, options),
    };
  },
};

/** Converters store a weight once; several operators may read it. */
const SHARES = 4;

/** @throws ModelError that names every operator or value that cannot be compiled. */
export function importTflite(
  model: TfliteModel,
  { name, shapes = new Map(), states = [], constants = new Map() }: TensorOptions,
): ImportedTensors {
  if (states.length > 0 || constants.size > 0) {
    throw new ModelError(
      "The inputs of TensorFlow Lite models cannot become states or constants.",
      "Leave out --state and --constant, or compile the model's ONNX file with them.",
    );
  }
  refuseUnknown(model);
  const { tensors } = model;
  // The shapes of all tensors are fixed in the file: a shape from outside must be the file's own.
  const declared = model.inputs.map((index) => tensorAt(tensors, index));
  inputShapes(
    declared.map((tensor) => ({ name: tensor.name, axes: tensor.shape })),
    shapes,
  );
  const builder = buildGraph();
  const values = new Map<number, TfliteValue>();
  const inputs = model.inputs.map((index): NamedTensor => {
    const tensor = tensorAt(tensors, index);
    const type = inputType(tensor);
    const value = builder.input(builder.unusedName("input"), type);
    values.set(index, { kind: "computed", name: value });
    return { name: tensor.name, value, ...type };
  });
  let left = SHARES * model.bytes + 2 ** 20;
  const spend = (numbers: number): void => {
    left -= numbers;
    if (left < 0) throw damagedTflite("too many of its operators share their constants");
  };
  const state: ImportState = { builder, tensors, values, maps: new Map(), spend };
  for (const operator of model.operators) {
    for (const index of operator.inputs) {
      if (index === undefined || values.has(index)) continue;
      const tensor = tensorAt(tensors, index);
      if (tensor.data === undefined) continue;
      spend(tensor.data.length);
      values.set(index, { kind: "known", numbers: numbersOf(tensor) });
    }
    importOperator(operator, state);
  }
  const outputs = model.outputs.map((index): NamedTensor => {
    const tensor = tensorAt(tensors, index);
    const found = values.get(index);
    if (found?.kind !== "computed") throw damagedTflite(`no operator produces the output "${tensor.name}"`);
    // An output that is an input, or listed twice, gets a value of its own.
    const value = builder.add("reshape", [found.name], { shape: builder.typeOf(found.name).shape });
    return { name: tensor.name, value, ...builder.typeOf(value) };
  });
  return {
    task: "tensor",
    name,
    graph: builder.finish(...outputs.map(({ value }) => value)),
    inputs,
    outputs,
  };
}

function tensorAt(tensors: readonly TfliteTensor[], index: number): TfliteTensor {
  const tensor = tensors[index];
  if (tensor === undefined) throw damagedTflite(`it refers to tensor ${index} of ${tensors.length}`);
  return tensor;
}

/** The type of an input. @throws ModelError when it cannot be one. */
function inputType({ name, type, shape, quantization, isVariable }: TfliteTensor): ValueType {
  const dtype = dtypeOf(type);
  const isPossible = elements(shape) > 0 && isPossibleShape(shape);
  if (dtype === undefined || isVariable || type === "FLOAT16" || !isPossible) {
    throw new ModelError(
      `The input "${name}" has elements of ${type ?? "an unknown type"} and the shape [${shape.join(", ")}]; expected FLOAT32, INT8, UINT8, INT16, INT32, INT64 or BOOL of a fixed shape of at most ${MAX_ELEMENTS} elements.`,
      "Convert the model with other inputs.",
    );
  }
  const { scale: [scale, ...more] = [], zero: [zero = 0] = [] } = quantization ?? {};
  const isQuantized = isByte(dtype) && scale !== undefined && more.length === 0;
  return { dtype, shape, affine: isQuantized ? affineOf({ scale, zero }) : undefined };
}

/** @throws ModelError naming every operator that cannot be compiled once, with its count. */
function refuseUnknown({ operators, tensors }: TfliteModel): void {
  const survey = startSurvey("operator");
  for (const operator of operators) {
    if (importerOf(operator) !== undefined) continue;
    const { name, isCustom, outputs } = operator;
    survey.add(isCustom ? `${name} (custom)` : name, tensors[outputs[0] ?? -1]?.name ?? "?");
  }
  survey.refuse(
    "The TensorFlow Lite model uses operators that cannot be compiled:",
    "Replace them before the conversion, or convert only the part of the model in front of them.",
  );
}

function importOperator(operator: TfliteOperator, state: ImportState): void {
  const call = tfliteCall(operator, state);
  const importer = importerOf(operator);
  if (importer === undefined) throw call.refuse("is an operator that the compiler does not have");
  const outputs = appended(importer, call);
  for (const [position, index] of operator.outputs.entries()) {
    const name = outputs[position];
    if (state.values.has(index)) {
      throw damagedTflite(`${operator.name} produces "${call.output(position).name}", which exists already`);
    }
    if (name !== undefined) state.values.set(index, { kind: "computed", name });
  }
}

function appended(importer: TfliteImporter, call: ReturnType<typeof tfliteCall>): readonly string[] {
  try {
    // Options are read when they are needed.
    const outputs = readChecked(() => importer(call));
    return typeof outputs === "string" ? [outputs] : outputs;
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    throw call.refuse(`has inputs that do not fit: ${error.message}`);
  }
}

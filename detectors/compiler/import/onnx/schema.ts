import protobuf from "protobufjs";

/**
 * The messages of an ONNX file that the importer reads (onnx.proto, IR version 3 to 11). Unused fields are omitted:
 * protobuf skips fields that it does not know.
 */

export interface OnnxModel {
  readonly irVersion?: number;
  readonly producerName?: string;
  readonly producerVersion?: string;
  readonly graph?: OnnxGraph;
  readonly opsetImport: readonly { readonly domain?: string; readonly version?: number }[];
  readonly metadataProps: readonly { readonly key?: string; readonly value?: string }[];
}

export interface OnnxGraph {
  readonly name?: string;
  readonly node: readonly OnnxNode[];
  readonly initializer: readonly OnnxTensor[];
  readonly sparseInitializer: readonly object[];
  readonly input: readonly OnnxValueInfo[];
  readonly output: readonly OnnxValueInfo[];
  readonly valueInfo: readonly OnnxValueInfo[];
}

export interface OnnxNode {
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly name?: string;
  readonly opType?: string;
  readonly domain?: string;
  readonly attribute: readonly OnnxAttribute[];
}

/** Whether the node's operator is one of ONNX's own. */
export function isStandard({ domain = "" }: OnnxNode): boolean {
  return domain === "" || domain === "ai.onnx";
}

/** The name of a node's operator, with its domain where that is not ONNX's own. */
export function operatorName(node: OnnxNode): string {
  const { opType = "?", domain } = node;
  return isStandard(node) ? opType : `${domain}.${opType}`;
}

export interface OnnxAttribute {
  readonly name?: string;
  /** AttributeProto.AttributeType: 1 float, 2 int, 3 string, 4 tensor, 5 graph, 6 floats, 7 ints. */
  readonly type?: number;
  readonly f?: number;
  readonly i?: number;
  readonly s?: Uint8Array;
  readonly t?: OnnxTensor;
  /** A branch of an If, the body of a Loop. */
  readonly g?: OnnxGraph;
  readonly floats: readonly number[];
  readonly ints: readonly number[];
  readonly strings?: readonly Uint8Array[];
}

export interface OnnxTensor {
  readonly name?: string;
  readonly dims: readonly number[];
  /** TensorProto.DataType: 1 float, 6 int32, 7 int64, 9 bool, 10 float16, 11 double. */
  readonly dataType?: number;
  readonly rawData?: Uint8Array;
  readonly floatData: readonly number[];
  readonly int32Data: readonly number[];
  readonly int64Data: readonly number[];
  readonly doubleData: readonly number[];
  /** 1: the numbers are in another file. */
  readonly dataLocation?: number;
}

export interface OnnxValueInfo {
  readonly name?: string;
  readonly type?: {
    readonly tensorType?: {
      readonly elemType?: number;
      readonly shape?: {
        readonly dim: readonly { readonly dimValue?: number; readonly dimParam?: string }[];
      };
    };
  };
}

/** Field numbers are onnx.proto's; names are in camel case. */
const schema = protobuf.Root.fromJSON({
  nested: {
    Model: {
      fields: {
        irVersion: { id: 1, type: "int64" },
        producerName: { id: 2, type: "string" },
        producerVersion: { id: 3, type: "string" },
        graph: { id: 7, type: "Graph" },
        opsetImport: { id: 8, type: "OperatorSet", rule: "repeated" },
        metadataProps: { id: 14, type: "StringEntry", rule: "repeated" },
      },
    },
    OperatorSet: { fields: { domain: { id: 1, type: "string" }, version: { id: 2, type: "int64" } } },
    StringEntry: { fields: { key: { id: 1, type: "string" }, value: { id: 2, type: "string" } } },
    Graph: {
      fields: {
        node: { id: 1, type: "Node", rule: "repeated" },
        name: { id: 2, type: "string" },
        initializer: { id: 5, type: "Tensor", rule: "repeated" },
        input: { id: 11, type: "ValueInfo", rule: "repeated" },
        output: { id: 12, type: "ValueInfo", rule: "repeated" },
        valueInfo: { id: 13, type: "ValueInfo", rule: "repeated" },
        sparseInitializer: { id: 15, type: "Anything", rule: "repeated" },
      },
    },
    Anything: { fields: {} },
    Node: {
      fields: {
        input: { id: 1, type: "string", rule: "repeated" },
        output: { id: 2, type: "string", rule: "repeated" },
        name: { id: 3, type: "string" },
        opType: { id: 4, type: "string" },
        attribute: { id: 5, type: "Attribute", rule: "repeated" },
        domain: { id: 7, type: "string" },
      },
    },
    Attribute: {
      fields: {
        name: { id: 1, type: "string" },
        f: { id: 2, type: "float" },
        i: { id: 3, type: "int64" },
        s: { id: 4, type: "bytes" },
        t: { id: 5, type: "Tensor" },
        g: { id: 6, type: "Graph" },
        floats: { id: 7, type: "float", rule: "repeated" },
        ints: { id: 8, type: "int64", rule: "repeated" },
        strings: { id: 9, type: "bytes", rule: "repeated" },
        type: { id: 20, type: "int32" },
      },
    },
    Tensor: {
      fields: {
        dims: { id: 1, type: "int64", rule: "repeated" },
        dataType: { id: 2, type: "int32" },
        floatData: { id: 4, type: "float", rule: "repeated" },
        int32Data: { id: 5, type: "int32", rule: "repeated" },
        int64Data: { id: 7, type: "int64", rule: "repeated" },
        name: { id: 8, type: "string" },
        rawData: { id: 9, type: "bytes" },
        doubleData: { id: 10, type: "double", rule: "repeated" },
        dataLocation: { id: 14, type: "int32" },
      },
    },
    ValueInfo: { fields: { name: { id: 1, type: "string" }, type: { id: 2, type: "Type" } } },
    Type: { fields: { tensorType: { id: 1, type: "TensorType" } } },
    TensorType: { fields: { elemType: { id: 1, type: "int32" }, shape: { id: 2, type: "TensorShape" } } },
    TensorShape: { fields: { dim: { id: 1, type: "Dimension", rule: "repeated" } } },
    Dimension: { fields: { dimValue: { id: 1, type: "int64" }, dimParam: { id: 2, type: "string" } } },
  },
});

const model = schema.lookupType("Model");
const tensor = schema.lookupType("Tensor");
const toPlain = { longs: Number, arrays: true };

/**
 * Decodes a whole `.onnx` file. `rawData` are views of `bytes`.
 * @throws Error (protobufjs) when the bytes are not a message of this type.
 */
export function decodeModel(bytes: Uint8Array): OnnxModel {
  return model.toObject(model.decode(bytes), toPlain) as OnnxModel;
}

/** Encodes a model. Fields that the schema lacks are lost. */
export function encodeModel(value: OnnxModel): Uint8Array {
  return model.encode(model.fromObject(value)).finish();
}

/**
 * Decodes a TensorProto that is a file of its own, as in ONNX's backend tests.
 * @throws Error (protobufjs) when the bytes are not a TensorProto.
 */
export function decodeTensor(bytes: Uint8Array): OnnxTensor {
  return tensor.toObject(tensor.decode(bytes), toPlain) as OnnxTensor;
}

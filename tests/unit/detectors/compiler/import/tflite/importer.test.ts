import { describe, expect, test } from "vitest";
import { importTflite } from "../../../../../../detectors/compiler/import/tflite/importer.ts";
import { isTflite, readTflite } from "../../../../../../detectors/compiler/import/tflite/schema.ts";
import { ModelError } from "../../../../../../detectors/errors.ts";
import { seeded } from "../../../../../support/base/seeded.ts";
import { liteRtCase } from "../../../../../support/models/litert-cases.ts";
import { type ModelDraft, writeTflite } from "../../../../../support/models/tflite-writer.ts";

const QUANTIZED = { scale: [0.5], zero: [3] };

function modelOf(draft: Partial<ModelDraft>): Uint8Array {
  return writeTflite({
    tensors: [
      { type: "INT8", shape: [1, 4], ...QUANTIZED },
      { type: "INT8", shape: [1, 4], ...QUANTIZED },
    ],
    inputs: [0],
    outputs: [1],
    operators: [{ name: "RELU", inputs: [0], outputs: [1] }],
    ...draft,
  });
}

const importBytes = (bytes: Uint8Array) => importTflite(readTflite(bytes), { name: "test" });

function refusal(bytes: Uint8Array): ModelError {
  try {
    importBytes(bytes);
  } catch (error) {
    if (error instanceof ModelError) return error;
    throw error;
  }
  throw new Error("the model was accepted");
}

describe("a TensorFlow Lite model", () => {
  test("is recognised by its identifier", () => {
    expect(isTflite(modelOf({}))).toBe(true);
    expect(isTflite(Uint8Array.of(8, 7, 6, 5, 4, 3, 2, 1))).toBe(false);
    expect(isTflite(new Uint8Array())).toBe(false);
  });

  test("keeps the names, types, scales and order of its inputs and outputs", () => {
    const bytes = modelOf({
      tensors: [
        { type: "INT8", shape: [2], ...QUANTIZED },
        { type: "INT8", shape: [2], scale: [0.25], zero: [-1] },
        { type: "INT8", shape: [2], scale: [0.125], zero: [0] },
      ],
      inputs: [1, 0],
      outputs: [2, 0],
      operators: [{ name: "ADD", inputs: [0, 1], outputs: [2] }],
    });
    const { inputs, outputs } = importBytes(bytes);
    const seen = [...inputs, ...outputs].map(({ name, dtype, affine }) => [
      name,
      dtype,
      affine?.scale[0],
      affine?.zero[0],
    ]);
    expect(seen).toEqual([
      ["tensor 1", "i8", 0.25, -1],
      ["tensor 0", "i8", 0.5, 3],
      ["tensor 2", "i8", 0.125, 0],
      ["tensor 0", "i8", 0.5, 3],
    ]);
  });

  test("stores weights as the bytes of the file", () => {
    const { graph } = importBytes(liteRtCase("CONV_2D", 0).model);
    const node = graph.nodes.find(({ op }) => op === "fixed_conv2d");
    expect(graph.constants.get(node?.inputs[1] ?? "")?.data).toBeInstanceOf(Int8Array);
  });
});

describe("a model that cannot be compiled is refused", () => {
  test("with every operator that the compiler lacks, once, with its count", () => {
    const where = { name: "WHERE", inputs: [0], outputs: [1] } as const;
    const custom = {
      name: "CUSTOM",
      inputs: [0],
      outputs: [1],
      custom: { code: "Mine", options: new Uint8Array() },
    } as const;
    const { message } = refusal(modelOf({ operators: [where, where, custom] }));
    expect(message).toContain('WHERE: 2 operators, "tensor 1"');
    expect(message).toContain("Mine (custom): 1 operator");
  });

  test("with the operator that has inputs of other sizes than it takes", () => {
    const bytes = modelOf({
      tensors: [
        { type: "INT8", shape: [2], ...QUANTIZED },
        { type: "INT8", shape: [3], ...QUANTIZED },
        { type: "INT8", shape: [3], ...QUANTIZED },
      ],
      inputs: [0, 1],
      outputs: [2],
      operators: [{ name: "ADD", inputs: [0, 1], outputs: [2] }],
    });
    expect(refusal(bytes).message).toMatch(/ADD "tensor 2" has inputs that do not fit/);
  });

  test("when a function of one scale gets several", () => {
    const tensors = modelOf({
      tensors: [
        { type: "INT8", shape: [2], ...QUANTIZED },
        { type: "INT8", shape: [2], scale: [0.1, 0.2], zero: [0, 0] },
      ],
    });
    expect(refusal(tensors).message).toContain('one scale for the whole of "tensor 1"');
  });

  test("when a result has another scale than the kernels of TensorFlow Lite allow", () => {
    const [input, output] = [
      { type: "INT8", shape: [1, 2, 2, 1], ...QUANTIZED },
      { type: "INT8", shape: [1, 1, 1, 1], scale: [0.25], zero: [0] },
    ] as const;
    const options = [
      [0, "int8", 1],
      [1, "int32", 2],
      [2, "int32", 2],
      [3, "int32", 2],
      [4, "int32", 2],
    ] as const;
    const operators = [{ name: "MAX_POOL_2D", inputs: [0], outputs: [1], options }] as const;
    expect(refusal(modelOf({ tensors: [input, output], operators })).message).toContain("another scale");
  });

  test("when an operator uses a tensor before it is computed, or computes one twice", () => {
    const relu = (from: number, to: number) => ({ name: "RELU", inputs: [from], outputs: [to] }) as const;
    const tensor = { type: "INT8", shape: [2], ...QUANTIZED } as const;
    const tensors = [tensor, tensor, tensor];
    expect(
      refusal(modelOf({ tensors, operators: [relu(1, 2), relu(0, 1)], outputs: [2] })).message,
    ).toContain("no earlier operator produces");
    expect(refusal(modelOf({ tensors, operators: [relu(0, 1), relu(0, 1)] })).message).toContain(
      "exists already",
    );
  });

  test("when a bias is so large that sums may not fit", () => {
    const byte = { type: "INT8", ...QUANTIZED } as const;
    const tensors = [
      { ...byte, shape: [1, 1] },
      { ...byte, zero: [0], shape: [1, 1], data: Int8Array.of(1) },
      { type: "INT32", shape: [1], data: Int32Array.of(-(2 ** 31)) } as const,
      { ...byte, shape: [1, 1] },
    ];
    const operators = [{ name: "FULLY_CONNECTED", inputs: [0, 1, 2], outputs: [3] }] as const;
    expect(refusal(modelOf({ tensors, operators, outputs: [3] })).message).toContain("may not fit");
  });

  test("when a constant has another size than its shape", () => {
    const bytes = modelOf({
      tensors: [
        { type: "INT8", shape: [2], ...QUANTIZED },
        { type: "INT8", shape: [1000, 1000, 1000], data: new Int8Array(2), ...QUANTIZED },
        { type: "INT8", shape: [2], ...QUANTIZED },
      ],
      outputs: [2],
      operators: [{ name: "ADD", inputs: [0, 1], outputs: [2] }],
    });
    expect(refusal(bytes).message).toContain("has 2 bytes, expected 1000000000");
  });
});

describe("a damaged file is refused", () => {
  const whole = liteRtCase("CONV_2D", 1).model;

  test("wherever it is cut off", () => {
    for (let length = 0; length < whole.length; length += 7) {
      expect(() => importBytes(whole.slice(0, length)), `${length} bytes`).toThrow(ModelError);
    }
  });

  test("or read, when bytes of it have changed: nothing else happens", () => {
    const random = seeded(7);
    for (let round = 0; round < 2_000; round++) {
      const bytes = Uint8Array.from(whole);
      for (let change = 0; change < 3; change++)
        bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
      try {
        importBytes(bytes);
      } catch (error) {
        expect(error, `round ${round}`).toBeInstanceOf(ModelError);
      }
    }
  });
});

describe("a number in the file does not decide how much memory is used", () => {
  test("the size to which a map is resized", () => {
    const size = { type: "INT32", shape: [2], data: Int32Array.of(2 ** 30, 2 ** 30) } as const;
    const map = { type: "INT8", shape: [1, 1, 1, 1], ...QUANTIZED } as const;
    const operators = [{ name: "RESIZE_NEAREST_NEIGHBOR", inputs: [0, 1], outputs: [2] }] as const;
    const bytes = modelOf({ tensors: [map, size, map], operators, outputs: [2] });
    expect(refusal(bytes).message).toContain("resizes to 1073741824x1073741824");
  });

  test("the size of an input", () => {
    const large = { type: "INT8", shape: [2 ** 15, 2 ** 15], ...QUANTIZED } as const;
    expect(refusal(modelOf({ tensors: [large, large] })).message).toContain(
      "is larger than a module can hold",
    );
  });
});

describe("what a file shares does not multiply", () => {
  test("a vector that many tables share", () => {
    const count = 2_000;
    const relu = { name: "RELU", inputs: Array.from({ length: count }, () => 0), outputs: [1] } as const;
    const bytes = modelOf({ operators: Array.from({ length: count }, () => relu) });
    expect(refusal(bytes).message).toContain("share more elements");
  });

  test("a constant that many operators share", () => {
    const weights = { type: "INT8", shape: [2 ** 20], data: new Int8Array(2 ** 20), ...QUANTIZED } as const;
    const tensor = { type: "INT8", shape: [2 ** 20], ...QUANTIZED } as const;
    const count = 12;
    const operators = Array.from(
      { length: count },
      (_, index) => ({ name: "ADD", inputs: [0, 1], outputs: [2 + index] }) as const,
    );
    const tensors = [tensor, weights, ...operators.map(() => tensor)];
    expect(refusal(modelOf({ tensors, operators, outputs: [2] })).message).toContain("share their constants");
  });
});

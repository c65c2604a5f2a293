import { describe, expect, test } from "vitest";
import { readTensor } from "../../../../../../detectors/compiler/import/onnx/read-tensor.ts";
import type { OnnxTensor } from "../../../../../../detectors/compiler/import/onnx/schema.ts";

const empty: OnnxTensor = {
  name: "t",
  dims: [2],
  floatData: [],
  int32Data: [],
  int64Data: [],
  doubleData: [],
};

describe("an ONNX tensor", () => {
  test.each<[string, Partial<OnnxTensor>, string, number[]]>([
    [
      "float, raw and not aligned",
      { dataType: 1, rawData: Uint8Array.of(9, 0, 0, 128, 63, 0, 0, 0, 192).subarray(1) },
      "float",
      [1, -2],
    ],
    ["float, typed", { dataType: 1, floatData: [1.5, -2] }, "float", [1.5, -2]],
    ["float16, raw", { dataType: 10, rawData: Uint8Array.of(0, 0x3c, 0, 0xc0) }, "float", [1, -2]],
    ["float16, typed", { dataType: 10, int32Data: [0x3c00, 0x3555] }, "float", [1, 0.333251953125]],
    ["double", { dataType: 11, doubleData: [0.5, 4] }, "float", [0.5, 4]],
    [
      "int64, raw",
      {
        dataType: 7,
        rawData: Uint8Array.of(...[255, 255, 255, 255, 255, 255, 255, 255], 1, 0, 0, 0, 1, 0, 0, 0),
      },
      "int",
      [-1, 2 ** 32 + 1],
    ],
    ["int64, typed", { dataType: 7, int64Data: [-1, 640] }, "int", [-1, 640]],
    ["int32", { dataType: 6, int32Data: [-1, 7] }, "int", [-1, 7]],
    ["bool", { dataType: 9, rawData: Uint8Array.of(0, 1) }, "bool", [0, 1]],
  ])("of %s is read", (_, fields, type, values) => {
    const array = readTensor({ ...empty, ...fields });
    expect([array.type, [...array.data]]).toEqual([type, values]);
  });

  test("with too few elements or of another type is refused", () => {
    expect(() => readTensor({ ...empty, dataType: 1, floatData: [1] })).toThrow(/has 1 elements, expected 2/);
    expect(() => readTensor({ ...empty, dataType: 1, rawData: new Uint8Array(7) })).toThrow(/expected 2/);
    expect(() => readTensor({ ...empty, dataType: 14 })).toThrow(/elements of complex64/);
  });
});

import { describe, expect, test } from "vitest";
import {
  PickleGlobal,
  PickleObject,
  PicklePersistent,
  type PickleValue,
} from "../../../../../../detectors/compiler/import/checkpoint/pickle-value.ts";
import type { TorchArchive } from "../../../../../../detectors/compiler/import/checkpoint/torch-archive.ts";
import {
  bfloat16ToNumber,
  readTensor,
} from "../../../../../../detectors/compiler/import/checkpoint/torch-tensor.ts";
import { ModelError } from "../../../../../../detectors/errors.ts";

interface Layout {
  readonly type?: string;
  readonly elements?: number;
  readonly offset?: number;
  readonly shape: PickleValue[];
  readonly strides: PickleValue[];
}

function describeTensor({
  type = "torch.FloatStorage",
  elements = 6,
  offset = 0,
  shape,
  strides,
}: Layout): PickleObject {
  const storage = new PicklePersistent(["storage", new PickleGlobal(type), "0", "cpu", elements]);
  return new PickleObject("torch._utils._rebuild_tensor_v2", [
    storage,
    offset,
    shape,
    strides,
    false,
    new Map(),
  ]);
}

function archiveOf(storage: ArrayBufferView): TorchArchive {
  const bytes = new Uint8Array(storage.buffer, storage.byteOffset, storage.byteLength);
  return { pickle: new Uint8Array(), storage: () => bytes };
}

const six = archiveOf(Float32Array.of(0, 1, 2, 3, 4, 5));

describe("a tensor of a checkpoint", () => {
  test("is read row by row", () => {
    const tensor = readTensor(six, describeTensor({ shape: [2, 3], strides: [3, 1] }), "weight");
    expect(tensor).toEqual({ shape: [2, 3], data: Float64Array.of(0, 1, 2, 3, 4, 5) });
  });

  test("may be transposed (channels_last) or part of its storage", () => {
    const transposed = describeTensor({ shape: [3, 2], strides: [1, 3] });
    expect([...readTensor(six, transposed, "weight").data]).toEqual([0, 3, 1, 4, 2, 5]);
    const part = describeTensor({ shape: [2], strides: [1], offset: 3 });
    expect([...readTensor(six, part, "weight").data]).toEqual([3, 4]);
  });

  test("may have one element or none", () => {
    expect([...readTensor(six, describeTensor({ shape: [], strides: [], offset: 5 }), "steps").data]).toEqual(
      [5],
    );
    expect([...readTensor(six, describeTensor({ shape: [0], strides: [1] }), "grid").data]).toEqual([]);
  });

  test("is also read from a parameter, and with a torch.Size", () => {
    const tensor = new PickleObject("torch._utils._rebuild_parameter", [
      new PickleObject("torch._utils._rebuild_tensor_v2", [
        new PicklePersistent(["storage", new PickleGlobal("torch.FloatStorage"), "0", "cuda:0", 6]),
        0,
        [new PickleObject("torch.Size", [[1, 2]])].flatMap((size) =>
          Array.isArray(size.args[0]) ? size.args[0] : [],
        ),
        [2, 1],
      ]),
      true,
      new Map(),
    ]);
    expect([...readTensor(six, tensor, "weight").data]).toEqual([0, 1]);
  });

  test.each<[string, ArrayBufferView]>([
    ["torch.HalfStorage", Uint16Array.of(0x3c00, 0xc000)],
    ["torch.BFloat16Storage", Uint16Array.of(0x3f80, 0xc000)],
    ["torch.FloatStorage", Float32Array.of(1, -2)],
    ["torch.DoubleStorage", Float64Array.of(1, -2)],
    ["torch.LongStorage", BigInt64Array.of(1n, -2n)],
    ["torch.IntStorage", Int32Array.of(1, -2)],
    ["torch.ShortStorage", Int16Array.of(1, -2)],
    ["torch.CharStorage", Int8Array.of(1, -2)],
  ])("may be of %s", (type, storage) => {
    const tensor = describeTensor({ type, elements: 2, shape: [2], strides: [1] });
    expect([...readTensor(archiveOf(storage), tensor, "weight").data]).toEqual([1, -2]);
  });

  test.each<[string, Partial<Layout>]>([
    ["its shape exceeds its storage", { shape: [7], strides: [1] }],
    ["its offset exceeds its storage", { shape: [2], strides: [1], offset: 5 }],
    ["its strides exceed its storage", { shape: [2, 3], strides: [3, 2] }],
    ["a stride of 0 repeats one element a billion times", { shape: [1e9], strides: [0] }],
    ["its shape overflows", { shape: [2 ** 52, 2 ** 52], strides: [0, 0] }],
    ["its shape is negative", { shape: [-1], strides: [1] }],
    ["it has fewer strides than dimensions", { shape: [2, 3], strides: [1] }],
    ["it has nine dimensions", { shape: [1, 1, 1, 1, 1, 1, 1, 1, 1], strides: [1, 1, 1, 1, 1, 1, 1, 1, 1] }],
    ["its storage is shorter than stated", { elements: 7, shape: [6], strides: [1] }],
    ["its storage is longer than stated", { elements: 5, shape: [5], strides: [1] }],
    ["its storage is of complex numbers", { type: "torch.ComplexFloatStorage", shape: [6], strides: [1] }],
  ])("is refused when %s", (_what, layout) => {
    const tensor = describeTensor({ shape: [6], strides: [1], ...layout });
    const read = (): unknown => readTensor(six, tensor, "model.0.conv.weight");
    expect(read).toThrow(ModelError);
    expect(read).toThrow("model.0.conv.weight");
  });
});

test("bfloat16 0x4049 is about π", () => {
  expect(bfloat16ToNumber(0x4049)).toBe(3.140625);
});

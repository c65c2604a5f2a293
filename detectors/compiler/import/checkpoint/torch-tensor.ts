import { ModelError } from "../../../errors.ts";
import { halfToNumber } from "../../half.ts";
import {
  describeValue,
  PickleGlobal,
  PickleObject,
  PicklePersistent,
  type PickleValue,
} from "./pickle-value.ts";
import type { TorchArchive } from "./torch-archive.ts";

/** A tensor's shape and its numbers, row-major, in f64, which is exact for f16, bf16, f32 and f64. */
export interface TorchTensor {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

/** Size of an element in bytes, and how to read it. */
interface ElementType {
  readonly bytes: number;
  readonly read: (view: DataView, at: number) => number;
}

/** torch's storage classes. */
const ELEMENT_TYPES: ReadonlyMap<string, ElementType> = new Map<string, ElementType>([
  ["torch.HalfStorage", { bytes: 2, read: (view, at) => halfToNumber(view.getUint16(at, true)) }],
  ["torch.BFloat16Storage", { bytes: 2, read: (view, at) => bfloat16ToNumber(view.getUint16(at, true)) }],
  ["torch.FloatStorage", { bytes: 4, read: (view, at) => view.getFloat32(at, true) }],
  ["torch.DoubleStorage", { bytes: 8, read: (view, at) => view.getFloat64(at, true) }],
  ["torch.LongStorage", { bytes: 8, read: (view, at) => Number(view.getBigInt64(at, true)) }],
  ["torch.IntStorage", { bytes: 4, read: (view, at) => view.getInt32(at, true) }],
  ["torch.ShortStorage", { bytes: 2, read: (view, at) => view.getInt16(at, true) }],
  ["torch.CharStorage", { bytes: 1, read: (view, at) => view.getInt8(at) }],
  ["torch.ByteStorage", { bytes: 1, read: (view, at) => view.getUint8(at) }],
  ["torch.BoolStorage", { bytes: 1, read: (view, at) => view.getUint8(at) }],
]);

/** The functions and classes that a checkpoint uses for tensors. */
export const TENSOR_GLOBALS: readonly string[] = [
  "torch._utils._rebuild_tensor_v2",
  "torch._utils._rebuild_parameter",
  ...ELEMENT_TYPES.keys(),
];

/** Whether a value is a tensor or a parameter. */
export function isTensor(value: PickleValue | undefined): value is PickleObject {
  return (
    value instanceof PickleObject &&
    (value.className === "torch._utils._rebuild_tensor_v2" ||
      value.className === "torch._utils._rebuild_parameter")
  );
}

/**
 * Reads a tensor from the archive's storages.
 * @param place its place in the model, for messages: `model.0.conv.weight`
 * @throws ModelError when it is missing, or its storage has another length than it states.
 */
export function readTensor(
  archive: TorchArchive,
  value: PickleValue | undefined,
  place: string,
): TorchTensor {
  if (!isTensor(value)) throw malformed(place, `expected a tensor, received ${describeValue(value)}`);
  const tensor = value.className === "torch._utils._rebuild_parameter" ? value.args[0] : value;
  if (!isTensor(tensor))
    throw malformed(place, `expected a tensor in the parameter, received ${describeValue(tensor)}`);
  const [storage, offset, size, stride] = tensor.args;

  const { view, length, element } = readStorage(archive, storage, place);
  const shape = naturals(size, place);
  const strides = naturals(stride, place);
  const [first = 0] = naturals([offset ?? null], place);
  const count = shape.reduce((product, extent) => product * extent, 1);
  const last = shape.reduce((index, extent, axis) => index + (extent - 1) * (strides[axis] ?? 0), first);
  // With a stride of 0 one element could be repeated a billion times. No weight is larger than its storage.
  if (strides.length !== shape.length || count > length || (count > 0 && last >= length)) {
    throw malformed(
      place,
      `its shape [${shape.join(", ")}], strides [${strides.join(", ")}] and offset ${first} exceed its storage of ${length} elements`,
    );
  }

  const data = new Float64Array(count);
  const position = shape.map(() => 0);
  let index = first;
  for (let i = 0; i < count; i++) {
    data[i] = element.read(view, index * element.bytes);
    // Advance to the next element, row-major, like an odometer: an axis that overflows returns to 0.
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const step = strides[axis] ?? 0;
      const next = (position[axis] ?? 0) + 1;
      if (next < (shape[axis] ?? 0)) {
        position[axis] = next;
        index += step;
        break;
      }
      position[axis] = 0;
      index -= (next - 1) * step;
    }
  }
  return { shape, data };
}

/** Reads `('storage', torch.FloatStorage, key, device, elements)`, torch.save's persistent id. */
function readStorage(
  archive: TorchArchive,
  storage: PickleValue | undefined,
  place: string,
): { view: DataView; length: number; element: ElementType } {
  const id = storage instanceof PicklePersistent ? storage.id : undefined;
  const [kind, type, key, , elements] = Array.isArray(id) ? id : [];
  if (kind !== "storage" || !(type instanceof PickleGlobal) || typeof key !== "string") {
    throw malformed(place, `expected a storage, received ${describeValue(storage)}`);
  }
  const element = ELEMENT_TYPES.get(type.name);
  if (!element)
    throw malformed(place, `its elements are of type ${type.name}, which YOLOv5 weights never have`);
  const [length = 0] = naturals([elements ?? null], place);
  const bytes = archive.storage(key);
  if (bytes.length !== length * element.bytes) {
    throw malformed(
      place,
      `storage ${JSON.stringify(key)}: expected ${length} elements of ${element.bytes} bytes (${length * element.bytes} bytes), received ${bytes.length} bytes`,
    );
  }
  return { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), length, element };
}

/** Sizes, from a tuple or a torch.Size. */
function naturals(value: PickleValue | undefined, place: string): number[] {
  const items = value instanceof PickleObject && value.className === "torch.Size" ? value.args[0] : value;
  if (!Array.isArray(items)) throw malformed(place, `expected sizes, received ${describeValue(value)}`);
  if (items.length > 8) throw malformed(place, `it has ${items.length} dimensions`);
  return items.map((item) => {
    if (typeof item === "number" && Number.isSafeInteger(item) && item >= 0) return item;
    throw malformed(place, `expected a size, received ${describeValue(item)}`);
  });
}

function malformed(place: string, what: string): ModelError {
  return new ModelError(
    `The checkpoint's ${place} cannot be read: ${what}.`,
    "Get the file again, or save it again from the training environment.",
  );
}

const word = new DataView(new ArrayBuffer(4));

/** bfloat16 is the upper half of an f32. */
export function bfloat16ToNumber(bits: number): number {
  word.setUint32(0, bits << 16);
  return word.getFloat32(0);
}

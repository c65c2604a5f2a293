import { halfToNumber } from "../../half.ts";
import { damagedTfjs } from "../errors.ts";
import { elementsOf, type NdArray, zeros } from "../nd-array.ts";
import type { TfjsModel, TfjsWeight } from "./schema.ts";

type Read = (view: DataView, at: number) => number;
const READERS: ReadonlyMap<string, { readonly bytes: number; readonly read: Read }> = new Map([
  ["float32", { bytes: 4, read: (view, at) => view.getFloat32(at, true) }],
  ["int32", { bytes: 4, read: (view, at) => view.getInt32(at, true) }],
  ["bool", { bytes: 1, read: (view, at) => view.getUint8(at) }],
  ["float16", { bytes: 2, read: (view, at) => halfToNumber(view.getUint16(at, true)) }],
  ["uint8", { bytes: 1, read: (view, at) => view.getUint8(at) }],
  ["uint16", { bytes: 2, read: (view, at) => view.getUint16(at, true) }],
]);

/** The types of weights after dequantisation. */
const ARRAY_TYPES: ReadonlyMap<string, NdArray["type"]> = new Map([
  ["float32", "float"],
  ["int32", "int"],
  ["bool", "bool"],
]);

/**
 * Reads all weights, in TensorFlow's order of axes (NHWC, HWIO). The files of a group form one run of bytes, in which its weights follow each other without gaps.
 * @param shards contents of the weight files by name
 * @throws ModelError when a file is missing or has another length than its weights, or a data type is unknown.
 */
export function readWeights(
  { weightsManifest }: TfjsModel,
  shards: ReadonlyMap<string, Uint8Array>,
): Map<string, NdArray> {
  const tensors = new Map<string, NdArray>();
  for (const { paths, weights } of weightsManifest) {
    const bytes = joinShards(paths, shards);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    let at = 0;
    for (const weight of weights) {
      const name = JSON.stringify(weight.name);
      if (tensors.has(weight.name)) throw damagedTfjs(`its manifest lists the weight ${name} twice`);
      const reader = readerOf(weight);
      const count = elementsOf(weight.shape);
      if (at + count * reader.bytes > bytes.length) {
        throw damagedTfjs(
          `the weight ${name} ends at byte ${at + count * reader.bytes}, but ${paths.join(", ")} holds ${bytes.length}`,
        );
      }
      const tensor = zeros(ARRAY_TYPES.get(weight.dtype) ?? "float", weight.shape);
      for (let i = 0; i < count; i++) tensor.data[i] = reader.read(view, at + i * reader.bytes);
      at += count * reader.bytes;
      tensors.set(weight.name, tensor);
    }
    if (at !== bytes.length) {
      throw damagedTfjs(`expected ${at} bytes of weights in ${paths.join(", ")}, received ${bytes.length}`);
    }
  }
  return tensors;
}

function joinShards(paths: readonly string[], shards: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const parts = paths.map((path) => {
    const shard = shards.get(path);
    if (!shard) throw damagedTfjs(`the weight file ${JSON.stringify(path)} is missing`);
    return shard;
  });
  return parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts);
}

/** Quantised weights are w = q · scale + min (tfjs-converter, quantization.py); half-precision ones are not scaled. */
function readerOf({ name, dtype, quantization }: TfjsWeight): {
  readonly bytes: number;
  readonly read: Read;
} {
  const stored = quantization?.dtype ?? dtype;
  const reader = READERS.get(stored);
  if (!reader || !ARRAY_TYPES.has(dtype)) {
    throw damagedTfjs(
      `the weight ${JSON.stringify(name)} is of type ${dtype}${quantization ? `, stored as ${stored}` : ""}, which is not supported`,
    );
  }
  if (!quantization || stored === "float16") return reader;
  const { min, scale } = quantization;
  if (min === undefined || scale === undefined || !["uint8", "uint16"].includes(stored)) {
    throw damagedTfjs(`the weight ${JSON.stringify(name)} is quantised as ${stored} without min and scale`);
  }
  const dequantise: Read = (view, at) => reader.read(view, at) * scale + min;
  const read: Read = dtype === "float32" ? dequantise : (view, at) => Math.round(dequantise(view, at));
  return { bytes: reader.bytes, read };
}

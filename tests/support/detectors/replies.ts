import {
  DETECTION_BYTES,
  MAGIC,
  MAX_DETECTIONS,
  REPLY_HEADER_BYTES,
} from "../../../detectors/module-format.ts";
import type { ModuleIo } from "../../../detectors/runtime/module-io.ts";

/** The sizes of a detector with an input of 64×32 pixels. */
export const DETECT_IO: ModuleIo = {
  parameters: 2,
  inputs: [64 * 32 * 3],
  outputs: [{ bytes: MAX_DETECTIONS * DETECTION_BYTES, rows: MAX_DETECTIONS }],
  hasState: false,
};

/** A valid reply of `count` detections of label 0. */
export function reply(sequence: number, count: number): Uint8Array {
  const bytes = Buffer.alloc(REPLY_HEADER_BYTES + count * DETECTION_BYTES);
  for (const [index, word] of [MAGIC, sequence, count].entries()) bytes.writeUInt32LE(word, index * 4);
  for (let index = 0; index < count; index++) {
    const at = REPLY_HEADER_BYTES + index * DETECTION_BYTES;
    for (const [field, value] of [1, 2, 30, 40, 0.5].entries()) bytes.writeFloatLE(value, at + field * 4);
  }
  return bytes;
}

import { DETECTION_BYTES, MAGIC, REPLY_HEADER_BYTES } from "../../../detectors/module-format.ts";

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

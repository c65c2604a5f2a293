import type { Thresholds } from "../contract.ts";
import { MAGIC, type ModelDescription, REQUEST_HEADER_BYTES } from "../module-format.ts";

/** Bytes of one frame of this model: height × width × 3. */
export function frameBytes({ input }: ModelDescription): number {
  return input.width * input.height * input.channels;
}

/**
 * Writes a request into `request`: a header of 16 bytes, then the pixels.
 * @param request 16 + height × width × 3 bytes.
 * @param sequence u32, which the reply must repeat.
 */
export function writeRequest(
  request: Uint8Array,
  sequence: number,
  thresholds: Thresholds,
  pixels: Uint8Array,
): void {
  const header = headerOf(request);
  header.setUint32(0, MAGIC, true);
  header.setUint32(4, sequence, true);
  header.setFloat32(8, thresholds.score, true);
  header.setFloat32(12, thresholds.iou, true);
  request.set(pixels, REQUEST_HEADER_BYTES);
}

/** The part of a request before the pixels. */
export interface RequestHeader {
  readonly sequence: number;
  readonly thresholds: Thresholds;
}

/** Reads the header that `writeRequest` wrote. The thresholds are rounded to f32, so that every engine gets the same ones. */
export function readRequestHeader(request: Uint8Array): RequestHeader {
  const header = headerOf(request);
  return {
    sequence: header.getUint32(4, true),
    thresholds: { score: header.getFloat32(8, true), iou: header.getFloat32(12, true) },
  };
}

function headerOf(request: Uint8Array): DataView {
  return new DataView(request.buffer, request.byteOffset, REQUEST_HEADER_BYTES);
}

/** Real cameras send less than a quarter of this, also at 4K. */
const MOST_BYTES = 8 * 2 ** 20;
const MOST_PARTS = 16_384;
/** Views keep the buffers alive in which they were received, with everything else in them. */
const MOST_BUFFER_BYTES = 4 * MOST_BYTES;
/** Parts that keep more than this alive per byte are copied: others may keep an access unit for a long time. */
const MOST_BUFFER_BYTES_PER_BYTE = 4;

/** The parts of an access unit while it is received. */
export interface PartList {
  /** Adds a view, or frees everything if the access unit exceeds a limit. */
  add(part: Uint8Array): void;
  /** The total length. */
  bytes(): number;
  /** Whether a limit was exceeded: it then takes no more parts. */
  isOverfull(): boolean;
  /** Returns the parts, or a copy of them in one, and starts again; none if a limit was exceeded. */
  take(): Uint8Array[];
}

/** A list of parts with limits for their number, their bytes and the memory that they keep alive. */
export function partList(): PartList {
  let parts: Uint8Array[] = [];
  let bytes = 0;
  let bufferBytes = 0;
  const buffers = new Set<ArrayBufferLike>();
  let isOverfull = false;
  return {
    add(part) {
      if (isOverfull) return;
      bytes += part.length;
      if (!buffers.has(part.buffer)) {
        buffers.add(part.buffer);
        bufferBytes += part.buffer.byteLength;
      }
      parts.push(part);
      isOverfull = bytes > MOST_BYTES || parts.length > MOST_PARTS || bufferBytes > MOST_BUFFER_BYTES;
      if (!isOverfull) return;
      parts = [];
      buffers.clear();
    },
    bytes: () => bytes,
    isOverfull: () => isOverfull,
    take() {
      const isSparse = bytes > 0 && bufferBytes > MOST_BUFFER_BYTES_PER_BYTE * bytes;
      const taken = isSparse && !isOverfull ? [Buffer.concat(parts)] : parts;
      parts = [];
      bytes = 0;
      bufferBytes = 0;
      buffers.clear();
      isOverfull = false;
      return taken;
    },
  };
}

/** Real cameras send less than a quarter of this, also at 4K. */
const MOST_BYTES = 8 * 2 ** 20;
const MOST_PARTS = 16_384;
/** Views keep the buffers alive in which they were received, with everything else in them. */
const MOST_BUFFER_BYTES = 4 * MOST_BYTES;

/** The parts of an access unit while it is received. */
export interface PartList {
  /** Adds a view, or frees everything if the access unit exceeds a limit. */
  add(part: Uint8Array): void;
  /** The total length. */
  bytes(): number;
  /** Whether a limit was exceeded: it then takes no more parts. */
  isOverfull(): boolean;
  /** Returns the parts and starts again; none if a limit was exceeded. */
  take(): Uint8Array[];
}

/** A list of parts with limits for their number, their bytes and the memory that they keep alive. */
export function partList(): PartList {
  let parts: Uint8Array[] = [];
  let bytes = 0;
  let bufferBytes = 0;
  let buffer: ArrayBufferLike | undefined;
  let isOverfull = false;
  return {
    add(part) {
      if (isOverfull) return;
      bytes += part.length;
      if (part.buffer !== buffer) {
        buffer = part.buffer;
        bufferBytes += buffer.byteLength;
      }
      parts.push(part);
      isOverfull = bytes > MOST_BYTES || parts.length > MOST_PARTS || bufferBytes > MOST_BUFFER_BYTES;
      if (isOverfull) parts = [];
    },
    bytes: () => bytes,
    isOverfull: () => isOverfull,
    take() {
      const taken = parts;
      parts = [];
      bytes = 0;
      bufferBytes = 0;
      buffer = undefined;
      isOverfull = false;
      return taken;
    },
  };
}

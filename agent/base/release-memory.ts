/**
 * Gives the memory of an array back now; the array is empty afterwards.
 *
 * The garbage collector sees only the small object in front of the pixels and lets 64 MB of dead pictures pile up
 * before it looks (measured, 1280×720: 178 MB resident without this, 113 MB with it). Optional: an array that nobody
 * releases is collected in the end. One that shares its buffer with others is left alone.
 */
export function releaseMemory(bytes: Uint8Array): void {
  const { buffer } = bytes;
  if (buffer instanceof ArrayBuffer && bytes.byteLength === buffer.byteLength) buffer.transfer(0);
}

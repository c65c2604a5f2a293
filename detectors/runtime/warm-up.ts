/** `\0asm`, version 1; a type () → (); a function of it; a memory of one page; exports; the function's empty body. */
const SMALLEST_COMMAND = [
  ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
  ...[0x01, 0x04, 0x01, 0x60, 0x00, 0x00],
  ...[0x03, 0x02, 0x01, 0x00],
  ...[0x05, 0x03, 0x01, 0x00, 0x01],
  ...[0x07, 0x13, 0x02],
  ...[0x06, ...Buffer.from("memory"), 0x02, 0x00],
  ...[0x06, ...Buffer.from("_start"), 0x00, 0x00],
  ...[0x0a, 0x04, 0x01, 0x02, 0x00, 0x0b],
];

/** Length of the custom section that makes the module worth hashing: 64 KiB − 1, as LEB128. */
const SECTION_BYTES = [0xff, 0xff, 0x03];

/**
 * A WASI command that does nothing, 64 KiB long. The Wasmer SDK hashes a module in one call of one function, and V8,
 * which cannot replace code that is running, would do all of YOLOv5n's 4 MB in its slow first code (270 ms). With this one
 * before it, the function has run often enough to be optimised by the time it matters (25 + 55 ms).
 */
export function warmUpModule(): Uint8Array {
  const content = new Uint8Array(64 * 1024 - 1);
  // A custom section begins with its name; this one's is empty, its first byte, 0, being the length.
  return Uint8Array.from([...SMALLEST_COMMAND, 0x00, ...SECTION_BYTES, ...content]);
}

/** `\0asm`, version 1; a type () → (); a function of this type; a memory of one page; exports; an empty function body. */
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

/** Length of the custom section that makes the module large enough: 64 KiB − 1, as LEB128. */
const SECTION_BYTES = [0xff, 0xff, 0x03];

/**
 * A WASI command of 64 KiB that does nothing. The Wasmer SDK hashes a module in a single call of one function. V8 cannot
 * replace running code, so it would hash all of YOLOv5n's 4 MB with unoptimised code (270 ms). When this module is loaded
 * first, V8 has optimised the function before the large module arrives (25 + 55 ms).
 */
export function warmUpModule(): Uint8Array {
  const content = new Uint8Array(64 * 1024 - 1);
  // A custom section starts with its name. The first byte, 0, is the length of an empty name.
  return Uint8Array.from([...SMALLEST_COMMAND, 0x00, ...SECTION_BYTES, ...content]);
}

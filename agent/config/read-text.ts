import { closeSync, openSync, readSync } from "node:fs";

/** The most bytes of a configuration and of the files of secrets beside it. A camera needs some 2 kB. */
export const MOST_BYTES = 500_000;

/** Reads a small text file (UTF-8); see `readBytes`. */
export function readText(file: string): string {
  return readBytes(file).toString("utf8");
}

/**
 * Reads a small file; also a pipe, whose size is not known.
 * @throws the system's error; one with the code EFBIG if the file has more than `MOST_BYTES`.
 */
export function readBytes(file: string): Buffer {
  const descriptor = openSync(file, "r");
  try {
    const bytes = Buffer.alloc(MOST_BYTES + 1);
    let length = 0;
    while (length < bytes.length) {
      const read = readSync(descriptor, bytes, length, bytes.length - length, null);
      if (read === 0) return bytes.subarray(0, length);
      length += read;
    }
  } finally {
    closeSync(descriptor);
  }
  throw Object.assign(new Error(`${file}: the file has more than ${MOST_BYTES} bytes`), { code: "EFBIG" });
}

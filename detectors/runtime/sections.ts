import { ModelError } from "../errors.ts";

/** WebAssembly core specification, 5.5.2: section ids. */
const CUSTOM_SECTION = 0;
const MEMORY_SECTION = 5;
const HEADER_BYTES = 8;
/** Specification 4.2.8: a memory page. */
const PAGE_BYTES = 65_536;
/** Limits flag for "has a maximum" and nothing else (not shared, not 64-bit). */
const MINIMUM_AND_MAXIMUM = 0x01;

/** One section of a WebAssembly file: its id and its content without id and size. */
export interface Section {
  readonly id: number;
  readonly content: Uint8Array;
}

/** Reads unsigned LEB128 numbers (specification 5.2.2) one after another. */
class NumberReader {
  readonly #bytes: Uint8Array;
  position: number;

  constructor(bytes: Uint8Array, position: number) {
    this.#bytes = bytes;
    this.position = position;
  }

  next(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.#bytes[this.position];
      if (byte === undefined) throw truncated(`a number at byte ${this.position} has no end`);
      this.position += 1;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw truncated(`a number before byte ${this.position} has more than five bytes`);
  }
}

function truncated(detail: string): ModelError {
  return new ModelError(
    `The module is truncated or damaged: ${detail}.`,
    "Copy the file again, or compile the model again with `sabrewing compile`.",
  );
}

/**
 * Walks a WebAssembly file's sections in file order (specification 5.5).
 * @throws ModelError when a section reaches past the end of the file.
 */
export function* sectionsOf(bytes: Uint8Array): Generator<Section> {
  const reader = new NumberReader(bytes, HEADER_BYTES);
  while (reader.position < bytes.length) {
    const start = reader.position;
    const id = reader.next();
    const size = reader.next();
    const end = reader.position + size;
    if (end > bytes.length) {
      throw truncated(`section ${id} at byte ${start} ends at byte ${end}, the file at byte ${bytes.length}`);
    }
    yield { id, content: bytes.subarray(reader.position, end) };
    reader.position = end;
  }
}

/**
 * The bytes of a module's one memory, which must not be able to grow: then its need is known before it runs.
 * @throws ModelError when there is not exactly one memory, or its maximum differs from its minimum.
 */
export function fixedMemoryBytes(sections: Iterable<Section>): number {
  const remedy = "Compile the model with `sabrewing compile`: it plans the memory to the byte.";
  for (const { id, content } of sections) {
    if (id !== MEMORY_SECTION) continue;
    const reader = new NumberReader(content, 0);
    const count = reader.next();
    if (count !== 1) throw new ModelError(`Expected one memory, found ${count}.`, remedy);
    const flags = reader.next();
    const minimum = reader.next();
    if (flags !== MINIMUM_AND_MAXIMUM) {
      throw new ModelError(
        `The module's memory can grow or is shared: expected limits of kind 1 (minimum and maximum), found kind ${flags}.`,
        remedy,
      );
    }
    const maximum = reader.next();
    if (maximum !== minimum) {
      throw new ModelError(
        `The module's memory can grow from ${minimum} to ${maximum} pages: expected the same number twice.`,
        remedy,
      );
    }
    return minimum * PAGE_BYTES;
  }
  throw new ModelError("Expected one memory, found none.", remedy);
}

/**
 * Contents of the custom sections of this name (specification 5.5.3), also of a module that no engine here would compile.
 */
export function customSections(sections: Iterable<Section>, name: string): ArrayBuffer[] {
  const found: ArrayBuffer[] = [];
  for (const { id, content } of sections) {
    if (id !== CUSTOM_SECTION) continue;
    const reader = new NumberReader(content, 0);
    const end = reader.next() + reader.position;
    const ownName = new TextDecoder().decode(Uint8Array.from(content.subarray(reader.position, end)));
    if (ownName === name) found.push(Uint8Array.from(content.subarray(end)).buffer);
  }
  return found;
}

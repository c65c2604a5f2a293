import { ModelError } from "../errors.ts";

/** WebAssembly core specification, 5.5.2: section ids. */
const CUSTOM_SECTION = 0;
const IMPORT_SECTION = 2;
const MEMORY_SECTION = 5;
const EXPORT_SECTION = 7;
const HEADER_BYTES = 8;
/** Specification 4.2.8: a memory page. */
const PAGE_BYTES = 65_536;
/** Limits flag for "has a maximum" and nothing else (not shared, not 64-bit). */
const MINIMUM_AND_MAXIMUM = 0x01;

/** One section of a WebAssembly file: its id, and its content without id and size. */
export interface Section {
  readonly id: number;
  readonly content: Uint8Array;
}

/** Reads a sequence of unsigned LEB128 numbers (specification 5.2.2). */
class Leb128Reader {
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
      if (byte === undefined) throw truncated(`a number is incomplete at byte ${this.position}`);
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
 * Limit of the sections: there are a dozen kinds, and tools add custom ones (names, debug information). Two million empty
 * sections would take 600 MB to list.
 */
const MAX_SECTIONS = 200;

/**
 * Iterates over a WebAssembly file's sections in file order (specification 5.5).
 * @throws ModelError when a section exceeds the file, or when there are too many sections.
 */
export function* sectionsOf(bytes: Uint8Array): Generator<Section> {
  const reader = new Leb128Reader(bytes, HEADER_BYTES);
  let count = 0;
  while (reader.position < bytes.length) {
    count++;
    if (count > MAX_SECTIONS) {
      throw new ModelError(
        `The module has more than ${MAX_SECTIONS} sections.`,
        "Compile the model with `sabrewing compile`: its modules have about a dozen.",
      );
    }
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

/** Limit of all custom sections together, more than the largest model's debug information. V8 keeps a copy of them. */
const MAX_CUSTOM_BYTES = 16 * 2 ** 20;
/** Limit of imports and of exports: a detector has three and five. V8 allocates an object for each. */
const MAX_IMPORTS_OR_EXPORTS = 1000;

/**
 * Refuses modules whose sections would take much memory during compilation. No detector has such sections.
 * @throws ModelError for large custom sections, or thousands of imports or exports.
 */
export function requireSectionLimits(sections: Iterable<Section>): void {
  const remedy = "Compile the model with `sabrewing compile`.";
  let customBytes = 0;
  for (const { id, content } of sections) {
    if (id === CUSTOM_SECTION) customBytes += content.length;
    if (id !== IMPORT_SECTION && id !== EXPORT_SECTION) continue;
    const count = new Leb128Reader(content, 0).next();
    if (count > MAX_IMPORTS_OR_EXPORTS) {
      const kind = id === IMPORT_SECTION ? "imports" : "exports";
      throw new ModelError(
        `The module has ${count} ${kind}; expected at most ${MAX_IMPORTS_OR_EXPORTS}.`,
        remedy,
      );
    }
  }
  if (customBytes <= MAX_CUSTOM_BYTES) return;
  throw new ModelError(
    `The module's custom sections have ${customBytes} bytes; expected at most ${MAX_CUSTOM_BYTES}.`,
    remedy,
  );
}

/**
 * The bytes of a module's one memory, which must not grow, so that the requirement is known before the module runs.
 * @throws ModelError when there is not exactly one memory, or its maximum differs from its minimum.
 */
export function fixedMemoryBytes(sections: Iterable<Section>): number {
  const remedy = "Compile the model with `sabrewing compile`, which plans a fixed memory.";
  for (const { id, content } of sections) {
    if (id !== MEMORY_SECTION) continue;
    const reader = new Leb128Reader(content, 0);
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
        `The module's memory can grow from ${minimum} to ${maximum} pages: expected both to be equal.`,
        remedy,
      );
    }
    return minimum * PAGE_BYTES;
  }
  throw new ModelError("Expected one memory, found none.", remedy);
}

/**
 * The contents of the custom sections of this name (specification 5.5.3). The module need not be valid.
 * @param name ASCII
 */
export function customSections(sections: Iterable<Section>, name: string): Uint8Array[] {
  const found: Uint8Array[] = [];
  for (const { id, content } of sections) {
    if (id !== CUSTOM_SECTION) continue;
    const reader = new Leb128Reader(content, 0);
    const length = reader.next();
    const end = reader.position + length;
    // The length is compared first, so that a name of 300 MB is not decoded.
    if (length !== name.length || end > content.length) continue;
    const ownName = Buffer.from(Uint8Array.from(content.subarray(reader.position, end))).toString("latin1");
    if (ownName === name) found.push(content.subarray(end));
  }
  return found;
}

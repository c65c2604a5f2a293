/**
 * Reads FlatBuffers tables (https://flatbuffers.dev/internals/) from a file that may be damaged or crafted: the library's
 * `ByteBuffer` reads numbers, and everything that says where a number lies is checked here first.
 */
import { ByteBuffer } from "flatbuffers";

/** The bytes break the rules of FlatBuffers. */
export class FlatBufferError extends Error {
  override readonly name = "FlatBufferError";
}

/** A table: fields by their number in the schema. A field that the file omits has the schema's default. */
export interface Table {
  int8(field: number, absent?: number): number;
  uint8(field: number, absent?: number): number;
  int32(field: number, absent?: number): number;
  uint32(field: number, absent?: number): number;
  float32(field: number, absent?: number): number;
  bool(field: number): boolean;
  /** Saturates beyond the integers that a double represents. */
  uint64(field: number): number;
  text(field: number): string;
  /** The bytes of a vector, not copied. */
  bytes(field: number): Uint8Array | undefined;
  int32s(field: number): readonly number[] | undefined;
  /** Each rounded to a double. */
  int64s(field: number): readonly number[] | undefined;
  float32s(field: number): readonly number[] | undefined;
  texts(field: number): readonly string[];
  table(field: number): Table | undefined;
  tables(field: number): readonly Table[];
}

/** Reads the numbers of a file within its bounds. */
interface Checked {
  readonly buffer: ByteBuffer;
  /** @throws FlatBufferError unless `size` bytes lie at `position`. */
  inside(position: number, size: number): number;
  /** Counts elements that become numbers or objects of their own. @throws FlatBufferError when there are too many. */
  spend(elements: number): void;
}

/**
 * The root table.
 * @throws FlatBufferError, as all methods of tables do, where an offset or a length leaves the file.
 */
export function rootTable(bytes: Uint8Array): Table {
  const buffer = new ByteBuffer(bytes);
  // Each element has bytes of its own, unless tables share them: sharing must not multiply the work.
  let left = 4 * bytes.length;
  const checked: Checked = {
    buffer,
    inside(position, size) {
      if (position >= 0 && size >= 0 && position + size <= bytes.length) return position;
      throw new FlatBufferError(`${size} bytes at byte ${position} are outside of the file`);
    },
    spend(elements) {
      left -= elements;
      if (left < 0) throw new FlatBufferError("its tables share more elements than a model has");
    },
  };
  return tableAt(checked, indirect(checked, 0));
}

/** The position to which an offset at a position points. */
function indirect({ buffer, inside }: Checked, position: number): number {
  return position + buffer.readUint32(inside(position, 4));
}

function tableAt(checked: Checked, table: number): Table {
  const { buffer, inside } = checked;
  const entries = table - buffer.readInt32(inside(table, 4));
  const entriesBytes = buffer.readUint16(inside(entries, 4));
  inside(entries, entriesBytes);
  /** The position of a field of `size` bytes; undefined where the file omits it. */
  const position = (field: number, size: number): number | undefined => {
    const entry = 4 + 2 * field;
    const offset = entry + 2 > entriesBytes ? 0 : buffer.readUint16(entries + entry);
    return offset === 0 ? undefined : inside(table + offset, size);
  };
  const number = (size: number, read: (at: number) => number) => {
    return (field: number, absent = 0): number => {
      const at = position(field, size);
      return at === undefined ? absent : read(at);
    };
  };
  /** The first element and the length of a vector. */
  const vector = (field: number, size: number): { first: number; length: number } | undefined => {
    const at = position(field, 4);
    return at === undefined ? undefined : vectorAt(checked, indirect(checked, at), size);
  };
  const numbers = (size: number, read: (at: number) => number) => {
    return (field: number): readonly number[] | undefined => {
      const found = vector(field, size);
      if (found === undefined) return undefined;
      checked.spend(found.length);
      return Array.from({ length: found.length }, (_, index) => read(found.first + index * size));
    };
  };
  const pointers = <Element>(field: number, read: (at: number) => Element): readonly Element[] => {
    const found = vector(field, 4) ?? { first: 0, length: 0 };
    checked.spend(found.length);
    return Array.from({ length: found.length }, (_, index) =>
      read(indirect(checked, found.first + 4 * index)),
    );
  };
  const byte = number(1, (at) => buffer.readUint8(at));
  return {
    int8: number(1, (at) => buffer.readInt8(at)),
    uint8: byte,
    int32: number(4, (at) => buffer.readInt32(at)),
    uint32: number(4, (at) => buffer.readUint32(at)),
    float32: number(4, (at) => buffer.readFloat32(at)),
    bool: (field) => byte(field) !== 0,
    uint64: number(8, (at) => Number(buffer.readUint64(at))),
    text(field) {
      const at = position(field, 4);
      return at === undefined ? "" : textAt(checked, indirect(checked, at));
    },
    bytes(field) {
      const found = vector(field, 1);
      return found && buffer.bytes().subarray(found.first, found.first + found.length);
    },
    int32s: numbers(4, (at) => buffer.readInt32(at)),
    int64s: numbers(8, (at) => Number(buffer.readInt64(at))),
    float32s: numbers(4, (at) => buffer.readFloat32(at)),
    texts: (field) => pointers(field, (at) => textAt(checked, at)),
    table(field) {
      const at = position(field, 4);
      return at === undefined ? undefined : tableAt(checked, indirect(checked, at));
    },
    tables: (field) => pointers(field, (at) => tableAt(checked, at)),
  };
}

function vectorAt({ buffer, inside }: Checked, at: number, size: number): { first: number; length: number } {
  const length = buffer.readUint32(inside(at, 4));
  return { first: inside(at + 4, length * size), length };
}

function textAt(checked: Checked, at: number): string {
  const { first, length } = vectorAt(checked, at, 1);
  checked.spend(length);
  return new TextDecoder().decode(checked.buffer.bytes().subarray(first, first + length));
}

import type { TensorSpec } from "../../../detectors/detector.ts";
import { ConfigError } from "../../base/errors.ts";
import { plainText } from "../../base/plain-text.ts";
import { type NumberList, requireKind } from "./numbers.ts";

/** "\x93NUMPY" (NumPy Enhancement Proposal 1: the file format). */
const MAGIC = Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59);
/** Longest header that is read; NumPy writes about 100 bytes. */
export const MAX_HEADER_BYTES = 65_536;

type NumberArray = new (buffer: ArrayBuffer) => ArrayLike<number | bigint>;

/** NumPy's names of types, after the byte order. */
const TYPES: ReadonlyMap<string, readonly [kind: "float" | "integer" | "bool", type: NumberArray]> = new Map<
  string,
  readonly ["float" | "integer" | "bool", NumberArray]
>([
  ["f4", ["float", Float32Array]],
  ["f8", ["float", Float64Array]],
  ["i1", ["integer", Int8Array]],
  ["i2", ["integer", Int16Array]],
  ["i4", ["integer", Int32Array]],
  ["i8", ["integer", BigInt64Array]],
  ["u1", ["integer", Uint8Array]],
  ["u2", ["integer", Uint16Array]],
  ["u4", ["integer", Uint32Array]],
  ["u8", ["integer", BigUint64Array]],
  ["b1", ["bool", Uint8Array]],
]);

/**
 * Reads an array in NumPy's format (`numpy.save`) for this input.
 * @throws ConfigError for another format, an array in Fortran order or big-endian, or numbers of another kind than the input's.
 */
export function readNpy(bytes: Uint8Array, spec: TensorSpec): NumberList {
  const { header, start } = headerOf(bytes);
  const [, order = "", type = ""] = /'descr':\s*'([<>|=]?)([a-zA-Z]\d+)'/.exec(header) ?? [];
  const [, sides] = /'shape':\s*\(([\d,\s]*)\)/.exec(header) ?? [];
  const known = TYPES.get(type);
  if (known === undefined || sides === undefined || order === ">") {
    throw invalid(`its header is ${plainText(header, 100)}`);
  }
  if (/'fortran_order':\s*True/.test(header)) throw invalid("it is in Fortran order");
  const [kind, NumberType] = known;
  requireKind(spec, kind, type);
  const shape = sides
    .split(",")
    .map((side) => side.trim())
    .filter((side) => side !== "")
    .map(Number);
  const count = shape.reduce((product, side) => product * side, 1);
  const size = count * Number(type.slice(1));
  if (bytes.length - start !== size) {
    throw invalid(`it has ${bytes.length - start} bytes of numbers; its header states ${size}`);
  }
  // A copy, since the numbers need not be aligned in the file.
  return { numbers: new NumberType(Uint8Array.from(bytes.subarray(start)).buffer), shape };
}

function headerOf(bytes: Uint8Array): { readonly header: string; readonly start: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 12 || MAGIC.some((byte, index) => bytes[index] !== byte)) {
    throw invalid('it does not begin with "\\x93NUMPY"');
  }
  const isShort = bytes[6] === 1;
  const headerStart = isShort ? 10 : 12;
  const length = isShort ? view.getUint16(8, true) : view.getUint32(8, true);
  const start = headerStart + length;
  if (length > MAX_HEADER_BYTES || start > bytes.length) throw invalid(`its header has ${length} bytes`);
  return { header: Buffer.from(bytes.subarray(headerStart, start)).toString("latin1"), start };
}

function invalid(why: string): ConfigError {
  return new ConfigError(
    `no array that can be read: ${why}`,
    "Write it with numpy.save(file, numpy.ascontiguousarray(array)), with numbers of 8 to 64 bits or bool.",
  );
}

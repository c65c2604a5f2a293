import { crc32 } from "node:zlib";

/** Deviations from an entry of torch.save. */
export interface EntryQuirks {
  /** General purpose bit flags; 1 is "encrypted". */
  readonly flags?: number;
  /** 0 stored, 8 deflated (the bytes are not compressed). */
  readonly method?: number;
  readonly crc?: number;
  /** The stated size after decryption or decompression. */
  readonly uncompressedBytes?: number;
}

export type ZipEntry = readonly [name: string, data: Uint8Array, quirks?: EntryQuirks];

/** A zip archive of uncompressed entries (PKWARE APPNOTE 6.3), like torch.save's. */
export function storedZip(entries: readonly ZipEntry[]): Uint8Array {
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let offset = 0;
  for (const [name, data, quirks = {}] of entries) {
    const nameBytes = new TextEncoder().encode(name);
    const common = header(data, nameBytes.length, quirks);
    const local = join([u32(0x04034b50), common, nameBytes, data]);
    parts.push(local);
    const noCommentDiskOrAttributes = new Uint8Array(10);
    directory.push(
      join([u32(0x02014b50), u16(20), common, noCommentDiskOrAttributes, u32(offset), nameBytes]),
    );
    offset += local.length;
  }
  const central = join(directory);
  const count = u16(entries.length);
  const end = join([u32(0x06054b50), u16(0), u16(0), count, count, u32(central.length), u32(offset), u16(0)]);
  return join([...parts, central, end]);
}

/** The fields that the local header and the central directory share: version to length of the extra field. */
function header(data: Uint8Array, nameBytes: number, quirks: EntryQuirks): Uint8Array {
  const { flags = 0, method = 0, crc = crc32(data), uncompressedBytes = data.length } = quirks;
  return join([
    ...[u16(20), u16(flags), u16(method), u32(0), u32(crc)],
    ...[u32(data.length), u32(uncompressedBytes), u16(nameBytes), u16(0)],
  ]);
}

function u16(value: number): Uint8Array {
  return Uint8Array.of(value & 0xff, value >> 8);
}

function u32(value: number): Uint8Array {
  return Uint8Array.of(value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24);
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  // A Buffer's slice() shares memory, and tests change slices.
  return new Uint8Array(Buffer.concat(parts));
}

import { crc32 } from "node:zlib";
import { type Entry, fromBufferPromise, type ZipFile } from "yauzl";
import { ModelError } from "../../../errors.ts";
import { damagedCheckpoint } from "../errors.ts";
import { otherArchive } from "../origin/other-archive.ts";

/** The largest YOLOv5 training checkpoint (x6 with optimizer) has about 10,000 tensors. */
const MAX_ENTRIES = 50_000;

/** A file of torch.save (1.6 and later): one pickle, and the storages that it refers to by key. */
export interface TorchArchive {
  readonly pickle: Uint8Array;
  /**
   * The bytes of a storage, not copied.
   * @throws ModelError when the archive lacks it, or all storages together exceed what a model of this size reads.
   */
  storage(key: string): Uint8Array;
}

/**
 * Opens a checkpoint: a zip of stored entries `<name>/data.pkl`, `<name>/data/<key>` and, since torch 2.1, `<name>/byteorder`.
 * @throws ModelError when it is not a zip archive, damaged, encrypted, compressed, big-endian, or TorchScript.
 */
export async function openTorchArchive(bytes: Uint8Array): Promise<TorchArchive> {
  refuseOtherFormats(bytes);
  const entries = await readEntries(bytes);
  const [pickleName = "", pickle = new Uint8Array()] =
    [...entries].find(([name]) => PICKLE_NAME.test(name)) ?? [];
  const root = pickleName.slice(0, -"data.pkl".length);
  const byteOrder = new TextDecoder().decode(entries.get(`${root}byteorder`)).trim();
  if (byteOrder !== "" && byteOrder !== "little") {
    throw new ModelError(
      `The checkpoint's numbers are ${JSON.stringify(byteOrder.slice(0, 20))}-endian, expected "little".`,
      "Save it again with torch.save on a little-endian machine (x86-64, ARM64).",
    );
  }
  let bytesRead = 0;
  return {
    pickle,
    storage(key) {
      const entry = entries.get(`${root}data/${key}`);
      if (!entry)
        throw damagedCheckpoint(
          `its pickle refers to storage ${JSON.stringify(key.slice(0, 40))}, which is missing`,
        );
      // A model reads each weight once. A thousand layers that share a storage are an attack on memory.
      bytesRead += entry.length;
      if (bytesRead > 2 * bytes.length) throw damagedCheckpoint("too many of its layers share their weights");
      return entry;
    },
  };
}

const PICKLE_NAME = /^[^/]+\/data\.pkl$/;

/** torch before 1.6 wrote several pickles in sequence, the first this magic number in protocol 2 (torch/serialization.py). */
const OLD_TORCH = Buffer.from("80028a0a6cfc9c46f9206aa85019", "hex");

/** TorchScript has a pickle, too, and the constants of its code beside it. */
function isCheckpoint(names: readonly string[]): boolean {
  return (
    names.some((name) => PICKLE_NAME.test(name)) && !names.some((name) => name.endsWith("/constants.pkl"))
  );
}

function refuseOtherFormats(bytes: Uint8Array): void {
  const [first, second] = bytes;
  if (first === 0x50 && second === 0x4b) return;
  if (OLD_TORCH.every((byte, index) => bytes[index] === byte)) {
    throw new ModelError(
      "The checkpoint is in the format that torch used before version 1.6 (a bare pickle, not a zip archive).",
      "If you trust the file, load it in its Python environment and save it again with torch 1.6 or later: torch.save(torch.load(path), path).",
    );
  }
  if (first === 0x80) {
    throw new ModelError(
      "The file is a Python pickle, but no checkpoint of torch. Nothing was run.",
      "If you trust the file, export the model to ONNX in the Python environment where it was made (scikit-learn: skl2onnx).",
    );
  }
  throw new ModelError(
    "The file is not a torch checkpoint: it does not begin like a zip archive.",
    "Give the .pt file that YOLOv5's train.py saved, or an ONNX file.",
  );
}

async function readEntries(bytes: Uint8Array): Promise<ReadonlyMap<string, Uint8Array>> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const entries = new Map<string, Uint8Array>();
  try {
    const zip = await fromBufferPromise(buffer, { lazyEntries: true, autoClose: false });
    if (zip.entryCount > MAX_ENTRIES)
      throw damagedCheckpoint(`it has ${zip.entryCount} entries, expected at most ${MAX_ENTRIES}`);
    const listed = new Map<string, Entry>();
    for await (const entry of zip.eachEntry()) {
      if (listed.has(entry.fileName))
        throw damagedCheckpoint(`it has two entries ${JSON.stringify(entry.fileName)}`);
      listed.set(entry.fileName, entry);
    }
    const names = [...listed.keys()];
    // Other archives may be compressed, which would be the wrong complaint.
    if (!isCheckpoint(names)) throw otherArchive(names);
    for (const [name, entry] of listed) entries.set(name, await readEntry(bytes, zip, entry));
  } catch (error) {
    if (error instanceof ModelError) throw error;
    throw damagedCheckpoint(
      `its zip archive is truncated or damaged (${error instanceof Error ? error.message : error})`,
      error,
    );
  }
  return entries;
}

/** torch does not compress, so that it can map the file. An entry is a part of the file, so it cannot be a zip bomb. */
async function readEntry(bytes: Uint8Array, zip: ZipFile, entry: Entry): Promise<Uint8Array> {
  const name = JSON.stringify(entry.fileName);
  if (entry.isEncrypted()) throw damagedCheckpoint(`its entry ${name} is encrypted`);
  if (entry.compressionMethod !== 0 || entry.compressedSize !== entry.uncompressedSize) {
    throw new ModelError(
      `The checkpoint's entry ${name} is compressed; torch.save stores without compression.`,
      "Give the file as torch.save wrote it, not a repacked one.",
    );
  }
  const { fileDataStart } = await zip.readLocalFileHeaderPromise(entry, { minimal: true });
  const data = bytes.subarray(fileDataStart, fileDataStart + entry.uncompressedSize);
  if (crc32(data) !== entry.crc32)
    throw damagedCheckpoint(`the checksum of its entry ${name} does not match`);
  return data;
}

import { fromBufferPromise } from "yauzl";
import { writeCheckpoint } from "../models/checkpoint.ts";
import { importCheckpoint } from "../models/import-detector.ts";
import { storedZip, type ZipEntry } from "../models/stored-zip.ts";
import { at, mutatedBytes } from "./mutate-bytes.ts";
import { refusesModel } from "./refusals.ts";
import { acceptedUnless, type FuzzTarget } from "./target.ts";
import { wordsOf } from "./words.ts";

/** Pickle opcodes with large effects: memo, nested marks, long integers, sizes of 4 GB, classes. */
const OPCODES = [
  Uint8Array.from({ length: 20_000 }, () => 0x28),
  Uint8Array.from({ length: 20_000 }, () => 0x5d),
  Uint8Array.from([0x8b, 0xff, 0xff, 0xff, 0x7f]),
  Uint8Array.from([0x58, 0xff, 0xff, 0xff, 0xff]),
  Uint8Array.from([0x71, 0x01, 0x68, 0x01]),
  Uint8Array.from([0x6a, 0xff, 0xff, 0xff, 0xff]),
  Uint8Array.from([0x52]),
  Uint8Array.from([0x62]),
  Uint8Array.from([0x75]),
  Uint8Array.from([0x2e]),
];
const WORDS = [
  ...wordsOf("cos\nsystem\n", "cbuiltins\neval\n", "ctorch\nSize\n", "__proto__", "constructor", "model"),
  ...OPCODES,
];

/** The checkpoint importer: mutants of whole archives, and of pickles in otherwise valid archives. */
export async function checkpointTarget(): Promise<FuzzTarget> {
  const seeds = [writeCheckpoint(), writeCheckpoint({ fused: true, dtype: "float16", classes: 1 })];
  const archives = await Promise.all(seeds.map(readEntries));

  return {
    make(random) {
      const index = at(random, seeds.length);
      if (random() < 0.3) return mutatedBytes(seeds[index] ?? new Uint8Array(), random, WORDS);
      return storedZip(
        (archives[index] ?? []).map(([name, data]) =>
          name.endsWith("data.pkl") ? [name, mutatedBytes(data, random, WORDS)] : [name, data],
        ),
      );
    },
    feed: (file) =>
      acceptedUnless(refusesModel, () =>
        importCheckpoint(file as Uint8Array, { name: "mutant", size: { width: 64, height: 64 } }),
      ),
  };
}

async function readEntries(archive: Uint8Array): Promise<ZipEntry[]> {
  const zip = await fromBufferPromise(Buffer.from(archive), { lazyEntries: true, autoClose: false });
  const entries: ZipEntry[] = [];
  for await (const entry of zip.eachEntry()) {
    const { fileDataStart } = await zip.readLocalFileHeaderPromise(entry, { minimal: true });
    entries.push([entry.fileName, archive.slice(fileDataStart, fileDataStart + entry.uncompressedSize)]);
  }
  return entries;
}

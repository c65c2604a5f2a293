/** Imports the files of a detector, without a disk. */
import type { ImportedDetector } from "../../../detectors/compiler/graph/graph.ts";
import { checkpointImporter } from "../../../detectors/compiler/import/checkpoint/importer.ts";
import type { DetectorOptions, Importer } from "../../../detectors/compiler/import/importer.ts";
import { onnxImporter } from "../../../detectors/compiler/import/onnx/importer.ts";
import { tfjsImporter } from "../../../detectors/compiler/import/tfjs/importer.ts";

type Files = ReadonlyMap<string, Uint8Array>;

/** For importers that read at once. */
function importNow(
  { read }: Importer,
  main: Uint8Array,
  companions: Files,
  options: DetectorOptions,
): ImportedDetector {
  const file = read({ main, companions });
  if (file instanceof Promise) throw new Error("this importer reads later");
  return file.detector(options);
}

export function importOnnx(file: Uint8Array, options: DetectorOptions): ImportedDetector {
  return importNow(onnxImporter, file, new Map(), options);
}

export function importTfjs(json: Uint8Array, shards: Files, options: DetectorOptions): ImportedDetector {
  return importNow(tfjsImporter, json, shards, options);
}

export async function importCheckpoint(
  file: Uint8Array,
  options: DetectorOptions,
): Promise<ImportedDetector> {
  return (await checkpointImporter.read({ main: file, companions: new Map() })).detector(options);
}

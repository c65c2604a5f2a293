import { checkpointImporter } from "./checkpoint/importer.ts";
import type { Importer } from "./importer.ts";
import { onnxImporter } from "./onnx/importer.ts";
import { tfjsImporter } from "./tfjs/importer.ts";
import { tfliteImporter } from "./tflite/importer.ts";

/** All file formats, in the order in which a file is compared with them. */
export const IMPORTERS: readonly Importer[] = [
  checkpointImporter,
  tfliteImporter,
  tfjsImporter,
  onnxImporter,
];

/**
 * The importer of a file.
 * @param extension of its name, in lower case and with its dot
 */
export function importerOf(main: Uint8Array, extension: string): Importer | undefined {
  return (
    IMPORTERS.find(({ matches }) => matches(main, "")) ??
    IMPORTERS.find(({ matches }) => matches(main, extension))
  );
}

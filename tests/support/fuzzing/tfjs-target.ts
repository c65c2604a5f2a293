import type { FileModel } from "../../../detectors/compiler/import/importer.ts";
import { tfjsImporter } from "../../../detectors/compiler/import/tfjs/importer.ts";
import { isTfjs, tfjsShards } from "../../../detectors/compiler/import/tfjs/schema.ts";
import { compileTensors } from "../../../scripts/conformance/compile-onnx.ts";
import { importTfjs } from "../models/import-detector.ts";
import {
  type TfjsFiles,
  TfjsWriter,
  tfjsFiles,
  type WrittenModel,
  windowAttributes,
  writeCenterNet,
} from "../models/tfjs-writer.ts";
import { mutatedBytes } from "./mutate-bytes.ts";
import { mutatedTree } from "./mutate-tree.ts";
import { refusesModel } from "./refusals.ts";
import { runOnce } from "./run-once.ts";
import { acceptedUnless, type FuzzTarget } from "./target.ts";
import { wordsOf } from "./words.ts";

const WORDS = wordsOf(
  ...['"modelTopology"', '"__proto__":', "../../etc/passwd", "1e999", "\\ud800", "NaN", "}", "]", '"'],
  ...["[".repeat(20_000), '{"a":'.repeat(5_000), "4294967296", "-1"],
);

/** The TensorFlow.js importer: mutants of model.json's text and structure, and of its weight files. */
export function tfjsTarget(): FuzzTarget {
  const files = tfjsFiles(
    writeCenterNet({
      height: 8,
      width: 8,
      body(writer, image) {
        const x = writer.add("Mul", "scaled", [image, writer.number("scale", 1 / 255)]);
        const weights = writer.seeded("weights", [3, 3, 3, 4]);
        const half = writer.add("Conv2D", "half", [x, weights], windowAttributes(2, "SAME"));
        const large = writer.add("ResizeBilinear", "large", [half, writer.integers("size", [8, 8])]);
        return { map: writer.add("AddV2", "sum", [large, writer.mix("wide", x, 3, 4)]), channels: 4 };
      },
    }),
  );
  return {
    make: tfjsMutants(files),
    feed: (mutant) =>
      acceptedUnless(refusesModel, () => {
        const { json, shards } = mutant as TfjsFiles;
        importTfjs(json, listedShards(json, shards), { name: "mutant" });
      }),
  };
}

/** TensorFlow.js models compiled with their own inputs and outputs. What is accepted is a valid module without traps. */
export function tfjsTensorTarget(): FuzzTarget {
  const writer = new TfjsWriter();
  const image = writer.image(6, 8);
  const padded = writer.add("Pad", "padded", [image, writer.integers("pads", [0, 0, 1, 1, 0, 2, 0, 1])]);
  const tiled = writer.add("Tile", "tiled", [padded, writer.integers("repeats", [1, 1, 2, 1])]);
  const x = writer.mix("mixed", tiled, 4, 5);
  const cut = writer.add("Slice", "cut", [
    x,
    writer.integers("begin", [0, 1, 2, 0]),
    writer.integers("size", [1, 4, 4, -1]),
  ]);
  const flat = writer.add("Reshape", "flat", [cut, writer.integers("shape", [16, 5])]);
  writer.add("Softmax", "scores", [writer.add("MatMul", "product", [flat, writer.seeded("matrix", [5, 3])])]);
  writer.add("Mean", "mean", [x, writer.integers("axes", [1, 2])]);
  const files = tfjsFiles(writer.finish(["scores", "mean"]));
  // Pads and sizes are pairs and lists: the writer has them flat.
  const json = JSON.parse(new TextDecoder().decode(files.json)) as WrittenModel;
  for (const weight of json.weightsManifest[0]?.weights ?? [])
    if (weight.name === "pads") weight.shape = [4, 2];
  return {
    make: tfjsMutants({ ...files, json: new TextEncoder().encode(JSON.stringify(json)) }),
    feed: (mutant) =>
      acceptedUnless(refusesModel, () => {
        const { json, shards } = mutant as TfjsFiles;
        const file = tfjsImporter.read({ main: json, companions: listedShards(json, shards) }) as FileModel;
        runOnce(compileTensors(file.tensors({ name: "mutant" })));
      }),
  };
}

/** The weight files that a model lists, as the compiler reads them. */
function listedShards(json: Uint8Array, shards: TfjsFiles["shards"]): TfjsFiles["shards"] {
  isTfjs(json);
  const names = new Set(tfjsShards(json));
  return new Map([...shards].filter(([name]) => names.has(name)));
}

/** Mutants of a model: of its weights, of the text of model.json, and of its structure. */
function tfjsMutants({ json, shards }: TfjsFiles): (random: () => number) => TfjsFiles {
  const tree: unknown = JSON.parse(new TextDecoder().decode(json));
  return (random) => {
    const turn = random();
    if (turn < 0.15) {
      const mutants = [...shards].map(([name, bytes]) => [name, mutatedBytes(bytes, random, WORDS)] as const);
      return { json, shards: new Map(mutants) };
    }
    if (turn < 0.4) return { json: mutatedBytes(json, random, WORDS), shards };
    return { json: new TextEncoder().encode(JSON.stringify(mutatedTree(tree, random))), shards };
  };
}

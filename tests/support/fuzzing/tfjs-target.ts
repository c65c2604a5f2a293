import { isTfjs, tfjsShards } from "../../../detectors/compiler/import/tfjs/schema.ts";
import { importTfjs } from "../models/import-detector.ts";
import { type TfjsFiles, tfjsFiles, windowAttributes, writeCenterNet } from "../models/tfjs-writer.ts";
import { mutatedBytes } from "./mutate-bytes.ts";
import { mutatedTree } from "./mutate-tree.ts";
import { refusesModel } from "./refusals.ts";
import { acceptedUnless, type FuzzTarget } from "./target.ts";
import { wordsOf } from "./words.ts";

const WORDS = wordsOf(
  ...['"modelTopology"', '"__proto__":', "../../etc/passwd", "1e999", "\\ud800", "NaN", "}", "]", '"'],
  ...["[".repeat(20_000), '{"a":'.repeat(5_000), "4294967296", "-1"],
);

/** The TensorFlow.js importer: mutants of model.json's text and structure, and of its weight files. */
export function tfjsTarget(): FuzzTarget {
  const { json, shards } = tfjsFiles(
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
  const tree: unknown = JSON.parse(new TextDecoder().decode(json));

  return {
    make(random): TfjsFiles {
      const turn = random();
      if (turn < 0.15) {
        const mutants = [...shards].map(
          ([name, bytes]) => [name, mutatedBytes(bytes, random, WORDS)] as const,
        );
        return { json, shards: new Map(mutants) };
      }
      if (turn < 0.4) return { json: mutatedBytes(json, random, WORDS), shards };
      return { json: new TextEncoder().encode(JSON.stringify(mutatedTree(tree, random))), shards };
    },
    feed: (mutant) =>
      acceptedUnless(refusesModel, () => {
        const files = mutant as TfjsFiles;
        isTfjs(files.json);
        const names = new Set(tfjsShards(files.json));
        const there = new Map([...files.shards].filter(([name]) => names.has(name)));
        importTfjs(files.json, there, { name: "mutant" });
      }),
  };
}

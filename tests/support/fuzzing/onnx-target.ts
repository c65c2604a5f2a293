import { decodeModel, encodeModel, type OnnxModel } from "../../../detectors/compiler/import/onnx/schema.ts";
import { importOnnx } from "../models/import-detector.ts";
import { smallYolov5 } from "../models/yolov5-onnx.ts";
import { at, mutatedBytes } from "./mutate-bytes.ts";
import { mutatedTree } from "./mutate-tree.ts";
import { refusesModel } from "./refusals.ts";
import { acceptedUnless, type FuzzTarget } from "./target.ts";
import { wordsOf } from "./words.ts";

/** Nested starts of protobuf groups: a parser that skips unknown fields recursively exhausts its stack. */
const NESTED_GROUPS = Uint8Array.from({ length: 20_000 }, () => 0x0b);
const WORDS = [
  ...wordsOf("Conv", "Reshape", "Range", "Constant", "Loop", "If", "com.evil", "__proto__", "images"),
  NESTED_GROUPS,
];

/** The ONNX importer: mutants of the bytes of small YOLOv5 exports, and of their nodes, shapes and names. */
export function onnxTarget(): FuzzTarget {
  const seeds = [
    smallYolov5(),
    smallYolov5({ decode: "slice", opset: 12, constants: "nodes", metadata: { names: "{0: 'a', 1: 'b'}" } }),
    smallYolov5({ dynamic: true, resize: "sizes", batchNorm: true }),
  ];
  const trees = seeds.map((seed) => decodeModel(seed));

  function encoded(tree: unknown): Uint8Array | undefined {
    try {
      return encodeModel(tree as OnnxModel);
    } catch {
      // The mutant has a string for a message, which protobuf cannot encode.
      return undefined;
    }
  }
  return {
    make(random) {
      const index = at(random, seeds.length);
      const file = random() < 0.6 ? encoded(mutatedTree(trees[index], random)) : undefined;
      return file ?? mutatedBytes(seeds[index] ?? new Uint8Array(), random, WORDS);
    },
    feed: (file) => acceptedUnless(refusesModel, () => importOnnx(file as Uint8Array, { name: "mutant" })),
  };
}

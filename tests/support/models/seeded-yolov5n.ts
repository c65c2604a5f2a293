import { calibrate } from "../../../detectors/compiler/calibrate/calibrate.ts";
import { compile } from "../../../detectors/compiler/compile.ts";
import type { Graph } from "../../../detectors/compiler/graph/graph.ts";
import { runPasses } from "../../../detectors/compiler/passes/index.ts";
import type { Precision } from "../../../detectors/module-format.ts";
import { writeCheckpoint } from "./checkpoint.ts";
import { importCheckpoint } from "./import-detector.ts";
import { YOLOV5N } from "./yolov5-layers.ts";

/** Options of a YOLOv5n with seeded weights. */
export interface SeededYolov5nOptions {
  readonly classes?: number;
  readonly seed?: number;
}

/** Bytes of a `.pt` with YOLOv5n's exact layers and seeded weights, for tests on machines without the real one. */
export function seededYolov5nCheckpoint({ classes = 80, seed = 1 }: SeededYolov5nOptions = {}): Uint8Array {
  return writeCheckpoint({ seed, classes, ...YOLOV5N });
}

/** YOLOv5n's exact graph for an image size, with seeded weights that keep activations in the order of 1. */
export async function seededYolov5nGraph(
  size: { readonly width: number; readonly height: number },
  options: SeededYolov5nOptions = {},
): Promise<Graph> {
  const model = await importCheckpoint(seededYolov5nCheckpoint(options), { name: "seeded-yolov5n", size });
  return model.graph;
}

/** A module of three classes with seeded weights, whose replies must be the same in all engines. */
export async function seededYolov5nModule(
  size: { readonly width: number; readonly height: number },
  precision: Precision,
): Promise<Uint8Array> {
  const graph = await seededYolov5nGraph(size, { classes: 3 });
  const source = { format: "yolov5-checkpoint", sha256: "0".repeat(64), licence: "CC0-1.0" } as const;
  const labels = ["person", "car", "dog"];
  const quantization =
    precision === "f32"
      ? undefined
      : { precision, ranges: (await calibrate(runPasses(graph), undefined)).ranges };
  // An i8 module needs the relaxed dot product, which is exact for 7-bit numbers, as are its other operations.
  const target = precision === "i8" ? "relaxed" : "simd128";
  return compile({ task: "detect", name: "seeded", labels, graph }, { source, target, quantization }).bytes;
}

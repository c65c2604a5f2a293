import type { Graph } from "../../detectors/compiler/graph/graph.ts";
import { importCheckpoint } from "../../detectors/compiler/import/yolov5-checkpoint.ts";
import { writeCheckpoint } from "./checkpoint.ts";

/** What a fabricated YOLOv5n differs in. */
export interface SeededYolov5nOptions {
  readonly classes?: number;
  readonly seed?: number;
}

/** Bytes of a `.pt` with YOLOv5n's exact layers and seeded weights: for tests on machines that lack the real one. */
export function seededYolov5nCheckpoint({ classes = 80, seed = 1 }: SeededYolov5nOptions = {}): Uint8Array {
  return writeCheckpoint({ seed, classes, channels: [16, 32, 64, 128, 256], depths: [1, 2, 3, 1] });
}

/** YOLOv5n's exact graph for a picture size, with seeded weights that keep activations in the order of 1. */
export async function seededYolov5nGraph(
  size: { readonly width: number; readonly height: number },
  options: SeededYolov5nOptions = {},
): Promise<Graph> {
  const model = await importCheckpoint(seededYolov5nCheckpoint(options), { name: "seeded-yolov5n", size });
  return model.graph;
}

import type { ImageSize } from "../../../detectors/compiler/graph/graph.ts";
import type { TfjsFiles, WrittenModel } from "./tfjs-writer.ts";

/** Bytes of one number in the weight files. */
const BYTES: Readonly<Record<string, number>> = { float32: 4, int32: 4, float16: 2 };

/**
 * The same model for another input size, so that TensorFlow.js can run it: the sizes of its enlarged maps are constants in
 * the file. Only its maps are valid; the search for boxes still uses the old number of cells.
 */
export function resizedTfjs({ json, shards }: TfjsFiles, from: ImageSize, to: ImageSize): TfjsFiles {
  const model: WrittenModel = JSON.parse(new TextDecoder().decode(json));
  const { node: nodes } = model.modelTopology;
  const sizes = new Set(nodes.filter(({ op }) => op === "ResizeBilinear").map(({ input }) => input[1] ?? ""));
  const [group, ...more] = model.weightsManifest;
  const [path = ""] = group?.paths ?? [];
  if (group?.paths.length !== 1 || more.length > 0) throw new Error("expected all weights in one file");
  const weights = Uint8Array.from(shards.get(path) ?? []);
  const view = new DataView(weights.buffer);
  let at = 0;
  for (const { name, shape, dtype, quantization } of group.weights) {
    if (sizes.has(name)) {
      view.setInt32(at, (view.getInt32(at, true) * to.height) / from.height, true);
      view.setInt32(at + 4, (view.getInt32(at + 4, true) * to.width) / from.width, true);
    }
    const bytes = BYTES[String(quantization?.dtype ?? dtype)] ?? Number.NaN;
    at += shape.reduce((product, size) => product * size, 1) * bytes;
  }
  const dim = [1, to.height, to.width, 3].map((size) => ({ size: String(size) }));
  for (const { op, attr } of nodes) if (op === "Placeholder") attr.shape = { shape: { dim } };
  delete model.signature;
  return { json: new TextEncoder().encode(JSON.stringify(model)), shards: new Map([[path, weights]]) };
}

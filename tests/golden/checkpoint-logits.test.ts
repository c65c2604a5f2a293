import { readFileSync } from "node:fs";
import { InferenceSession, Tensor } from "onnxruntime-node";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { importCheckpoint } from "../../detectors/compiler/import/yolov5-checkpoint.ts";
import { evaluate } from "../../detectors/compiler/ops/evaluate.ts";
import { findMedia, findModel } from "../support/materials.ts";
import { exposeValues, headConvolutionOutputs } from "../support/onnx-outputs.ts";

const checkpoint = findModel("yolov5n.pt");
const onnx = findModel("yolov5n.onnx");
const bus = findMedia("images/bus.jpg");
/** What onnxruntime's other order of additions and the folding in f32 by export.py may make. */
const TOLERANCE = 1e-3;

describe("the official YOLOv5n checkpoint", () => {
  it.skipIf(!checkpoint || !onnx || !bus)(
    "gives the logits that onnxruntime gives on the same weights exported to ONNX",
    async () => {
      const pixels = await sharp(bus).resize(640, 640, { fit: "fill" }).removeAlpha().raw().toBuffer();
      const { graph } = await importCheckpoint(readFileSync(checkpoint ?? ""), { name: "yolov5n" });
      const values = evaluate(graph, pixels);
      const heads = graph.nodes.at(-1)?.inputs ?? [];
      expect(heads).toHaveLength(3);

      const expected = await onnxLogits(readFileSync(onnx ?? ""), pixels);
      for (const [scale, head] of heads.entries()) {
        const ours = values.get(head);
        const theirs = expected[scale];
        expect(ours?.shape).toEqual(theirs?.shape);
        expect(largestDifference(ours?.data ?? [], theirs?.data ?? [])).toBeLessThan(TOLERANCE);
      }
    },
  );
});

interface Logits {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** The head convolutions' outputs, as [height, width, channels]. */
async function onnxLogits(model: Uint8Array, pixels: Uint8Array): Promise<Logits[]> {
  const names = headConvolutionOutputs(model);
  const session = await InferenceSession.create(exposeValues(model, names));
  const [input = ""] = session.inputNames;
  const plane = 640 * 640;
  const planes = Float32Array.from(
    { length: 3 * plane },
    (_, i) => (pixels[(i % plane) * 3 + Math.floor(i / plane)] ?? 0) / 255,
  );
  const answers = await session.run({ [input]: new Tensor("float32", planes, [1, 3, 640, 640]) }, names);
  return names.map((name) => {
    const answer = answers[name];
    const [, channels = 0, height = 0, width = 0] = answer?.dims ?? [];
    if (!(answer?.data instanceof Float32Array)) throw new Error(`${name} is not f32`);
    const source = answer.data;
    const data = Float32Array.from(
      source,
      (_, i) => source[(i % channels) * height * width + Math.floor(i / channels)] ?? NaN,
    );
    return { shape: [height, width, channels], data };
  });
}

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let largest = a.length === b.length ? 0 : NaN;
  for (let i = 0; i < a.length; i++) largest = Math.max(largest, Math.abs((a[i] ?? NaN) - (b[i] ?? NaN)));
  return largest;
}

import { readFile } from "node:fs/promises";
import type { Contestant } from "./contestant.ts";

interface Size {
  readonly width: number;
  readonly height: number;
}

/** The part of onnxruntime's interface that both packages share and that is used here. */
interface Session<Tensor> {
  readonly inputNames: readonly string[];
  run(feeds: Record<string, Tensor>): Promise<unknown>;
  release(): Promise<void>;
}

/** onnxruntime-web as people run it in Node: WebAssembly with SIMD, one thread. */
export async function loadOnnxruntimeWeb(modelPath: string, size: Size): Promise<Contestant> {
  const ort = await import("onnxruntime-web");
  ort.env.wasm.numThreads = 1;
  const session = await ort.InferenceSession.create(await readFile(modelPath), {
    executionProviders: ["wasm"],
  });
  return contestant(session, size, (planes, shape) => new ort.Tensor("float32", planes, shape));
}

/** onnxruntime-node: native code, held to one thread. */
export async function loadOnnxruntimeNode(modelPath: string, size: Size): Promise<Contestant> {
  const ort = await import("onnxruntime-node");
  const session = await ort.InferenceSession.create(modelPath, {
    executionProviders: ["cpu"],
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
  });
  return contestant(session, size, (planes, shape) => new ort.Tensor("float32", planes, shape));
}

function contestant<Tensor>(
  session: Session<Tensor>,
  { width, height }: Size,
  tensorOf: (planes: Float32Array, shape: number[]) => Tensor,
): Contestant {
  const planes = new Float32Array(3 * width * height);
  const [input = "images"] = session.inputNames;
  return {
    infer: async (pixels) => {
      toPlanes(pixels, planes);
      await session.run({ [input]: tensorOf(planes, [1, 3, height, width]) });
    },
    [Symbol.asyncDispose]: () => session.release(),
  };
}

/** RGB bytes, row by row, to one plane of 0..1 floats per colour (NCHW): what these models take. */
function toPlanes(pixels: Uint8Array, planes: Float32Array): void {
  const area = planes.length / 3;
  for (let i = 0, p = 0; i < area; i++, p += 3) {
    planes[i] = (pixels[p] ?? 0) / 255;
    planes[area + i] = (pixels[p + 1] ?? 0) / 255;
    planes[2 * area + i] = (pixels[p + 2] ?? 0) / 255;
  }
}

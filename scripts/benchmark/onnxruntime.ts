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

interface Setting extends Size {
  /** undefined: as many as the library takes by itself. */
  readonly threads: number | undefined;
}

/** onnxruntime-web as people run it in Node: WebAssembly with SIMD. */
export async function loadOnnxruntimeWeb(modelPath: string, size: Setting): Promise<Contestant> {
  const ort = await import("onnxruntime-web");
  if (size.threads !== undefined) ort.env.wasm.numThreads = size.threads;
  const session = await ort.InferenceSession.create(await readFile(modelPath), {
    executionProviders: ["wasm"],
  });
  return contestant(session, size, (planes, shape) => new ort.Tensor("float32", planes, shape));
}

/** onnxruntime-node: native code. */
export async function loadOnnxruntimeNode(modelPath: string, size: Setting): Promise<Contestant> {
  const ort = await import("onnxruntime-node");
  const { threads } = size;
  const session = await ort.InferenceSession.create(modelPath, {
    executionProviders: ["cpu"],
    ...(threads === undefined ? {} : { intraOpNumThreads: threads, interOpNumThreads: threads }),
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

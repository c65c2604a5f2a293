import { readFile } from "node:fs/promises";
import type { Contestant } from "./contestant.ts";

interface Size {
  readonly width: number;
  readonly height: number;
}

/** The part of onnxruntime's interface that is used here; both packages have it. */
interface Session<Tensor> {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  run(feeds: Record<string, Tensor>): Promise<Record<string, { readonly data: unknown }>>;
  release(): Promise<void>;
}

export interface Setting extends Size {
  /** undefined: the library's default. */
  readonly threads: number | undefined;
}

/** A network in onnxruntime. */
export interface Network extends AsyncDisposable {
  /**
   * @param planes of 0..1 floats, one per colour (NCHW)
   * @returns its outputs in the model's order
   */
  run(planes: Float32Array): Promise<readonly Float32Array[]>;
}

/** onnxruntime-web as it is used in Node: WebAssembly with SIMD. */
export async function openOnnxruntimeWeb(modelPath: string, size: Setting): Promise<Network> {
  const ort = await import("onnxruntime-web");
  if (size.threads !== undefined) ort.env.wasm.numThreads = size.threads;
  const session = await ort.InferenceSession.create(await readFile(modelPath), {
    executionProviders: ["wasm"],
  });
  return network(session, size, (planes, shape) => new ort.Tensor("float32", planes, shape));
}

/** onnxruntime-node: native code. */
export async function openOnnxruntimeNode(modelPath: string, size: Setting): Promise<Network> {
  const ort = await import("onnxruntime-node");
  const { threads } = size;
  const session = await ort.InferenceSession.create(modelPath, {
    executionProviders: ["cpu"],
    ...(threads === undefined ? {} : { intraOpNumThreads: threads, interOpNumThreads: threads }),
  });
  return network(session, size, (planes, shape) => new ort.Tensor("float32", planes, shape));
}

/** A contestant that computes the head's logits and does not decode them. */
export async function networkContestant(opening: Promise<Network>, size: Size): Promise<Contestant> {
  const network = await opening;
  const planes = new Float32Array(3 * size.width * size.height);
  return {
    infer: async (pixels) => {
      toPlanes(pixels, planes);
      await network.run(planes);
    },
    [Symbol.asyncDispose]: () => network[Symbol.asyncDispose](),
  };
}

function network<Tensor>(
  session: Session<Tensor>,
  { width, height }: Size,
  tensorOf: (planes: Float32Array, shape: number[]) => Tensor,
): Network {
  const [input = "images"] = session.inputNames;
  return {
    async run(planes) {
      const outputs = await session.run({ [input]: tensorOf(planes, [1, 3, height, width]) });
      return session.outputNames.map((name) => {
        const data = outputs[name]?.data;
        if (!(data instanceof Float32Array)) throw new Error(`output ${name}: expected 32-bit floats`);
        return data;
      });
    },
    [Symbol.asyncDispose]: () => session.release(),
  };
}

/** Converts RGB bytes, row by row, to one plane of 0..1 floats per colour (NCHW). */
export function toPlanes(pixels: Uint8Array, planes: Float32Array): void {
  const area = planes.length / 3;
  for (let i = 0, p = 0; i < area; i++, p += 3) {
    planes[i] = (pixels[p] ?? 0) / 255;
    planes[area + i] = (pixels[p + 1] ?? 0) / 255;
    planes[2 * area + i] = (pixels[p + 2] ?? 0) / 255;
  }
}

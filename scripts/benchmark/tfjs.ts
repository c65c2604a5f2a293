import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Contestant } from "./contestant.ts";

/** The part of a TensorFlow.js graph model's `model.json` that loading needs. */
interface GraphModelFile {
  readonly modelTopology: object;
  readonly format: string;
  readonly weightsManifest: readonly { readonly paths: string[]; readonly weights: [] }[];
}

/** Sizes and peaks of the boxes: the outputs before the network sorts and gathers. */
const OUTPUTS = ["tower_0/wh", "tower_0/keypoints"];

/** tfjs-backend-wasm as it is used in Node: WebAssembly with SIMD, limited to one thread. */
export async function loadTfjs(
  modelPath: string,
  { width, height }: { readonly width: number; readonly height: number },
): Promise<Contestant> {
  const { setBackend, tensor4d } = await import("@tensorflow/tfjs-core");
  const { setThreadsCount, setWasmPaths } = await import("@tensorflow/tfjs-backend-wasm");
  const { loadGraphModel } = await import("@tensorflow/tfjs-converter");
  setWasmPaths(`${dirname(fileURLToPath(import.meta.resolve("@tensorflow/tfjs-backend-wasm")))}/`);
  setThreadsCount(1);
  if (!(await setBackend("wasm"))) throw new Error("TensorFlow.js has no WebAssembly backend here");
  const file = JSON.parse(readFileSync(modelPath, "utf8")) as GraphModelFile;
  const { modelTopology, format, weightsManifest } = file;
  const shards = weightsManifest.flatMap(({ paths }) =>
    paths.map((path) => readFileSync(join(dirname(modelPath), path))),
  );
  const weightData = Uint8Array.from(Buffer.concat(shards)).buffer;
  const weightSpecs = weightsManifest.flatMap(({ weights }) => weights);
  const model = await loadGraphModel({
    load: async () => ({ modelTopology, format, weightSpecs, weightData }),
  });
  return {
    infer: async (pixels) => {
      const input = tensor4d(new Float32Array(pixels), [1, height, width, 3]);
      const outputs = [model.execute(input, OUTPUTS)].flat();
      await Promise.all(outputs.map((output) => output.data()));
      for (const tensor of [input, ...outputs]) tensor.dispose();
    },
    [Symbol.asyncDispose]: async () => model.dispose(),
  };
}

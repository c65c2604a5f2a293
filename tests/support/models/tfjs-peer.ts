import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { setThreadsCount, setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import { type GraphModel, loadGraphModel } from "@tensorflow/tfjs-converter";
import { setBackend, type Tensor, tensor, tensor4d } from "@tensorflow/tfjs-core";
import type { ImageSize } from "../../../detectors/compiler/graph/graph.ts";

import type { Tensor as ReferenceTensor } from "../../../detectors/compiler/graph/value.ts";
import type { TfjsFiles } from "./tfjs-writer.ts";

/** Runs an image in TensorFlow.js and returns the requested outputs, in order, without the batch axis. */
export type TfjsPeer = (image: Uint8Array) => ReferenceTensor[];

/** Opens a graph model in TensorFlow.js's WebAssembly backend with one thread, like ours. */
export async function openTfjs(
  { json, shards }: TfjsFiles,
  { width, height }: ImageSize,
  outputs: [string, string, ...string[]],
): Promise<TfjsPeer> {
  const model = await loadTfjs({ json, shards });
  return (image) => {
    const input = tensor4d(Float32Array.from(image), [1, height, width, 3]);
    const result = model.execute(input, outputs);
    // Several names return a list in the same order.
    const tensors: Tensor[] = Array.isArray(result) ? result : [];
    const answers = tensors.map((tensor) => ({
      shape: tensor.shape.slice(1),
      data: Float32Array.from(tensor.dataSync()),
    }));
    for (const tensor of [input, ...tensors]) tensor.dispose();
    return answers;
  };
}

/**
 * The outputs of a graph model in TensorFlow.js, in the order of `outputs`.
 * @param inputs f32, by name
 */
export async function tfjsOutputs(
  files: TfjsFiles,
  inputs: ReadonlyMap<string, ReferenceTensor>,
  outputs: readonly string[],
): Promise<readonly ReferenceTensor[]> {
  const model = await loadTfjs(files);
  const feeds = [...inputs].map(
    ([name, { shape, data }]) => [name, tensor(data, [...shape], "float32")] as const,
  );
  const result = model.execute(Object.fromEntries(feeds), [...outputs]);
  const tensors: Tensor[] = Array.isArray(result) ? result : [result];
  return tensors.map((one) => ({ shape: one.shape, data: Float32Array.from(one.dataSync()) }));
}

async function loadTfjs({ json, shards }: TfjsFiles): Promise<GraphModel> {
  setWasmPaths(`${dirname(fileURLToPath(import.meta.resolve("@tensorflow/tfjs-backend-wasm")))}/`);
  setThreadsCount(1);
  if (!(await setBackend("wasm"))) throw new Error("TensorFlow.js cannot use its WebAssembly backend");
  const { modelTopology, weightsManifest, format } = JSON.parse(new TextDecoder().decode(json));
  const groups: { paths: string[]; weights: [] }[] = weightsManifest;
  const bytes = groups.flatMap(({ paths }) => paths.map((name) => shards.get(name) ?? new Uint8Array()));
  const weightData = Uint8Array.from(Buffer.concat(bytes)).buffer;
  const weightSpecs = groups.flatMap(({ weights }) => weights);
  return await loadGraphModel({
    load: async () => ({ modelTopology, format, weightSpecs, weightData }),
  });
}

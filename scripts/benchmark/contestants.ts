/** Prepares all contestants of a model at one input size, and the files that they need. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ModelError, VARIANTS, variantFile } from "../../detectors/detector.ts";
import { withInputSize } from "../../tests/support/models/onnx-outputs.ts";
import { findModel } from "../materials.ts";
import { compileModule } from "./compile-module.ts";
import type { ContestantChoice } from "./contestant.ts";

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Each model's contestants and default sizes. */
export const MODELS = {
  yolov5n: {
    engines: ["wasmer", "v8", "onnxruntime-web", "onnxruntime-web-threads", "onnxruntime-node"],
    sizes: "640x640,640x384,416x416,320x320",
    weights: ["yolov5n.pt", "yolov5n.onnx"],
  },
  mobilenet: {
    engines: ["wasmer", "v8", "tfjs-backend-wasm"],
    sizes: "512x512",
    weights: ["mobilenet/centernet.json"],
  },
} as const;
export type Model = keyof typeof MODELS;
export type Engine = (typeof MODELS)[Model]["engines"][number];

/** The part of `MODELS` to measure. */
export interface ContestantsOptions {
  readonly model: Model;
  readonly engines: readonly Engine[];
  /** Names of our variants. */
  readonly variants: readonly string[];
}

/** The contestants at one size, and the operations that one inference is credited with. */
export interface Contestants {
  readonly choices: readonly ContestantChoice[];
  /** Multiplications and additions of the network's convolutions when computed directly. */
  readonly operations: number;
}

/**
 * Writes the contestants' files to a folder.
 * @param say called with a line for each variant that cannot be compiled
 */
export async function prepareContestants(
  { model, engines, variants }: ContestantsOptions,
  size: Size,
  folder: string,
  say: (line: string) => void,
): Promise<Contestants> {
  const name = `${size.width}x${size.height}`;
  const modules = new Map<string, string>();
  let operations = 0;
  // f32 is always compiled: the operations are counted in it.
  for (const variant of VARIANTS.filter(({ name }) => name === "f32" || variants.includes(name))) {
    const path = variantFile(join(folder, name), variant);
    try {
      const credited = await compileModule(found(...MODELS[model].weights), path, size, variant);
      if (variant.name === "f32") operations = credited;
      if (variants.includes(variant.name)) modules.set(variant.name, path);
    } catch (error) {
      if (!(error instanceof ModelError)) throw error;
      say(`${variant.name} ${name} is omitted: ${error.message}`);
    }
  }
  const ours = (engine: "wasmer" | "v8"): ContestantChoice[] =>
    [...modules].map(([variant, modelPath]) => ({
      ...common,
      name: "sabrewing",
      engine,
      variant,
      modelPath,
    }));
  const common = { model, ...size, threads: 1, variant: "f32" };
  const byEngine: { readonly [E in Engine]: () => ContestantChoice[] } = {
    wasmer: () => ours("wasmer"),
    v8: () => ours("v8"),
    "tfjs-backend-wasm": () => [
      { ...common, name: "tfjs-backend-wasm", engine: "wasm", modelPath: found(...MODELS[model].weights) },
    ],
    "onnxruntime-node": () => [
      { ...common, name: "onnxruntime-node", engine: "native", modelPath: onnxFile(folder, size) },
    ],
    "onnxruntime-web": () => [
      { ...common, name: "onnxruntime-web", engine: "wasm", modelPath: onnxFile(folder, size) },
    ],
    "onnxruntime-web-threads": () => [
      {
        ...common,
        name: "onnxruntime-web",
        engine: "wasm",
        threads: undefined,
        modelPath: onnxFile(folder, size),
      },
    ],
  };
  return { choices: engines.flatMap((engine) => byEngine[engine]()), operations };
}

/** Writes an ONNX file for this size that ends at the head's logits, before decoding and suppression. */
export function onnxFile(folder: string, size: Size): string {
  const path = join(folder, `${size.width}x${size.height}.onnx`);
  writeFileSync(path, withInputSize(readFileSync(found("yolov5n.onnx")), size));
  return path;
}

/** Path of the first of these files that exists. @throws Error when none exists */
export function found(...names: readonly string[]): string {
  const path = names.map(findModel).find((path) => path !== undefined);
  if (path === undefined) {
    throw new Error(
      `${names.join(" or ")} not found. Put it into $SABREWING_HOME, or run: scripts/fetch-model NAME`,
    );
  }
  return path;
}

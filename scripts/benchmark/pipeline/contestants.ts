import { join } from "node:path";
import { VARIANTS, variantFile } from "../../../detectors/detector.ts";
import { compileModule } from "../compile-module.ts";
import { found, onnxFile, type Size } from "../contestants.ts";

/** Who takes part, in this order: what the others are held against comes first. */
export const NAMES = ["ffmpeg", "sabrewing", "onnxruntime-web", "onnxruntime-node"] as const;
export type Name = (typeof NAMES)[number];

/** Plain decoding of the same streams to nowhere. */
export interface Decoding {
  readonly name: "ffmpeg";
}

/** Our agent. */
export interface Agent {
  readonly name: "sabrewing";
  readonly runtime: "wasmer" | "v8";
  /** How its module was compiled, `i8` say. */
  readonly variant: string;
  readonly size: Size;
  readonly modulePath: string;
}

/** A script around onnxruntime, every frame inferred. */
export interface Script {
  readonly name: "onnxruntime-web" | "onnxruntime-node";
  readonly size: Size;
  /** undefined: as many as the library takes by itself. */
  readonly threads: number | undefined;
  readonly modelPath: string;
}

export type Contestant = Decoding | Agent | Script;

export interface ContestantOptions {
  readonly only: readonly Name[];
  readonly runtime: "wasmer" | "v8";
  /** Names of our variants. */
  readonly variants: readonly string[];
  /** Of our modules' input. */
  readonly sizes: readonly Size[];
  /** Of the scripts' networks. */
  readonly scriptSizes: readonly Size[];
  readonly threads: number | undefined;
}

/** Everybody who takes part, with the files they need in a folder. */
export async function prepareContestants(
  options: ContestantOptions,
  folder: string,
): Promise<readonly Contestant[]> {
  const { only, runtime, threads } = options;
  const contestants: Contestant[] = [];
  if (only.includes("ffmpeg")) contestants.push({ name: "ffmpeg" });
  if (only.includes("sabrewing")) {
    for (const size of options.sizes) {
      for (const variant of VARIANTS.filter(({ name }) => options.variants.includes(name))) {
        const modulePath = variantFile(join(folder, sizeName(size)), variant);
        await compileModule(found("yolov5n.pt", "yolov5n.onnx"), modulePath, size, variant);
        contestants.push({ name: "sabrewing", runtime, variant: variant.name, size, modulePath });
      }
    }
  }
  for (const name of ["onnxruntime-web", "onnxruntime-node"] as const) {
    if (!only.includes(name)) continue;
    for (const size of options.scriptSizes) {
      contestants.push({ name, size, threads, modelPath: onnxFile(folder, size) });
    }
  }
  return contestants;
}

/** `640x384` */
export function sizeName({ width, height }: Size): string {
  return `${width}x${height}`;
}

import { join } from "node:path";
import { VARIANTS, variantFile } from "../../../detectors/detector.ts";
import { compileModule } from "../compile-module.ts";
import { found, onnxFile, type Size } from "../contestants.ts";

/** All contestants, in the order in which they run. The reference for the others comes first. */
export const NAMES = ["ffmpeg", "sabrewing", "onnxruntime-web", "onnxruntime-node"] as const;
export type Name = (typeof NAMES)[number];

/** ffmpeg that only decodes the streams. */
export interface Decoding {
  readonly name: "ffmpeg";
}

/** Our agent. */
export interface Agent {
  readonly name: "sabrewing";
  readonly runtime: "wasmer" | "v8";
  /** Variant of its module, for example `i8`. */
  readonly variant: string;
  readonly size: Size;
  readonly modulePath: string;
}

/** A script that runs onnxruntime on every frame. */
export interface Script {
  readonly name: "onnxruntime-web" | "onnxruntime-node";
  readonly size: Size;
  /** undefined: the library's default. */
  readonly threads: number | undefined;
  readonly modelPath: string;
}

export type Contestant = Decoding | Agent | Script;

export interface ContestantOptions {
  readonly only: readonly Name[];
  readonly runtime: "wasmer" | "v8";
  /** Variants of our module, by name. */
  readonly variants: readonly string[];
  /** Input sizes of our modules. */
  readonly sizes: readonly Size[];
  /** Input sizes of the scripts' networks. */
  readonly scriptSizes: readonly Size[];
  readonly threads: number | undefined;
}

/** Prepares all contestants and writes their files to a folder. */
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

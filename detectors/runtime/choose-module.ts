import { readdirSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { ModelError } from "../errors.ts";
import type { Precision } from "../module-format.ts";
import { VARIANTS, type Variant, variantFile } from "../variant.ts";
import { hasByteDotProduct } from "./byte-dot-product.ts";
import { lackingFeatures } from "./engine-features.ts";

/** Which variant of a set to choose. */
export interface ModuleRequirements {
  /** Only variants of this precision. Default `auto`: any precision. */
  readonly precision?: Precision | "auto";
  /** Returns those of these features that the engine lacks. Default: the engine of this process. */
  readonly lacking?: (features: readonly string[]) => readonly string[];
  /** Whether this CPU has an instruction for dot products of bytes. Default: measured. */
  readonly hasByteDotProduct?: () => boolean;
}

/** The module to run. */
export interface ModuleChoice {
  readonly path: string;
  /** The reason for this choice, a few words; undefined if the path names a single file. */
  readonly why: string | undefined;
}

/** A variant whose file exists. */
export interface AvailableVariant {
  readonly variant: Variant;
  readonly path: string;
}

/**
 * Returns the module to run for a path. If the path is a file, it is that file. Otherwise the path names a set of variants:
 * `yolov5n.wasm` stands for `yolov5n.i8.wasm`, `yolov5n.f32.wasm` and so on, and a folder stands for the set in it. The
 * fastest variant that this engine supports is chosen.
 * @throws ModelError when no variant of the set is suitable. A path that does not exist is returned unchanged: reading it
 *   reports the error.
 */
export function chooseModule(path: string, requirements: ModuleRequirements = {}): ModuleChoice {
  const available = variantsAt(path);
  if (available.length === 0) return { path, why: undefined };
  const { precision = "auto", lacking = lackingFeatures } = requirements;
  const rejected: string[] = [];
  for (const { variant, path } of fastestFirst(available, requirements)) {
    const missing = lacking(variant.features);
    if (precision !== "auto" && variant.precision !== precision) {
      rejected.push(`${variant.name} is not ${precision}`);
    } else if (missing.length > 0) {
      rejected.push(`${variant.name} needs ${missing.join(" and ")}, which this engine lacks`);
    } else {
      const rank =
        rejected.length === 0
          ? "the fastest variant"
          : `the fastest suitable variant: ${rejected.join("; ")}`;
      return {
        path,
        why: `${variant.name} of ${available.map(({ variant }) => variant.name).join(", ")}, ${rank}`,
      };
    }
  }
  throw new ModelError(
    `${path}: no variant is suitable: ${rejected.join("; ")}.`,
    "Compile the model for this engine: `sabrewing compile --variants` makes a variant for every engine.",
  );
}

/** Without an instruction for dot products of bytes, i8 is no faster than i16 and less exact: i16 goes first. */
function fastestFirst(
  available: readonly AvailableVariant[],
  { precision = "auto", hasByteDotProduct: hasInstruction = hasByteDotProduct }: ModuleRequirements,
): readonly AvailableVariant[] {
  const names = available.map(({ variant }) => variant.name);
  if (precision !== "auto" || !names.includes("i8") || !names.includes("i16") || hasInstruction())
    return available;
  const rank = ({ variant }: AvailableVariant) =>
    variant.name === "i8" ? names.indexOf("i16") + 0.5 : names.indexOf(variant.name);
  return available.toSorted((a, b) => rank(a) - rank(b));
}

/**
 * The variants that a path stands for, fastest first; none if the path is a file or does not exist.
 * @throws ModelError for a folder with variants of several models.
 */
export function variantsAt(path: string): AvailableVariant[] {
  const kind = kindOf(path);
  if (kind === "file") return [];
  const set = kind === "folder" ? onlySetIn(path) : path;
  if (set === undefined) return [];
  return VARIANTS.map((variant) => ({ variant, path: variantFile(set, variant) })).filter(
    ({ path }) => kindOf(path) === "file",
  );
}

/** The set of a variant's file (`yolov5n.i8.wasm` → `yolov5n.wasm`); undefined for any other name. */
export function setOf(file: string): string | undefined {
  const variant = VARIANTS.find(({ name }) => file.endsWith(`.${name}.wasm`));
  return variant && `${file.slice(0, -`.${variant.name}.wasm`.length)}.wasm`;
}

function onlySetIn(folder: string): string | undefined {
  const names = readdirSync(folder).sort();
  const sets = [...new Set(names.map(setOf).filter((set) => set !== undefined))];
  const [set, other] = sets;
  if (other === undefined) return set && join(folder, set);
  throw new ModelError(
    `${folder} holds variants of several models: ${sets.map((set) => basename(set)).join(", ")}.`,
    `Give the path of one of them: ${join(folder, set ?? "")}.`,
  );
}

function kindOf(path: string): "file" | "folder" | undefined {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return undefined;
  return stats.isDirectory() ? "folder" : "file";
}

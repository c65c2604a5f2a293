import { readdirSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { ModelError } from "../errors.ts";
import type { Precision } from "../module-format.ts";
import { VARIANTS, type Variant, variantFile } from "../variant.ts";
import { hasByteDotProduct } from "./byte-dot-product.ts";
import { lackingFeatures } from "./engine-features.ts";

/** Which module of a set is wanted. */
export interface ModuleWish {
  /** Only variants of this precision; every one when not given or `auto`. */
  readonly precision?: Precision | "auto";
  /** Which of these features the engine lacks; this process's engine is asked when not given. */
  readonly lacking?: (features: readonly string[]) => readonly string[];
  /** Whether this CPU has an instruction for dot products of bytes; it is tried when not given. */
  readonly hasByteDotProduct?: () => boolean;
}

/** The module that is to be run. */
export interface ModuleChoice {
  readonly path: string;
  /** Why it and no other, a few words; undefined where there was nothing to choose. */
  readonly why: string | undefined;
}

/** A variant that is there. */
export interface PresentVariant {
  readonly variant: Variant;
  readonly path: string;
}

/**
 * The module to run for a path: the file itself where there is one. Otherwise the path names a set: `yolov5n.wasm` stands
 * for `yolov5n.i8.wasm`, `yolov5n.f32.wasm` and so on beside it, a folder for those in it; of them the fastest that this
 * engine runs.
 * @throws ModelError when the set has none that will do. A path where nothing is comes back as it is: who reads it will tell.
 */
export function chooseModule(path: string, wish: ModuleWish = {}): ModuleChoice {
  const present = variantsAt(path);
  if (present.length === 0) return { path, why: undefined };
  const { precision = "auto", lacking = lackingFeatures } = wish;
  const passedOver: string[] = [];
  for (const { variant, path } of fastestFirst(present, wish)) {
    const missing = lacking(variant.features);
    if (precision !== "auto" && variant.precision !== precision) {
      passedOver.push(`${variant.name} is not ${precision}`);
    } else if (missing.length > 0) {
      passedOver.push(`${variant.name} needs ${missing.join(" and ")}, which this engine lacks`);
    } else {
      const rank =
        passedOver.length === 0
          ? "the fastest there is"
          : `the fastest that will do: ${passedOver.join("; ")}`;
      return {
        path,
        why: `${variant.name} of ${present.map(({ variant }) => variant.name).join(", ")}, ${rank}`,
      };
    }
  }
  throw new ModelError(
    `${path}: none of its variants will do: ${passedOver.join("; ")}.`,
    "Compile the model for this engine: `sabrewing compile --variants` makes one for every engine.",
  );
}

/** Where bytes are not multiplied faster, i8 is no quicker than i16 and only loses bits: it comes behind it. */
function fastestFirst(
  present: readonly PresentVariant[],
  { precision = "auto", hasByteDotProduct: isByteDotThere = hasByteDotProduct }: ModuleWish,
): readonly PresentVariant[] {
  const names = present.map(({ variant }) => variant.name);
  if (precision !== "auto" || !names.includes("i8") || !names.includes("i16") || isByteDotThere())
    return present;
  const place = ({ variant }: PresentVariant) =>
    variant.name === "i8" ? names.indexOf("i16") + 0.5 : names.indexOf(variant.name);
  return present.toSorted((a, b) => place(a) - place(b));
}

/**
 * The variants a path stands for, fastest first; none where it is a file, or nothing.
 * @throws ModelError for a folder with variants of several models.
 */
export function variantsAt(path: string): PresentVariant[] {
  const kind = kindOf(path);
  if (kind === "file") return [];
  const set = kind === "folder" ? onlySetIn(path) : path;
  if (set === undefined) return [];
  return VARIANTS.map((variant) => ({ variant, path: variantFile(set, variant) })).filter(
    ({ path }) => kindOf(path) === "file",
  );
}

/** The set that a file is a variant of: `yolov5n.i8.wasm` is of `yolov5n.wasm`; undefined for any other name. */
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
    `Name one of them: ${join(folder, set ?? "")}.`,
  );
}

function kindOf(path: string): "file" | "folder" | undefined {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return undefined;
  return stats.isDirectory() ? "folder" : "file";
}

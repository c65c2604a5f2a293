/** The interface of the detectors: the only file under detectors/ that the agent imports. */
import type { CompiledModel } from "./compiler/compile.ts";
import type { CompileFileOptions } from "./compiler/compile-file.ts";
import type { Layer } from "./compiler/explain.ts";
import type { Target } from "./compiler/target.ts";
import { ModelError } from "./errors.ts";

export { findKnownModel, KNOWN_MODELS } from "./catalog/catalog.ts";
export { DownloadError, type FetchOptions } from "./catalog/fetching.ts";
export { describeSource, downloadBytes, type KnownModel } from "./catalog/known-model.ts";
export { locateModel, type ModelPlaces, sabrewingHome } from "./catalog/locate-model.ts";
export { obtainModel } from "./catalog/obtain-model.ts";
export type { CompileFileOptions } from "./compiler/compile-file.ts";
export type { Layer } from "./compiler/explain.ts";
export type { Target } from "./compiler/target.ts";
export type {
  Box,
  Detection,
  Detector,
  DetectorFaultKind,
  DetectorOptions,
  DetectorState,
  DetectorStats,
  Inference,
  ModelInfo,
  ModuleInfo,
  ModuleOptions,
  ModuleTrust,
  OpenModule,
  ReplaceableDetector,
  ReplaceableOptions,
  Runtime,
  Tensor,
  TensorData,
  TensorInferenceOptions,
  Thresholds,
} from "./contract.ts";
export { errorCode } from "./error-code.ts";
export { DetectorFault, ModelError } from "./errors.ts";
export type {
  AudioSpec,
  LabelSpec,
  ModelDescription,
  PictureSpec,
  Precision,
  ScoreFilter,
  TensorDType,
  TensorSpec,
} from "./module-format.ts";
export {
  elementsOf,
  inputSize,
  licenceOf,
  MAX_SIDE,
  MODEL_FILE_TYPES,
  tensorBytes,
} from "./module-format.ts";
export { plainJson, plainLines, plainText } from "./plain-text.ts";
export {
  chooseModule,
  type ModuleChoice,
  type ModuleRequirements,
  setOf,
  variantsAt,
} from "./runtime/choose-module.ts";
export { fastestTarget, lackingFeatures } from "./runtime/engine-features.ts";
export { readModel, readModule } from "./runtime/module.ts";
export { openDetector } from "./runtime/open-detector.ts";
export { openModule } from "./runtime/open-module.ts";
export { openReplaceable } from "./runtime/replaceable.ts";
export { tensorArray } from "./runtime/tensors.ts";
export { VARIANTS, type Variant, variantFile } from "./variant.ts";

/**
 * Compiles a model file to a module; `compileFile` lists the file types. The compiler is loaded on first use,
 * since the daemon never needs it.
 * @throws ModelError with every reason why the file cannot be compiled, or not with this precision.
 */
export async function compileModel(path: string, options: CompileFileOptions = {}): Promise<CompiledModel> {
  const { compileFile } = await import("./compiler/compile-file.ts");
  const compiled = await compileFile(path, options);
  const { precision } = compiled.description;
  if (options.precision === undefined || options.precision === precision) return compiled;
  throw new ModelError(
    `${path} cannot be compiled with precision ${options.precision}, only with ${precision}.`,
    `Compile it with --precision ${precision}.`,
  );
}

/**
 * Measures the time that each layer of a compiled model takes in this engine.
 * @throws WebAssembly.CompileError when this engine lacks a feature of the target.
 */
export async function explainModel(compiled: CompiledModel, target: Target): Promise<readonly Layer[]> {
  const { explain } = await import("./compiler/explain.ts");
  return explain(compiled, target);
}

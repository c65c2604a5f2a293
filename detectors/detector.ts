/**
 * The only door from the agent to the detectors: open one, describe one, compile one.
 */
import type { CompiledModel } from "./compiler/compile.ts";
import type { CompileFileOptions } from "./compiler/compile-file.ts";
import type { Layer } from "./compiler/explain.ts";
import type { Target } from "./compiler/target.ts";
import { type DetectorFaultKind, ModelError } from "./errors.ts";
import type { ModelDescription, Precision } from "./module-format.ts";

export { findKnownModel, KNOWN_MODELS } from "./catalog/catalog.ts";
export { DownloadError, type FetchOptions } from "./catalog/fetching.ts";
export { describeSource, downloadBytes, type KnownModel } from "./catalog/known-model.ts";
export { locateModel, type ModelPlaces, sabrewingHome } from "./catalog/locate-model.ts";
export { obtainModel } from "./catalog/obtain-model.ts";
export type { CompileFileOptions } from "./compiler/compile-file.ts";
export type { Layer } from "./compiler/explain.ts";
export type { Target } from "./compiler/target.ts";
export { DetectorFault, type DetectorFaultKind, ModelError } from "./errors.ts";
export type { ModelDescription, Precision } from "./module-format.ts";
export { MAX_SIDE, MODEL_FILE_TYPES } from "./module-format.ts";
export { plainLines, plainText } from "./plain-text.ts";
export {
  chooseModule,
  type ModuleChoice,
  type ModuleWish,
  setOf,
  variantsAt,
} from "./runtime/choose-module.ts";
export { fastestTarget, lackingFeatures } from "./runtime/engine-features.ts";
export { readModel } from "./runtime/module.ts";
export { openDetector } from "./runtime/pool.ts";
export { openReplaceable } from "./runtime/replaceable.ts";
export { VARIANTS, type Variant, variantFile } from "./variant.ts";

/** A rectangle in pixels: left, top, right, bottom. */
export type Box = readonly [x1: number, y1: number, x2: number, y2: number];

/** One object found in one frame. */
export interface Detection {
  readonly label: string;
  /** 0..1 */
  readonly score: number;
  readonly box: Box;
}

/** Which detections a frame's answer holds: lowest score, and the overlap (IoU) above which the weaker box goes. */
export interface Thresholds {
  readonly score: number;
  readonly iou: number;
}

/** The answer to one frame: detections in pixels of the model input, best score first. */
export interface Inference {
  readonly detections: readonly Detection[];
  /** Time from handing the frame over to having the reply, milliseconds. */
  readonly inferenceMs: number;
}

/** `failing`: it keeps dying without an answer in between, and is started again at growing intervals. */
export type DetectorState = "working" | "failing";

/** What a detector has been through since it was opened. */
export interface DetectorStats {
  readonly state: DetectorState;
  /** Frames answered. */
  readonly frames: number;
  /** Every fault costs a frame, but for those between two frames and in a restart. */
  readonly faults: Readonly<Record<DetectorFaultKind, number>>;
  /** How often an instance was started again, in vain or not. */
  readonly restarts: number;
  /** Moving average over recent frames, milliseconds. */
  readonly inferenceMs: number;
}

export type Runtime = "wasmer" | "v8";

/** A module's description and what identifies the file it came from. */
export interface ModelInfo extends ModelDescription {
  /** SHA-256 of the module file, hex. */
  readonly sha256: string;
  readonly bytes: number;
  /** The fixed size of its memory. */
  readonly memoryBytes: number;
  /** What it imports, `module.name` each. */
  readonly imports: readonly string[];
}

/** Finds objects in pictures of exactly the model's input size. */
export interface Detector extends AsyncDisposable {
  readonly model: ModelInfo;
  readonly runtime: Runtime;
  /**
   * Callers wait in order while every instance is busy, and, at most as long as the deadline, while one that has died is
   * started again. Where all keep dying, a frame is refused at once (`unavailable`), for it would be stale by then.
   * @param pixels model.input.height × width × 3 bytes, RGB. Copied before the call returns.
   * @throws DetectorFault when this frame got no answer (the detector restarts by itself).
   */
  detect(pixels: Uint8Array, thresholds: Thresholds): Promise<Inference>;
  stats(): DetectorStats;
}

/** Which file may be run: all that is given must hold. */
export interface ModuleTrust {
  /** SHA-256 of the file, hex. */
  readonly sha256?: string;
  /** Whose Ed25519 signature (64 bytes) must lie beside the file as `<file>.sig`: base64 of the key's DER (SPKI). */
  readonly publicKey?: string;
}

/** How to run a detector. */
export interface DetectorOptions {
  /** Default: any file. */
  readonly trust?: ModuleTrust;
  /**
   * Refuses a module whose file, or whose memory, which every instance has for its own, is larger. Default: 1 GiB. The
   * module cannot take more than it declares.
   */
  readonly maxBytes?: number;
  readonly runtime: Runtime;
  /** How many copies run side by side, each in a thread of its own. */
  readonly instances: number;
  /**
   * A frame that got no reply within this time is lost and its instance is started again. Starting an instance does not
   * count, nor does its very first reply; the first frame after a restart has three times as long.
   */
  readonly deadlineMs: number;
  /**
   * true, the default: opening waits until every instance has answered a blank frame, and tells of a module that cannot
   * run. false: it waits only for the file, and the first frames are the proof; the first detection comes sooner.
   */
  readonly proveFirst?: boolean;
  /** Called on the first fault of a kind and on recovery, not on every one. */
  readonly log?: (event: { readonly level: "warn" | "info"; readonly message: string }) => void;
  /** Called when every instance keeps dying, and when one answers again. */
  readonly onState?: (state: DetectorState) => void;
}

/** A detector whose module can be replaced while it runs. */
export interface ReplaceableDetector extends Detector {
  /**
   * Starts another module beside the one that runs, and changes over when it has answered a blank frame in every instance.
   * Until it has answered a real one, too, the one before stands by, and goes on where the new one fails at it. One at a
   * time.
   * @returns what runs now; where the file holds the module that runs, nothing happens.
   * @throws ModelError, DetectorFault or what `accept` throws or rejects with: the one before goes on.
   */
  replace(path: string): Promise<ModelInfo>;
}

export interface ReplaceableOptions extends DetectorOptions {
  /** Throws for a module that is not to be run, before it is started and after its trust is checked. */
  readonly accept?: (model: ModelInfo) => void | Promise<void>;
  /** Called when a module goes on duty: every instance has answered a blank frame. */
  readonly onAccepted?: (model: ModelInfo) => void;
  /** Called when a module failed at its first frame from a camera, and the one before goes on. */
  readonly onWithdrawn?: (failed: ModelInfo, goesOn: ModelInfo) => void;
}

/** How to compile a model, and with which numbers it shall compute. */
export type CompileModelOptions = CompileFileOptions & { readonly precision?: Precision };

/**
 * Compiles a YOLOv5 checkpoint (`.pt`) or an ONNX model to a detector module. The compiler is loaded when it is first
 * used: the daemon never needs it.
 * @throws ModelError when the file cannot be compiled, with every reason, or not with this precision.
 */
export async function compileModel(path: string, options: CompileModelOptions = {}): Promise<CompiledModel> {
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
 * Measures what each layer of a compiled model costs in this engine.
 * @throws WebAssembly.CompileError where this engine lacks what the target needs.
 */
export async function explainModel(compiled: CompiledModel, target: Target): Promise<readonly Layer[]> {
  const { explain } = await import("./compiler/explain.ts");
  return explain(compiled, target);
}

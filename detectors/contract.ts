/**
 * The types that the agent and the runtime share: what a detector takes and returns, how it is opened and what it reports.
 * Types only; the agent gets them from `detector.ts`.
 */
import type { ModelDescription, PictureSpec, Precision, ScoreFilter, TensorDType } from "./module-format.ts";

/** A rectangle in pixels: left, top, right, bottom edge. */
export type Box = readonly [x1: number, y1: number, x2: number, y2: number];

/** One object that the detector found in one image. */
export interface Detection {
  readonly label: string;
  /** 0..1 */
  readonly score: number;
  readonly box: Box;
}

/** Filters of non-maximum suppression. */
export interface Thresholds {
  /** The lowest score that is reported. */
  readonly score: number;
  /** Of two boxes of one class whose overlap (IoU) is above this, the one with the lower score is removed. */
  readonly iou: number;
}

/** The result for one image: detections in pixels of the model input, highest score first. */
export interface Inference {
  readonly detections: readonly Detection[];
  /** Time from the request to the reply, milliseconds. */
  readonly inferenceMs: number;
}

/**
 * How a running detector failed. Each fault costs the one frame in flight:
 * `deadline` no reply in time · `trap` WebAssembly trapped · `exit` the module exited · `garbage` the reply violates
 * the protocol · `oversized` the reply is too long · `unavailable` the detector is restarting.
 */
export type DetectorFaultKind = "deadline" | "trap" | "exit" | "garbage" | "oversized" | "unavailable";

/** `failing`: every instance fails repeatedly without a reply in between, and restarts at growing intervals. */
export type DetectorState = "working" | "failing";

/** Counters of a detector since it was opened. */
export interface DetectorStats {
  readonly state: DetectorState;
  /** Frames with a reply. */
  readonly frames: number;
  /** Every fault costs a frame, except faults between two frames and during a restart. */
  readonly faults: Readonly<Record<DetectorFaultKind, number>>;
  /** Restarts of an instance, failed ones included. */
  readonly restarts: number;
  /** Moving average over recent frames, milliseconds. */
  readonly inferenceMs: number;
}

export type Runtime = "wasmer" | "v8";

/** The properties of a module's file. */
export interface ModuleFile {
  /** SHA-256 of the module file, hex. */
  readonly sha256: string;
  readonly bytes: number;
  /** The fixed size of its memory. */
  readonly memoryBytes: number;
  /** Its imports, `module.name` each. */
  readonly imports: readonly string[];
}

/** A module's description and the properties of its file. */
export type ModuleInfo = ModelDescription & ModuleFile;

/** A detector module, as the agent sees it. */
export interface ModelInfo extends ModuleFile {
  readonly name: string;
  /** Absent: 0. */
  readonly release?: number;
  /** Pixels. */
  readonly input: { readonly width: number; readonly height: number };
  /** How to scale an image to the input. */
  readonly picture: PictureSpec;
  readonly labels: readonly string[];
  /** By label; absent, or without a label: the agent's own defaults. */
  readonly filters?: Readonly<Record<string, ScoreFilter>>;
  readonly precision: Precision | "int8";
  readonly features: readonly string[];
  /** Licence of the weights. */
  readonly licence: string;
}

/** Detects objects in images of exactly the model's input size. */
export interface Detector extends AsyncDisposable {
  readonly model: ModelInfo;
  readonly runtime: Runtime;
  /**
   * While every instance is busy, calls wait in order. While a failed instance restarts, they wait for at most the
   * deadline. When every instance fails repeatedly, a frame is refused at once (`unavailable`): it would be stale later.
   * @param pixels model.input.height × width × 3 bytes, RGB. Copied before the call returns.
   * @throws DetectorFault when this frame got no reply. The detector restarts itself.
   */
  detect(pixels: Uint8Array, thresholds: Thresholds): Promise<Inference>;
  stats(): DetectorStats;
}

/** Which files may run. A file must meet every condition that is given. */
export interface ModuleTrust {
  /** SHA-256 of the file, hex. */
  readonly sha256?: string;
  /** The key of the Ed25519 signature (64 bytes) in `<file>.sig` beside the file: base64 of its DER (SPKI). */
  readonly publicKey?: string;
}

/** How to run a detector. */
export interface DetectorOptions {
  /** Default: any file may run. */
  readonly trust?: ModuleTrust;
  /**
   * The largest module file and the largest memory of one instance. Larger modules are refused. Default: 1 GiB. A module
   * cannot take more memory than it declares.
   */
  readonly maxBytes?: number;
  readonly runtime: Runtime;
  /** How many copies run side by side, each in its own thread. */
  readonly instances: number;
  /**
   * A frame without a reply within this time is lost, and its instance restarts. Starting an instance does not count, nor
   * does its very first reply. The first frame after a restart has three times as long.
   */
  readonly deadlineMs: number;
  /**
   * true, the default: opening waits until every instance has processed a blank frame, and fails when the module cannot
   * run. false: opening waits for the file only; the first detection comes sooner, but the first frame may fail.
   */
  readonly warmUp?: boolean;
  /** Called for the first fault of a kind and for the recovery, not for every fault. */
  readonly log?: (event: { readonly level: "warn" | "info"; readonly message: string }) => void;
  /** Called when every instance fails repeatedly, and when one replies again. */
  readonly onState?: (state: DetectorState) => void;
}

/** A detector whose module can be replaced while it runs. */
export interface ReplaceableDetector extends Detector {
  /**
   * Starts another module beside the running one and switches to it when each of its instances has processed a blank
   * frame. The previous module stays on standby until the new one has replied to a real frame, and takes over again if the
   * new one fails on it. Call it again only after the previous call has ended.
   * @returns the module that runs now. If the file holds the running module, nothing changes.
   * @throws ModelError, DetectorFault or the error of `accept`; the previous module continues.
   */
  replace(path: string): Promise<ModelInfo>;
}

export interface ReplaceableOptions extends DetectorOptions {
  /** Throws to refuse a module. Called after the trust check and before the module starts. */
  readonly accept?: (model: ModelInfo) => void | Promise<void>;
  /** Called when a module becomes active: each of its instances has processed a blank frame. */
  readonly onAccepted?: (model: ModelInfo) => void;
  /** Called when a module failed on its first frame from a camera and the previous module took over again. */
  readonly onWithdrawn?: (failed: ModelInfo, restored: ModelInfo) => void;
}

/** The numbers of a tensor, row-major: one array type per `TensorDType`; a bool is 0 or 1 in a Uint8Array. */
export type TensorData = Float32Array | Int8Array | Uint8Array | Int16Array | Int32Array;

/** One output. The first dimension of a counted output is the number of its valid rows. */
export interface Tensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: TensorDType;
  readonly data: TensorData;
}

/** How to run a module of any task: one instance in a thread of its own. */
export type ModuleOptions = Pick<DetectorOptions, "runtime" | "trust" | "maxBytes" | "deadlineMs">;

export interface TensorInferenceOptions {
  /** By name; the others have their defaults. */
  readonly parameters?: Readonly<Record<string, number>>;
  /** Whether the module forgets earlier inferences first. */
  readonly reset?: boolean;
}

/** A running module of any task. It restarts after a fault, as a detector does, and has then forgotten its state. */
export interface OpenModule extends AsyncDisposable {
  readonly info: ModuleInfo;
  readonly runtime: Runtime;
  /**
   * Runs one inference.
   * @param inputs in the order of the description, of its types and lengths. Copied before the call returns.
   * @throws RangeError when inputs or parameters do not fit the description, DetectorFault when there is no answer.
   */
  inferTensors(
    inputs: readonly TensorData[],
    options?: TensorInferenceOptions,
  ): Promise<{ readonly outputs: readonly Tensor[]; readonly inferenceMs: number }>;
}

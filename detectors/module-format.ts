/**
 * The format of a detector module (`.wasm`): its imports, the requests it reads, the replies it writes and its
 * description. The compiler writes modules and the runtime reads them; neither imports the other.
 */

/** First word of every request and reply: "SBW1" in little-endian ASCII. */
export const MAGIC = 0x31574253;

/** Bytes of the header in front of a request's pixels: u32 magic, u32 sequence, f32 scoreThreshold, f32 iouThreshold. */
export const REQUEST_HEADER_BYTES = 16;

/** Bytes of the header in front of a reply's detections: u32 magic, u32 sequence, u32 count, u32 0. */
export const REPLY_HEADER_BYTES = 16;

/** Bytes of one detection: f32 x1, y1, x2, y2 (pixels of the model input), f32 score, u32 label. */
export const DETECTION_BYTES = 24;

/** Limit of the detections in one reply. */
export const MAX_DETECTIONS = 300;

/** The only imports of a module. A module that imports anything else is refused. */
export const IMPORT_MODULE = "wasi_snapshot_preview1";
export const ALLOWED_IMPORTS = ["fd_read", "fd_write", "proc_exit"] as const;

/** Name of the custom section that holds the description as UTF-8 JSON. */
export const DESCRIPTION_SECTION = "sabrewing";

/**
 * Limits of a description. Its texts are shown on terminals and pages and published over MQTT, and a module may come from
 * an untrusted source. Lengths are in characters (code points).
 */
export const DESCRIPTION_LIMITS = {
  sectionBytes: 1_000_000,
  /** Length of the name, the licence and the compiler's version. */
  text: 200,
  label: 100,
  labels: 10_000,
  feature: 50,
  features: 50,
} as const;

/**
 * The longest side of a module's input, pixels. The largest YOLOv5 (x) needs 2.2 GiB of memory at 4096×4096. At 8192×8192
 * YOLOv5m would need more than the 4 GiB that a module can address.
 */
export const MAX_SIDE = 4096;

/** The model files that the compiler reads, for help texts and error messages. */
export const MODEL_FILE_TYPES =
  "a YOLOv5 checkpoint (.pt), an ONNX model (.onnx) or a TensorFlow.js graph model (model.json)";

export type Precision = "f32" | "i16" | "i8";
export type ModelFormat = "onnx" | "yolov5-checkpoint" | "tfjs";

/** When objects of a label count as real, if the configuration does not say: scores from 0 to 1. */
export interface ScoreFilter {
  /** Of a detection. */
  readonly min_score: number;
  /** The median of an object's detections. */
  readonly threshold: number;
}

/** The description in a module's custom section `sabrewing`. */
export interface ModelDescription {
  readonly abi: 1;
  readonly task: "detect";
  readonly name: string;
  /**
   * Release number of this model name, an integer; absent: 0. With `model.public_key` the agent refuses a lower number
   * than the highest that it has run.
   */
  readonly release?: number;
  readonly input: {
    readonly width: number;
    readonly height: number;
    readonly channels: 3;
    readonly dtype: "u8";
    readonly layout: "hwc";
  };
  readonly labels: readonly string[];
  /** By label; absent, or without a label: the agent's own defaults. */
  readonly filters?: Readonly<Record<string, ScoreFilter>>;
  readonly precision: Precision;
  /** WebAssembly features that the engine must support, e.g. `["simd128"]`. */
  readonly features: readonly string[];
  /**
   * Origin of the weights: file format, SHA-256 of that file (hex) and its licence. A `tfjs` model has several files: its
   * SHA-256 covers model.json followed by the weight files in the order of the manifest.
   */
  readonly source: { readonly format: ModelFormat; readonly sha256: string; readonly licence: string };
  readonly compiler: { readonly version: string };
}

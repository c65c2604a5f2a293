/**
 * The format of a module (`.wasm`), version 2: its imports, exports, requests, replies and description. The compiler writes
 * modules and the runtime reads them; neither imports the other. README.md beside this file explains the format to hosts and
 * compilers of third parties.
 */

/** The version of the format. Version 1 was only for detectors and is refused. */
export const ABI = 2;

/** First word of every request and reply: "SBW2" in little-endian ASCII. */
export const MAGIC = 0x32574253;

/**
 * Bytes of the header of a request: u32 magic, u32 sequence, u32 bytes of the parameters (4 each), u32 flags. The parameters
 * follow, f32 in the order of the description, then the inputs in that order, without padding.
 */
export const REQUEST_HEADER_BYTES = 16;

/** Flag of a request: call `reset` before this inference. All other bits are 0. */
export const RESET_FLAG = 1;

/**
 * Bytes of the header of a reply: u32 magic, u32 sequence of the request, u32 count, u32 0. The outputs follow in the order of
 * the description; of a counted output only its first `count` rows.
 */
export const REPLY_HEADER_BYTES = 16;

/** Bytes of one detection: f32 x1, y1, x2, y2 (pixels of the input), score, label id. */
export const DETECTION_BYTES = 24;

/** Rows of a detector's output: the most detections of one reply. */
export const MAX_DETECTIONS = 300;

/** The only imports of a module. A module that imports anything else is refused. */
export const IMPORT_MODULE = "wasi_snapshot_preview1";
export const ALLOWED_IMPORTS = ["fd_read", "fd_write", "proc_exit"] as const;

/** The exported i32 constants that hold the addresses of tensors and parameters, multiples of `ALIGNMENT`. */
export const addressExport = (kind: "input" | "output" | "parameter", index: number): string =>
  `${kind}_${index}`;
/** Alignment of the exported addresses, in bytes. */
export const ALIGNMENT = 16;

/** Name of the custom section that holds the description as UTF-8 JSON. */
export const DESCRIPTION_SECTION = "sabrewing";

/**
 * Limits of a description. Its texts are shown on terminals and pages and published over MQTT, and a module may come from
 * an untrusted source. Lengths are in characters (code points).
 */
export const DESCRIPTION_LIMITS = {
  sectionBytes: 1_000_000,
  /** Length of the name, the licence, the compiler's version, and the name of a tensor or parameter. */
  text: 200,
  label: 100,
  labels: 10_000,
  feature: 50,
  features: 50,
  /** Inputs, outputs or parameters. */
  tensors: 100,
  rank: 8,
  sources: 20,
} as const;

/**
 * The longest side of a picture that a module takes, pixels. The largest YOLOv5 (x) needs 2.2 GiB of memory at 4096×4096. At
 * 8192×8192 YOLOv5m would need more than the 4 GiB that a module can address.
 */
export const MAX_SIDE = 4096;

/** The model files that the compiler reads, for help texts and error messages. */
export const MODEL_FILE_TYPES =
  "a YOLOv5 checkpoint (.pt), an ONNX model (.onnx), a TensorFlow Lite model (.tflite) or a TensorFlow.js graph model (model.json)";

/** How a compiler of ours stores numbers. */
export type Precision = "f32" | "i16" | "i8";
export type ModelFormat = "onnx" | "yolov5-checkpoint" | "tfjs" | "tflite";

/** Bytes of one element. A bool is one byte, 0 or 1. All numbers are little-endian. */
export const DTYPE_BYTES = { f32: 4, i8: 1, u8: 1, i16: 2, i32: 4, bool: 1 } as const;
export type TensorDType = keyof typeof DTYPE_BYTES;

/** One input or output: row-major, without padding. */
export interface TensorSpec {
  readonly name: string;
  /** Empty: a single number. */
  readonly shape: readonly number[];
  readonly dtype: TensorDType;
  /** Of integers: the real value is (stored − zero) · scale. Absent: the numbers stand for themselves. */
  readonly scale?: number;
  /** Absent: 0. */
  readonly zero?: number;
  /** The first dimension is the maximum; only the rows that `infer` returns are valid. For outputs. */
  readonly rows?: "counted";
}

/** A number that every request carries. */
export interface ParameterSpec {
  readonly name: string;
  readonly default: number;
}

/** A class. Its `id` is the number in a detection, or the index of its score. */
export interface LabelSpec {
  readonly id: number;
  readonly name: string;
}

/** When objects of a label count as real, if the configuration does not say: scores from 0 to 1. */
export interface ScoreFilter {
  /** Of a detection. */
  readonly min_score: number;
  /** The median of an object's detections. */
  readonly threshold: number;
}

/** How to scale a picture of any size to the first input, as the model was trained. */
export interface PictureSpec {
  /**
   * `letterbox-centre`: keep the aspect ratio, centre, fill the border. `stretch`: change the aspect ratio. `crop`: keep the
   * aspect ratio, cut off what exceeds the centre.
   */
  readonly fit: "letterbox-centre" | "stretch" | "crop";
  /** Grey level of the border, 0 to 255. */
  readonly pad: number;
  /** Shrinking averages over all pixels with every filter except `nearest`. */
  readonly filter: "nearest" | "linear" | "cubic" | "lanczos3";
}

/** The samples that an audio module takes: [window · channels] interleaved, in the first input. */
export interface AudioSpec {
  /** Samples per second and channel. */
  readonly sampleRate: number;
  /** Samples per channel in one inference. */
  readonly window: number;
  /** Samples from the start of one inference to the start of the next. */
  readonly hop: number;
  readonly channels: number;
  /** The numbers that stand for the lowest and the highest amplitude. */
  readonly range: readonly [low: number, high: number];
}

/**
 * Origin of the weights: file format, SHA-256 of that file (hex) and its licence. A `tfjs` model has several files: its
 * SHA-256 covers model.json followed by the weight files in the order of the manifest.
 */
export interface SourceSpec {
  readonly format: ModelFormat;
  readonly sha256: string;
  readonly licence: string;
}

/** The keys of every description. */
interface Described {
  readonly abi: typeof ABI;
  readonly name: string;
  /**
   * Release number of this model name, an integer; absent: 0. With `model.public_key` the agent refuses a lower number
   * than the highest that it has run.
   */
  readonly release?: number;
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  readonly parameters: readonly ParameterSpec[];
  readonly labels?: readonly LabelSpec[];
  readonly picture?: PictureSpec;
  readonly audio?: AudioSpec;
  /** true: the module remembers earlier inferences and exports `reset`. */
  readonly state?: true;
  /** How weights and intermediate values are stored; `int8`: as the file's own integers. */
  readonly precision: Precision | "int8";
  /** WebAssembly features that the engine must support, e.g. `["simd128"]`. */
  readonly features: readonly string[];
  readonly source: readonly SourceSpec[];
  readonly compiler: { readonly version: string };
}

/**
 * Input: u8 [height, width, 3], RGB. Output: counted f32 [300, 6], `DETECTION_BYTES` per row, best first, after non-maximum
 * suppression per class. Parameters: `DETECT_PARAMETERS`.
 */
export interface DetectDescription extends Described {
  readonly task: "detect";
  readonly labels: readonly LabelSpec[];
  readonly picture: PictureSpec;
  /** By label; absent, or without a label: the agent's own defaults. */
  readonly filters?: Readonly<Record<string, ScoreFilter>>;
}

/** Input: u8 [height, width, 3], RGB. First output: f32, the score of label `id` at index `id`. */
export interface ClassifyDescription extends Described {
  readonly task: "classify";
  readonly labels: readonly LabelSpec[];
  readonly picture: PictureSpec;
}

/** Input: u8 [height, width, 3], RGB. First output: f32, the embedding. */
export interface EmbedDescription extends Described {
  readonly task: "embed";
  readonly picture: PictureSpec;
}

/** Input: u8 [height, width, 3], RGB. Outputs: f32 [rows, columns], the heat map, and one f32, the score. */
export interface AnomalyDescription extends Described {
  readonly task: "anomaly";
  readonly picture: PictureSpec;
}

/** Input: f32 or i16 samples, see `AudioSpec`. First output: f32, the score of label `id` at index `id`. */
export interface AudioDescription extends Described {
  readonly task: "audio";
  readonly labels: readonly LabelSpec[];
  readonly audio: AudioSpec;
}

/** The inputs and outputs of the model file. */
export interface TensorDescription extends Described {
  readonly task: "tensor";
}

/** The description in a module's custom section `sabrewing`. */
export type ModelDescription =
  | DetectDescription
  | ClassifyDescription
  | EmbedDescription
  | AnomalyDescription
  | AudioDescription
  | TensorDescription;

/** The parameters of every detector, with the values of YOLOv5's detect.py. */
export const DETECT_PARAMETERS: readonly ParameterSpec[] = [
  { name: "score", default: 0.25 },
  { name: "iou", default: 0.45 },
];

/** Number of elements of a tensor. */
export function elementsOf({ shape }: Pick<TensorSpec, "shape">): number {
  return shape.reduce((product, side) => product * side, 1);
}

/** Bytes of a whole tensor, of a counted one with all its rows. */
export function tensorBytes(spec: Pick<TensorSpec, "shape" | "dtype">): number {
  return elementsOf(spec) * DTYPE_BYTES[spec.dtype];
}

/** The licences of a module's weights, each once. */
export function licenceOf({ source }: Pick<ModelDescription, "source">): string {
  return [...new Set(source.map(({ licence }) => licence))].join(", ");
}

/** The size of the picture that a module takes, pixels. */
export function inputSize({ inputs }: Pick<ModelDescription, "inputs">): { width: number; height: number } {
  const [height = 0, width = 0] = inputs[0]?.shape ?? [];
  return { width, height };
}

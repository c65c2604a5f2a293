/** A loaded model that processes one image at a time. */
export interface Contestant extends AsyncDisposable {
  /** @param pixels height × width × 3 bytes, RGB, row by row */
  infer(pixels: Uint8Array): Promise<void>;
  /** Ours only: milliseconds from the end of a guest to the first answer of the next in the same host, as after a fault. */
  respawn?(pixels: Uint8Array): Promise<number>;
  /** Ours only: inferences per second of this many parallel instances. */
  throughput?(pixels: Uint8Array, instances: number): Promise<number>;
}

/** Selects the contestant that a child process runs. */
export interface ContestantChoice {
  readonly name: "sabrewing" | "onnxruntime-web" | "onnxruntime-node" | "tfjs-backend-wasm" | "peak";
  /** `yolov5n` or `mobilenet`. */
  readonly model: string;
  /** wasmer or v8 for Sabrewing; WebAssembly or native code for the others. */
  readonly engine: "wasmer" | "v8" | "wasm" | "native";
  /** Variant of Sabrewing's module (`f32-relaxed`), or the peak loop's instruction set; `f32` for the others. */
  readonly variant: string;
  /** undefined: the library's default. */
  readonly threads: number | undefined;
  readonly width: number;
  readonly height: number;
  /** Sabrewing: a compiled module; onnxruntime: an ONNX file of this size; TensorFlow.js: a model.json. */
  readonly modelPath: string;
}

/** A request of the parent. The next one follows the answer. */
export type Question =
  /** @property pixels the image for every `infer`, base64 */
  | { readonly ask: "load"; readonly choice: ContestantChoice; readonly pixels: string }
  | { readonly ask: "infer" | "respawn" | "rss" }
  | { readonly ask: "throughput"; readonly instances: number };

/**
 * The child's answer: milliseconds for `load`, `infer` and `respawn`, megabytes for `rss`, inferences per second for
 * `throughput`.
 */
export type Answer =
  | { readonly ok: true; readonly value: number }
  | { readonly ok: false; readonly error: string };

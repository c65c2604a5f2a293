/** A loaded model that answers one picture at a time. */
export interface Contestant extends AsyncDisposable {
  /** @param pixels height × width × 3 bytes, RGB, row by row: what a camera gives */
  infer(pixels: Uint8Array): Promise<void>;
  /** Ours: milliseconds from the end of a guest to the first answer of the next, in the same host: what follows a fault. */
  respawn?(pixels: Uint8Array): Promise<number>;
  /** Ours: answers per second of so many instances side by side. */
  throughput?(pixels: Uint8Array, instances: number): Promise<number>;
}

/** Which contestant a child process shall be. */
export interface ContestantChoice {
  readonly name: "sabrewing" | "onnxruntime-web" | "onnxruntime-node" | "tfjs-backend-wasm" | "peak";
  /** Whose weights: `yolov5n` or `mobilenet`. */
  readonly model: string;
  /** Sabrewing runs in wasmer or v8; the others are WebAssembly or native code. */
  readonly engine: "wasmer" | "v8" | "wasm" | "native";
  /** How Sabrewing's module was compiled, `f32-relaxed` say; of the peak loop which limit it is; else `f32`. */
  readonly variant: string;
  /** undefined: as many as the library takes by itself. */
  readonly threads: number | undefined;
  readonly width: number;
  readonly height: number;
  /** A compiled module for Sabrewing; for onnxruntime an ONNX file of the wanted size, for TensorFlow.js its model.json. */
  readonly modelPath: string;
}

/** What the parent asks of the child, one question at a time. */
export type Question =
  /** @property pixels the picture every `infer` shall be about, base64 */
  | { readonly ask: "load"; readonly choice: ContestantChoice; readonly pixels: string }
  | { readonly ask: "infer" | "respawn" | "rss" }
  | { readonly ask: "throughput"; readonly instances: number };

/**
 * The child's answer: milliseconds for `load`, `infer` and `respawn`, megabytes for `rss`, answers per second for
 * `throughput`.
 */
export type Answer =
  | { readonly ok: true; readonly value: number }
  | { readonly ok: false; readonly error: string };

import type { Box } from "../../../detectors/detector.ts";
import type { Size } from "../contestants.ts";
import type { WatchedStream } from "./cameras.ts";

/** The script's options, as JSON on its command line. */
export interface ScriptOptions extends Size {
  readonly library: "onnxruntime-web" | "onnxruntime-node";
  /** An ONNX file that ends at the head's logits. */
  readonly modelPath: string;
  /** undefined: the library's default. */
  readonly threads: number | undefined;
  readonly cameras: readonly WatchedStream[];
  readonly fps: number;
  readonly brokerPort: number;
  /** First level of its topics. */
  readonly prefix: string;
}

/** The message about a frame with detections. */
export interface ScriptMessage {
  readonly camera: string;
  /** Arrival of the frame, Unix time in seconds. */
  readonly frame_time: number;
  /** Boxes in pixels of the model's input. */
  readonly detections: readonly { readonly score: number; readonly box: Box }[];
}

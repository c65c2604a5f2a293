import type { Box } from "../../../detectors/detector.ts";
import type { Size } from "../contestants.ts";
import type { WatchedStream } from "./cameras.ts";

/** What the script is told, as JSON in its command line. */
export interface ScriptOptions extends Size {
  readonly library: "onnxruntime-web" | "onnxruntime-node";
  /** An ONNX file up to the head's logits. */
  readonly modelPath: string;
  /** undefined: as many as the library takes by itself. */
  readonly threads: number | undefined;
  readonly cameras: readonly WatchedStream[];
  readonly fps: number;
  readonly brokerPort: number;
  /** First level of its topics. */
  readonly prefix: string;
}

/** What it publishes of a frame in which there is something. */
export interface ScriptMessage {
  readonly camera: string;
  /** When the frame had arrived, Unix time in seconds. */
  readonly frame_time: number;
  /** Boxes in pixels of the model's input. */
  readonly detections: readonly { readonly score: number; readonly box: Box }[];
}

import type { FuzzTarget } from "./target.ts";

/** A target and its share of 1000 mutants, larger for fast targets. */
interface Entry {
  readonly share: number;
  /** Loads the code of this target only: the compiler takes seconds. */
  readonly open: () => Promise<FuzzTarget>;
}

/** All code that takes external input. */
export const TARGETS: Readonly<Record<string, Entry>> = {
  "the ONNX importer": {
    share: 250,
    open: async () => (await import("./onnx-target.ts")).onnxTarget(),
  },
  "the compiler of ONNX tensors": {
    share: 200,
    open: async () => (await import("./tensor-target.ts")).tensorTarget(),
  },
  "the checkpoint importer": {
    share: 200,
    open: async () => (await import("./checkpoint-target.ts")).checkpointTarget(),
  },
  "the TensorFlow.js importer": {
    share: 200,
    open: async () => (await import("./tfjs-target.ts")).tfjsTarget(),
  },
  "the compiler of TensorFlow.js tensors": {
    share: 100,
    open: async () => (await import("./tfjs-target.ts")).tfjsTensorTarget(),
  },
  "the TensorFlow Lite importer": {
    share: 200,
    open: async () => (await import("./tflite-target.ts")).tfliteTarget(),
  },
  "the configuration": {
    share: 100,
    open: async () => (await import("./config-target.ts")).configTarget(),
  },
  "the conversion of Frigate's configuration": {
    share: 50,
    open: async () => (await import("./frigate-target.ts")).frigateTarget(),
  },
  "the outbox": {
    share: 50,
    open: async () => (await import("./outbox-target.ts")).outboxTarget(),
  },
  "the module loader": {
    share: 100,
    open: async () => (await import("./module-target.ts")).moduleTarget(),
  },
  "opening a detector": {
    share: 2,
    open: async () => (await import("./module-target.ts")).openingTarget(),
  },
  "opening a module of any task": {
    share: 2,
    open: async () => (await import("./module-target.ts")).inferringTarget(),
  },
  "a module's requests": {
    share: 48,
    open: async () => (await import("./request-target.ts")).requestTarget(),
  },
  "a module's replies": {
    share: 50,
    open: async () => (await import("./reply-target.ts")).replyTarget(),
  },
  "an ONVIF camera's words": {
    share: 100,
    open: async () => (await import("./onvif-target.ts")).onvifWordsTarget(),
  },
  "an ONVIF camera's answers": {
    share: 4,
    open: async () => (await import("./onvif-target.ts")).onvifCameraTarget(),
  },
  "a camera's RTSP replies": {
    share: 100,
    open: async () => (await import("./rtsp-target.ts")).rtspTarget(),
  },
  "a camera's packets": {
    share: 50,
    open: async () => (await import("./depacketizer-target.ts")).depacketizerTarget(),
  },
  "a camera's parameter sets": {
    share: 100,
    open: async () => (await import("./parameter-set-target.ts")).parameterSetTarget(),
  },
};

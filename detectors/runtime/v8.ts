import { DetectorFault } from "../errors.ts";
import {
  ALLOWED_IMPORTS,
  DETECTION_BYTES,
  IMPORT_MODULE,
  MAX_DETECTIONS,
  REQUEST_HEADER_BYTES,
} from "../module-format.ts";
import type { Engine, StartEngine } from "./engine.ts";
import type { EngineSource } from "./engine-source.ts";
import { buildReply } from "./reply.ts";
import { readRequestHeader } from "./request.ts";

/**
 * Runs a module as plain WebAssembly through its exports `frame`, `infer` and `detections`. The replies are byte-identical
 * to those of the WASI command `_start`.
 */
export async function installV8({ module }: EngineSource): Promise<StartEngine> {
  return () => start(module);
}

async function start(module: WebAssembly.Module): Promise<Engine> {
  const instance = await WebAssembly.instantiate(module, { [IMPORT_MODULE]: refusedImports() });
  const { memory, frame, detections, infer } = instance.exports;
  if (!(memory instanceof WebAssembly.Memory)) throw new TypeError("expected the export memory");
  const frameAddress = addressOf(frame);
  const detectionsAddress = addressOf(detections);
  if (typeof infer !== "function") throw new TypeError("expected the export infer");

  const ended = Promise.withResolvers<DetectorFault>();
  const replyTo = (request: Uint8Array): Uint8Array<ArrayBuffer> => {
    const { sequence, thresholds } = readRequestHeader(request);
    const bytes = new Uint8Array(memory.buffer);
    bytes.set(request.subarray(REQUEST_HEADER_BYTES), frameAddress);
    const count = Reflect.apply(infer, undefined, [thresholds.score, thresholds.iou]);
    if (!(count >= 0 && count <= MAX_DETECTIONS)) {
      throw new DetectorFault(
        "garbage",
        `expected a count of 0 to ${MAX_DETECTIONS}, infer returned ${count}`,
      );
    }
    const end = detectionsAddress + count * DETECTION_BYTES;
    return buildReply(sequence, bytes.subarray(detectionsAddress, end));
  };

  return {
    ended: ended.promise,
    async infer(request) {
      try {
        return replyTo(request);
      } catch (error) {
        const fault = toFault(error);
        ended.resolve(fault);
        throw fault;
      }
    },
  };
}

/** `infer` needs no system call. A call ends the module, like `proc_exit`. */
function refusedImports(): Record<string, (code: number) => never> {
  const refuse = (name: string) => (code: number) => {
    const detail = name === "proc_exit" ? `exited with code ${code}` : `called ${name} from infer`;
    throw new DetectorFault("exit", `the module ${detail}`);
  };
  return Object.fromEntries(ALLOWED_IMPORTS.map((name) => [name, refuse(name)]));
}

function addressOf(value: WebAssembly.ExportValue | undefined): number {
  if (!(value instanceof WebAssembly.Global)) throw new TypeError("expected an address in a global");
  // An i32 is signed in JavaScript, an address is not.
  return value.value >>> 0;
}

function toFault(error: unknown): DetectorFault {
  if (error instanceof DetectorFault) return error;
  const message = error instanceof Error ? error.message : String(error);
  // A RangeError counts as well: the module's addresses of the frame or the detections lie outside its memory.
  return new DetectorFault("trap", `the module trapped: ${message}`, { cause: error });
}

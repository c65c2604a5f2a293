/** The f32 network, run in this process with nothing hidden. */
import type { ModelDescription } from "../../module-format.ts";
import { emitModule, memoryRequest } from "../emit.ts";
import type { Graph } from "../graph/graph.ts";
import { type MemoryPlan, planMemory } from "../memory/plan.ts";

/** A network whose every value can be looked at after an inference. */
export interface OpenNetwork {
  /** Of the whole module, as floats. */
  readonly memory: Float32Array;
  /** Where a feature map lies in it. */
  map(value: string): MapInFloats;
  /**
   * @param picture height × width × 3 bytes, RGB
   * @throws RangeError when it has another size.
   */
  run(picture: Uint8Array): void;
}

/** A graph after its passes as a module in this process: no two values share memory, so that all are there afterwards. */
export function openNetwork(graph: Graph): OpenNetwork {
  const values = [...graph.values.keys()].filter((value) => !graph.constants.has(value));
  const plan = planMemory(graph, memoryRequest(graph, values));
  const [height = 0, width = 0] = graph.values.get(graph.input)?.shape ?? [];
  const bytes = Uint8Array.from(emitModule(graph, plan, "simd128", describe(height, width)));
  const refuse = () => {
    throw new Error("the library door must not call the host");
  };
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), {
    wasi_snapshot_preview1: { fd_read: refuse, fd_write: refuse, proc_exit: refuse },
  });
  const { memory, frame, infer } = exports;
  const isComplete = memory instanceof WebAssembly.Memory && frame instanceof WebAssembly.Global;
  if (!isComplete || typeof infer !== "function")
    throw new Error("the module lacks a part of its library door");
  const pixels = new Uint8Array(memory.buffer, frame.value, height * width * 3);
  return {
    map: (value) => mapOf(graph, plan, value),
    memory: new Float32Array(memory.buffer),
    run(picture) {
      if (picture.length !== pixels.length) {
        throw new RangeError(`expected a picture of ${pixels.length} bytes, received ${picture.length}`);
      }
      pixels.set(picture);
      // No detection is wanted: a score above 1 spares the head its work.
      Reflect.apply(infer, undefined, [2, 1]);
    },
  };
}

/** A module must say what it is; nobody reads it here. */
function describe(height: number, width: number): ModelDescription {
  return {
    abi: 1,
    task: "detect",
    name: "observed",
    input: { width, height, channels: 3, dtype: "u8", layout: "hwc" },
    labels: [],
    precision: "f32",
    features: ["simd128"],
    source: { format: "onnx", sha256: "", licence: "unknown" },
    compiler: { version: "" },
  };
}

/** Where a feature map lies, in floats. */
export interface MapInFloats {
  readonly at: number;
  readonly pixel: number;
  readonly row: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

function mapOf(graph: Graph, plan: MemoryPlan, value: string): MapInFloats {
  const placement = plan.placements.get(value);
  const [height = 1, width = 1, channels = 1] = graph.values.get(value)?.shape ?? [];
  if (placement === undefined) throw new Error(`value ${value} has no place in memory`);
  const { address, pixelBytes, rowBytes } = placement;
  return { at: address / 4, pixel: pixelBytes / 4, row: rowBytes / 4, height, width, channels };
}

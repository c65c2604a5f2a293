/** Runs the f32 network in this process, with all of its values readable. */
import { ABI, DETECT_PARAMETERS, type DetectDescription } from "../../module-format.ts";
import { emitModule, memoryRequest, setParameters } from "../emit.ts";
import { type Graph, imageInput } from "../graph/graph.ts";
import { type MemoryPlan, planMemory } from "../memory/plan.ts";

/** A network whose values are readable after an inference. */
export interface InProcessNetwork {
  /** The memory of the whole module, as floats. */
  readonly memory: Float32Array;
  /** The layout of a feature map in it. */
  map(value: string): MapLayout;
  /**
   * @param image height × width × 3 bytes, RGB
   * @throws RangeError when it has the wrong size.
   */
  run(image: Uint8Array): void;
}

/** Instantiates a graph after its passes. No two values share memory, so that all remain after an inference. */
export function openNetwork(graph: Graph): InProcessNetwork {
  const values = [...graph.values.keys()].filter((value) => !graph.constants.has(value));
  const plan = planMemory(graph, memoryRequest(graph, values));
  const { width, height } = imageInput(graph).size;
  const bytes = Uint8Array.from(emitModule(graph, plan, "simd128", placeholderDescription(height, width)));
  const refuse = () => {
    throw new Error("the library entry points must not call the host");
  };
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), {
    wasi_snapshot_preview1: { fd_read: refuse, fd_write: refuse, proc_exit: refuse },
  });
  const { memory, input_0: input, infer } = exports;
  const isComplete = memory instanceof WebAssembly.Memory && input instanceof WebAssembly.Global;
  if (!isComplete || typeof infer !== "function") throw new Error("the module lacks a library export");
  const pixels = new Uint8Array(memory.buffer, input.value, height * width * 3);
  // No detections are needed: with a score threshold above 1 the head has nothing to do.
  setParameters(memory, [2, 1]);
  return {
    map: (value) => layoutOf(graph, plan, value),
    memory: new Float32Array(memory.buffer),
    run(image) {
      if (image.length !== pixels.length) {
        throw new RangeError(`expected an image of ${pixels.length} bytes, received ${image.length}`);
      }
      pixels.set(image);
      Reflect.apply(infer, undefined, []);
    },
  };
}

/** A module needs a description, although nothing reads it here. */
function placeholderDescription(height: number, width: number): DetectDescription {
  return {
    abi: ABI,
    task: "detect",
    name: "observed",
    inputs: [{ name: "image", shape: [height, width, 3], dtype: "u8" }],
    outputs: [{ name: "detections", shape: [300, 6], dtype: "f32", rows: "counted" }],
    parameters: DETECT_PARAMETERS,
    labels: [],
    picture: { fit: "letterbox-centre", pad: 114, filter: "linear" },
    precision: "f32",
    features: ["simd128"],
    source: [],
    compiler: { version: "" },
  };
}

/** The layout of a feature map; positions and distances in floats. */
export interface MapLayout {
  readonly at: number;
  readonly pixel: number;
  readonly row: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

function layoutOf(graph: Graph, plan: MemoryPlan, value: string): MapLayout {
  const placement = plan.placements.get(value);
  const [height = 1, width = 1, channels = 1] = graph.values.get(value)?.shape ?? [];
  if (placement === undefined) throw new Error(`value ${value} has no memory`);
  const { address, pixelBytes, rowBytes } = placement;
  return { at: address / 4, pixel: pixelBytes / 4, row: rowBytes / 4, height, width, channels };
}

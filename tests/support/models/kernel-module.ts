import { constantArea } from "../../../detectors/compiler/constant-area.ts";
import { ADDRESS, emitNetwork, memoryRequest, setParameters } from "../../../detectors/compiler/emit.ts";
import type { Graph } from "../../../detectors/compiler/graph/graph.ts";
import { ARRAYS, type Tensor } from "../../../detectors/compiler/graph/value.ts";
import { type MemoryPlan, planMemory } from "../../../detectors/compiler/memory/plan.ts";
import { elements } from "../../../detectors/compiler/ops/shapes.ts";
import type { Target } from "../../../detectors/compiler/target.ts";
import { ModuleBuilder } from "../../../detectors/compiler/wasm/module.ts";

/** A graph's kernels in a module without entry points, in which every value can be written and read. */
export interface KernelModule {
  readonly bytes: Uint8Array;
  /** Writes a value where the kernels expect it. */
  write(value: string, tensor: Tensor): void;
  /** Runs all kernels; returns the number of detections. */
  run(thresholds?: { readonly score: number; readonly iou: number }): number;
  /** Reads a value, without the gaps between pixels and rows. */
  read(value: string): Tensor;
}

/** Emits the graph's kernels and instantiates them. Every value stays readable after `run`. */
export async function instantiateKernels(graph: Graph, target: Target = "simd128"): Promise<KernelModule> {
  const plan = planMemory(graph, memoryRequest(graph, [...graph.values.keys()]));
  const module = new ModuleBuilder();
  const constants = constantArea(module, plan.endAddress);
  const { infer } = emitNetwork(module, graph, plan, target, constants);
  module.exportFunction("infer", infer);
  module.exportMemory("memory");
  const bytes = module.finish(constants.endAddress());

  const { exports } = await WebAssembly.instantiate(await WebAssembly.compile(Uint8Array.from(bytes)));
  const { memory, infer: run } = exports;
  if (!(memory instanceof WebAssembly.Memory) || typeof run !== "function") {
    throw new Error("the kernel module exports memory and infer");
  }
  // Memory starts as NaN, so that numbers which a kernel does not write or clear are detected.
  new Float32Array(memory.buffer, ADDRESS.arena, (plan.endAddress - ADDRESS.arena) >> 2).fill(Number.NaN);
  return {
    bytes,
    write: (value, tensor) => transfer(graph, plan, memory, value, tensor, "write"),
    run({ score, iou } = { score: 0.25, iou: 0.45 }) {
      setParameters(memory, [score, iou]);
      return Number(Reflect.apply(run, undefined, []));
    },
    read(value) {
      const shape = graph.values.get(value)?.shape ?? [];
      const tensor = { shape, data: new Float32Array(elements(shape)) };
      transfer(graph, plan, memory, value, tensor, "read");
      return tensor;
    },
  };
}

function transfer(
  graph: Graph,
  plan: MemoryPlan,
  memory: WebAssembly.Memory,
  value: string,
  { shape, data }: Tensor,
  direction: "read" | "write",
): void {
  const placement = plan.placements.get(value);
  if (placement === undefined) throw new Error(`${value} has no memory`);
  const dtype = graph.values.get(value)?.dtype ?? "f32";
  const Numbers = ARRAYS[dtype];
  const numbers = new Numbers(memory.buffer);
  const [height = 1, width = 1, channels = 1] = shape.length === 3 ? shape : [1, 1, elements(shape)];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = (y * width + x) * channels;
      const address = placement.address + y * placement.rowBytes + x * placement.pixelBytes;
      const at = address / Numbers.BYTES_PER_ELEMENT;
      if (direction === "write") numbers.set(data.subarray(from, from + channels), at);
      else for (let c = 0; c < channels; c++) data[from + c] = numbers[at + c] ?? Number.NaN;
    }
  }
}

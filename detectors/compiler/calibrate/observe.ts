/** Runs the f32 network on pictures and looks at every feature map. */
import type { ModelDescription } from "../../module-format.ts";
import { emitModule, memoryRequest } from "../emit.ts";
import type { Graph } from "../graph/graph.ts";
import { type MemoryPlan, planMemory } from "../memory/plan.ts";
import { type GrowingHistogram, type Histogram, startHistogram } from "./histogram.ts";

/** What was seen of one feature map. */
export interface Observation {
  /** The smallest and largest number of each channel. */
  readonly lowest: Float32Array;
  readonly highest: Float32Array;
  /** The average of each channel. */
  readonly mean: Float64Array;
  /** Numbers seen per channel. */
  readonly count: number;
  /** Of all channels together. */
  readonly histogram: Histogram;
}

/** Of every feature map that a convolution makes, by name. */
export type Observations = ReadonlyMap<string, Observation>;

export interface ObserveOptions {
  /** Told after every picture. */
  readonly onProgress?: (pictures: number) => void;
}

/**
 * Runs a graph after its passes on pictures, all values kept, and gathers what its convolutions make. The same pictures give
 * the same observations on every machine.
 * @param pictures height × width × 3 bytes each, RGB
 * @throws RangeError when there is no picture, one has another size, or the network makes numbers that are not finite.
 */
export async function observe(
  graph: Graph,
  pictures: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  { onProgress }: ObserveOptions = {},
): Promise<Observations> {
  const network = instantiate(graph);
  const observers = graph.nodes
    .filter(({ op }) => op === "conv2d")
    .map(({ output }) => ({ value: output, observer: startObserver(mapOf(graph, network.plan, output)) }));
  let seen = 0;
  for await (const picture of pictures) {
    network.run(picture);
    for (const { observer } of observers) observer.look(network.memory);
    seen++;
    onProgress?.(seen);
  }
  if (seen === 0) throw new RangeError("expected at least one picture to observe the network on");
  return new Map(observers.map(({ value, observer }) => [value, observer.finish()]));
}

interface Network {
  readonly plan: MemoryPlan;
  readonly memory: Float32Array;
  run(picture: Uint8Array): void;
}

/** The network as a module in this process: no two values share memory, so that all are there after an inference. */
function instantiate(graph: Graph): Network {
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
    plan,
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
interface MapInFloats {
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

interface Observer {
  look(memory: Float32Array): void;
  finish(): Observation;
}

function startObserver({ at, pixel, row, height, width, channels }: MapInFloats): Observer {
  const lowest = new Float32Array(channels).fill(Number.POSITIVE_INFINITY);
  const highest = new Float32Array(channels).fill(Number.NEGATIVE_INFINITY);
  const sum = new Float64Array(channels);
  const histogram: GrowingHistogram = startHistogram();
  let count = 0;
  return {
    look(memory) {
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) {
          const first = at + y * row + x * pixel;
          for (let channel = 0; channel < channels; channel++) {
            const value = memory[first + channel] ?? Number.NaN;
            if (value < (lowest[channel] ?? 0)) lowest[channel] = value;
            if (value > (highest[channel] ?? 0)) highest[channel] = value;
            sum[channel] = (sum[channel] ?? 0) + value;
            histogram.add(value);
          }
        }
      }
      count += height * width;
    },
    finish: () => ({
      lowest,
      highest,
      mean: sum.map((total) => total / count),
      count,
      histogram: histogram.finish(),
    }),
  };
}

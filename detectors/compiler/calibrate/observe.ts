/** Runs the f32 network on pictures and looks at every feature map. */
import type { Graph } from "../graph/graph.ts";
import { type GrowingHistogram, type Histogram, startHistogram } from "./histogram.ts";
import { type MapInFloats, openNetwork } from "./open-network.ts";

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
  const network = openNetwork(graph);
  const observers = graph.nodes
    .filter(({ op }) => op === "conv2d")
    .map(({ output }) => ({ value: output, observer: startObserver(network.map(output)) }));
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
          }
          histogram.add(memory, first, first + channels);
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

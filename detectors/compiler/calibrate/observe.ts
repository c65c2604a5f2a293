/** Runs the f32 network on images and collects statistics of its feature maps. */
import { setImmediate } from "node:timers/promises";
import { factsOf } from "../graph/facts.ts";
import type { Graph } from "../graph/graph.ts";
import { makesIntegerMap } from "../ops/operator.ts";
import { type GrowingHistogram, type Histogram, startHistogram } from "./histogram.ts";
import { type MapLayout, openNetwork } from "./open-network.ts";

/** Statistics of one feature map. */
export interface Observation {
  /** The smallest and largest number of each channel. */
  readonly lowest: Float32Array;
  readonly highest: Float32Array;
  /** The average of each channel. */
  readonly mean: Float64Array;
  /** Observed numbers per channel. */
  readonly count: number;
  /** The numbers of all channels. */
  readonly histogram: Histogram;
}

/** The observations of all convolutions' outputs, by name. */
export type Observations = ReadonlyMap<string, Observation>;

export interface ObserveOptions {
  /** Called after every image. */
  readonly onProgress?: (images: number) => void;
}

/**
 * Runs a graph after its passes on images and observes the outputs of its convolutions. The same images give the same
 * observations on every machine.
 * @param images height × width × 3 bytes each, RGB
 * @throws RangeError when there is no image, an image has the wrong size, or the network computes numbers that are not finite.
 */
export async function observe(
  graph: Graph,
  images: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  { onProgress }: ObserveOptions = {},
): Promise<Observations> {
  const network = openNetwork(graph);
  // Signals such as Ctrl-C are handled here and between two images.
  await setImmediate();
  const observers = graph.nodes
    .filter((node) => makesIntegerMap(factsOf(node).integers))
    .map(({ output }) => ({ value: output, observer: startObserver(network.map(output)) }));
  let count = 0;
  for await (const image of images) {
    network.run(image);
    for (const { observer } of observers) observer.update(network.memory);
    count++;
    onProgress?.(count);
    await setImmediate();
  }
  if (count === 0) throw new RangeError("expected at least one image to observe the network on");
  return new Map(observers.map(({ value, observer }) => [value, observer.finish()]));
}

interface Observer {
  update(memory: Float32Array): void;
  finish(): Observation;
}

function startObserver({ at, pixel, row, height, width, channels }: MapLayout): Observer {
  const lowest = new Float32Array(channels).fill(Number.POSITIVE_INFINITY);
  const highest = new Float32Array(channels).fill(Number.NEGATIVE_INFINITY);
  const sum = new Float64Array(channels);
  const histogram: GrowingHistogram = startHistogram();
  let count = 0;
  return {
    update(memory) {
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

/** Finds the ranges of a network's feature maps, on the user's images or on synthetic ones. */
import { type Graph, imageInput } from "../graph/graph.ts";
import type { Ranges } from "../quantize/ranges.ts";
import { entropyLimit, percentileLimit } from "./limits.ts";
import { type Observation, type Observations, observe } from "./observe.ts";
import { SYNTHETIC_IMAGES, syntheticImages } from "./synthetic-images.ts";

/**
 * How to choose a range: the minimum and maximum observed, a percentile, or the smallest loss of information. With 7 bits,
 * YOLOv5n keeps most of its detections with `minmax`, because the few largest numbers are the detections.
 */
export type RangeMethod = "minmax" | { readonly percentile: number } | { readonly entropyLevels: number };

export interface CalibrateOptions {
  /** `minmax` when not given. */
  readonly method?: RangeMethod;
  /** Called after every image. */
  readonly onProgress?: ((images: number, total: number) => void) | undefined;
}

/** The ranges, and the observations that they were chosen from. */
export interface CalibrationResult {
  readonly ranges: Ranges;
  readonly observations: Observations;
}

/**
 * Observes a graph after its passes and chooses the range of every convolution's output.
 * @param images height × width × 3 bytes each, RGB; undefined: synthetic images
 * @throws RangeError as `observe` does.
 */
export async function calibrate(
  graph: Graph,
  images: readonly Uint8Array[] | undefined,
  { method = "minmax", onProgress }: CalibrateOptions = {},
): Promise<CalibrationResult> {
  const { width, height } = imageInput(graph).size;
  const total = images?.length ?? SYNTHETIC_IMAGES;
  const observations = await observe(graph, images ?? syntheticImages({ width, height }), {
    onProgress: (seen) => onProgress?.(seen, total),
  });
  return { ranges: rangesOf(observations, method), observations };
}

/** The range of each observed feature map: that of each channel, clipped by the method. */
export function rangesOf(observations: Observations, method: RangeMethod): Ranges {
  return new Map(
    [...observations].map(([value, observation]) => {
      const limit = limitOf(observation, method);
      return [
        value,
        {
          lowest: observation.lowest.map((low) => Math.max(low, -limit)),
          highest: observation.highest.map((high) => Math.min(high, limit)),
          mean: Float32Array.from(observation.mean),
        },
      ];
    }),
  );
}

function limitOf({ histogram }: Observation, method: RangeMethod): number {
  if (method === "minmax") return Number.POSITIVE_INFINITY;
  if ("percentile" in method) return percentileLimit(histogram, method.percentile / 100);
  return entropyLimit(histogram, method.entropyLevels);
}

/** How far a network's numbers go, on a user's pictures or, for want of them, on made-up ones. */
import type { Graph } from "../graph/graph.ts";
import type { Ranges } from "../quantize/ranges.ts";
import { entropyLimit, percentileLimit } from "./limits.ts";
import { type Observation, type Observations, observe } from "./observe.ts";
import { syntheticPictures } from "./synthetic-pictures.ts";

/**
 * What decides how far numbers are stored: everything that was seen; a share of it; or the least loss of information. With
 * 7 bits YOLOv5n keeps most of its detections by `minmax`: the few largest numbers are what it has detected.
 */
export type RangeMethod = "minmax" | { readonly percentile: number } | { readonly entropyLevels: number };

export interface CalibrateOptions {
  /** `minmax` when not given. */
  readonly method?: RangeMethod;
  /** Told after every picture, of how many. */
  readonly onProgress?: ((pictures: number, total: number) => void) | undefined;
}

/** Ranges, and what else was seen. */
export interface Calibration {
  readonly ranges: Ranges;
  readonly observations: Observations;
}

/**
 * Observes a graph after its passes and chooses the range of every feature map that a convolution makes.
 * @param pictures height × width × 3 bytes each, RGB; undefined: the built-in synthetic ones
 * @throws RangeError as `observe` does.
 */
export async function calibrate(
  graph: Graph,
  pictures: readonly Uint8Array[] | undefined,
  { method = "minmax", onProgress }: CalibrateOptions = {},
): Promise<Calibration> {
  const [height = 0, width = 0] = graph.values.get(graph.input)?.shape ?? [];
  const shown = pictures ?? syntheticPictures({ width, height });
  const observations = await observe(graph, shown, {
    onProgress: (seen) => onProgress?.(seen, shown.length),
  });
  return { ranges: rangesOf(observations, method), observations };
}

/** The range of each observed feature map: what each channel had, cut off where the method says. */
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

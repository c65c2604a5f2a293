/** How the compiler finds out which detector a model is: by running what its exporter wrote behind the network. */
import type { GraphBuilder } from "../../graph/builder.ts";
import type { ImageSize } from "../../graph/graph.ts";
import type { CutRule } from "../cut.ts";
import { elementsOf, type NdArray } from "../nd-array.ts";

/** A feature map that the tail reads. */
export interface HeadMap {
  /** Its name in the file, for messages. */
  readonly name: string;
  /** Its value in the graph. */
  readonly value: string;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  /** The operators in the tail that read it, as the file names them. */
  readonly readers: readonly string[];
}

/** Everything behind the network, as the file has it. */
export interface ExportedTail {
  /** Size of the network's input. */
  readonly input: ImageSize;
  readonly maps: readonly HeadMap[];
  /** Names of the model's outputs. */
  readonly outputs: readonly string[];
  /**
   * Computes the outputs for other numbers in the maps.
   * @param numbers of each map, [height, width, channels]
   * @returns the outputs by name
   * @throws ModelError when the compiler cannot compute the tail.
   */
  readonly run: (numbers: readonly Float32Array[]) => ReadonlyMap<string, NdArray>;
}

/** A head of which the compiler has its own. */
export interface RecognisedHead {
  readonly classes: number;
  /** Appends the compiler's own head to the graph and returns its output, f32 [300, 6]. */
  readonly add: (builder: GraphBuilder) => string;
}

/** A kind of detector's head. */
export interface HeadRecogniser {
  /** For messages. */
  readonly name: string;
  /** Where its network ends. */
  readonly cut: CutRule;
  /** Factor between the bytes of an image and the numbers that its network takes. */
  readonly pixelScale: number;
  /** The network halves its input so often that sides must be multiples of this. */
  readonly stride: number;
  /** The side of an input whose size the file leaves open. */
  readonly side?: number;
  /**
   * Runs the tail on synthetic maps and compares its outputs with the compiler's own computation. So it does not matter how
   * the exporter wrote the tail.
   * @throws ModelError that says what it found instead.
   */
  readonly recognise: (tail: ExportedTail) => RecognisedHead;
}

/**
 * Numbers [height, width, channels] from `least` to `most`, almost all different (a linear congruential generator).
 * @throws ModelError when the map is too large to be run.
 */
export function syntheticNumbers(
  { height, width, channels }: Pick<HeadMap, "height" | "width" | "channels">,
  seed: number,
  least: number,
  most: number,
): Float32Array {
  const length = elementsOf([height, width, channels]);
  let state = seed;
  // Numerical Recipes' constants: the period is 2³².
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return least + (state / 2 ** 32) * (most - least);
  });
}

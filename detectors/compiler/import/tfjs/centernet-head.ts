import { ModelError } from "../../../errors.ts";
import type { ImageSize } from "../../graph/graph.ts";

import { interpret } from "./interpreter.ts";
import type { TfjsNode } from "./schema.ts";
import type { TfjsTensor } from "./weights.ts";

/** A map that the tail reads: its TensorFlow names, and its value in our graph. */
export interface HeadMap {
  readonly names: readonly string[];
  readonly map: string;
  readonly shape: readonly [height: number, width: number, channels: number];
}

/** Everything behind the network's maps, as the file has it. */
export interface ExportedPeakFinder {
  readonly input: ImageSize;
  readonly maps: readonly HeadMap[];
  readonly tail: readonly TfjsNode[];
  readonly outputs: readonly string[];
  readonly constants: ReadonlyMap<string, TfjsTensor>;
}

/** A CenterNet head: the maps that it reads and its parameters. */
export interface CenterNet {
  readonly heat: HeadMap;
  readonly sizes: HeadMap;
  /** Pixels of the input per cell. */
  readonly stride: number;
  /** The number of highest peaks that become boxes. */
  readonly candidates: number;
}

/** x1, y1, x2, y2, score, class. */
const COLUMNS = 6;
/** Left, top, right, bottom. */
const SIDES = 4;
/** Files with half-precision constants are exact to 5e-4. */
const TOLERANCE = 1e-3;

/**
 * Checks that the nodes behind the maps compute a CenterNet's boxes (Zhou et al. 2019). It runs them on synthetic maps and
 * compares every box with our own computation. So it does not matter how the exporter wrote them.
 * @throws ModelError that says what it found instead.
 */
export function recogniseCenterNet(finder: ExportedPeakFinder): CenterNet {
  const { input, maps, tail, outputs } = finder;
  const [heat, sizes] = pickMaps(maps, tail);
  const [height, width] = heat.shape;
  const stride = input.width / width;
  if (!Number.isInteger(stride) || stride * height !== input.height) {
    throw unknownHead(
      `its heat map has ${width}x${height} cells for an input of ${input.width}x${input.height}`,
    );
  }
  const [heatData, sizeData] = [syntheticMap(heat, 1, 0, 1), syntheticMap(sizes, 2, 1, 50)];
  const values = new Map(finder.constants);
  for (const name of heat.names) values.set(name, { shape: [1, ...heat.shape], data: heatData });
  for (const name of sizes.names) values.set(name, { shape: [1, ...sizes.shape], data: sizeData });
  interpret(tail, values);

  const output = outputs.find((name) => isBoxes(values.get(name)));
  const boxes = values.get(output ?? "");
  if (!boxes) {
    const seen = outputs.map((name) => `"${name}" [${values.get(name)?.shape.join(", ") ?? "?"}]`).join(", ");
    throw unknownHead(`expected an output [1, candidates, ${COLUMNS}], received ${seen}`);
  }
  const candidates = boxes.shape[1] ?? 0;
  const peaks = peaksOf(heatData, heat.shape).slice(0, candidates);
  for (const [row, { index, score }] of peaks.entries()) {
    const [cell, label] = [Math.floor(index / heat.shape[2]), index % heat.shape[2]];
    const [x, y] = [(cell % width) * stride, Math.floor(cell / width) * stride];
    const [left = 0, top = 0, right = 0, bottom = 0] = sizeData.subarray(cell * SIDES);
    for (const [column, expected] of [x - left, y - top, x + right, y + bottom, score, label].entries()) {
      const seen = boxes.data[row * COLUMNS + column] ?? Number.NaN;
      if (Math.abs(seen - expected) <= TOLERANCE * Math.max(1, Math.abs(expected))) continue;
      throw unknownHead(`box ${row}, column ${column} of ${COLUMNS}: expected ${expected}, received ${seen}`);
    }
  }
  return { heat, sizes, stride, candidates };
}

/** The heat map is the map that a MaxPool reads, to compare each cell with its neighbours. */
function pickMaps(maps: readonly HeadMap[], tail: readonly TfjsNode[]): [heat: HeadMap, sizes: HeadMap] {
  const pooled = new Set(tail.filter(({ op }) => op === "MaxPool").map(({ input }) => input[0] ?? ""));
  const heat = maps.find(({ names }) => names.some((name) => pooled.has(name)));
  const sizes = maps.find((map) => map !== heat);
  const [height, width] = heat?.shape ?? [];
  if (heat && sizes?.shape.join() === [height, width, SIDES].join() && maps.length === 2)
    return [heat, sizes];
  const seen = maps.map(({ names, shape }) => `"${names[0]}" [1, ${shape.join(", ")}]`).join(", ");
  throw unknownHead(
    `expected boxes from a heat map [1, height, width, classes], whose peaks a MaxPool finds, and sizes [1, height, width, ${SIDES}]; ` +
      `received ${seen || "no maps"} and ${pooled.size === 0 ? "no MaxPool" : `a MaxPool of "${[...pooled].join('", "')}"`}`,
  );
}

/** A map of numbers from `least` to `most` (a linear congruential generator), almost all different. */
function syntheticMap(
  { shape: [height, width, channels] }: HeadMap,
  seed: number,
  least: number,
  most: number,
): Float64Array {
  let state = seed;
  // Numerical Recipes' constants: the period is 2³².
  return Float64Array.from({ length: height * width * channels }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return least + (state / 2 ** 32) * (most - least);
  });
}

function isBoxes(tensor: TfjsTensor | undefined): boolean {
  const [batch, candidates = 0, columns, ...more] = tensor?.shape ?? [];
  return batch === 1 && candidates > 0 && columns === COLUMNS && more.length === 0;
}

/** Cells that are no lower than their eight neighbours of the same class, highest first. */
function peaksOf(
  heat: Float64Array,
  [height, width, classes]: HeadMap["shape"],
): { readonly index: number; readonly score: number }[] {
  const isPeak = (index: number, score: number): boolean => {
    const cell = Math.floor(index / classes);
    const [x, y] = [cell % width, Math.floor(cell / width)];
    for (let row = Math.max(0, y - 1); row <= Math.min(height - 1, y + 1); row++) {
      for (let column = Math.max(0, x - 1); column <= Math.min(width - 1, x + 1); column++) {
        if ((heat[(row * width + column) * classes + (index % classes)] ?? 0) > score) return false;
      }
    }
    return true;
  };
  const peaks: { index: number; score: number }[] = [];
  heat.forEach((score, index) => {
    if (isPeak(index, score)) peaks.push({ index, score });
  });
  return peaks.sort((a, b) => b.score - a.score);
}

function unknownHead(what: string): ModelError {
  return new ModelError(
    `The TensorFlow.js model's head is not a CenterNet's: ${what}.`,
    "Only CenterNet detectors are supported, such as the one that `sabrewing pull mobilenet` fetches.",
  );
}

import { ModelError } from "../../../errors.ts";
import type { PictureSize } from "../../graph/retype.ts";
import { interpret } from "./interpreter.ts";
import type { TfjsNode } from "./schema.ts";
import type { TfjsTensor } from "./weights.ts";

/** A map that the network makes for the tail: its TensorFlow names, and the value in our graph. */
export interface HeadMap {
  readonly names: readonly string[];
  readonly map: string;
  readonly shape: readonly [height: number, width: number, channels: number];
}

/** Everything behind the network's maps, as the exporter wrote it. */
export interface ExportedPeakFinder {
  readonly picture: PictureSize;
  readonly maps: readonly HeadMap[];
  readonly tail: readonly TfjsNode[];
  readonly outputs: readonly string[];
  readonly constants: ReadonlyMap<string, TfjsTensor>;
}

/** A CenterNet head: the maps that it looks at, and what it needs to know of them. */
export interface CenterNet {
  readonly heat: HeadMap;
  readonly sizes: HeadMap;
  /** Pixels of the picture per cell. */
  readonly stride: number;
  /** So many of the highest peaks count. */
  readonly candidates: number;
}

/** x1, y1, x2, y2, score, class. */
const COLUMNS = 6;
/** Left, top, right, bottom. */
const SIDES = 4;
/** Files with half-precision constants are exact to 5e-4. */
const TOLERANCE = 1e-3;

/**
 * Finds out what a file's nodes make of its maps, and that it is a CenterNet's boxes (Zhou et al. 2019), by running them
 * on made-up maps and comparing every box with our own reckoning. How the exporter has written it does not matter.
 * @throws ModelError saying what was seen instead.
 */
export function recogniseCenterNet(finder: ExportedPeakFinder): CenterNet {
  const { picture, maps, tail, outputs } = finder;
  const [heat, sizes] = pickMaps(maps, tail);
  const [height, width] = heat.shape;
  const stride = picture.width / width;
  if (!Number.isInteger(stride) || stride * height !== picture.height) {
    throw unknownHead(
      `its heat map has ${width}x${height} cells for a picture of ${picture.width}x${picture.height}`,
    );
  }
  const [heatData, sizeData] = [madeUp(heat, 1, 0, 1), madeUp(sizes, 2, 1, 50)];
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
  for (const [row, { place, score }] of peaks.entries()) {
    const [cell, label] = [Math.floor(place / heat.shape[2]), place % heat.shape[2]];
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

/** The heat map is the one whose cells are compared with their neighbours. */
function pickMaps(maps: readonly HeadMap[], tail: readonly TfjsNode[]): [heat: HeadMap, sizes: HeadMap] {
  const pooled = new Set(tail.filter(({ op }) => op === "MaxPool").map(({ input }) => input[0] ?? ""));
  const heat = maps.find(({ names }) => names.some((name) => pooled.has(name)));
  const sizes = maps.find((map) => map !== heat);
  const [height, width] = heat?.shape ?? [];
  if (heat && sizes?.shape.join() === [height, width, SIDES].join() && maps.length === 2)
    return [heat, sizes];
  const seen = maps.map(({ names, shape }) => `"${names[0]}" [1, ${shape.join(", ")}]`).join(", ");
  throw unknownHead(
    `expected boxes made of a heat map [1, height, width, classes], whose peaks a MaxPool finds, and of sizes [1, height, width, ${SIDES}]; ` +
      `received ${seen || "no maps"} and ${pooled.size === 0 ? "no MaxPool" : `a MaxPool of "${[...pooled].join('", "')}"`}`,
  );
}

/** Numbers from `least` to `most` (a linear congruential generator), hardly ever two alike. */
function madeUp(
  { shape: [height, width, channels] }: HeadMap,
  seed: number,
  least: number,
  most: number,
): Float64Array {
  let state = seed;
  // Numerical Recipes' constants; every state comes once in 2³² steps.
  return Float64Array.from({ length: height * width * channels }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return least + (state / 2 ** 32) * (most - least);
  });
}

function isBoxes(tensor: TfjsTensor | undefined): boolean {
  const [batch, candidates = 0, columns, ...more] = tensor?.shape ?? [];
  return batch === 1 && candidates > 0 && columns === COLUMNS && more.length === 0;
}

/** Cells no lower than their eight neighbours in the same class, highest first. */
function peaksOf(
  heat: Float64Array,
  [height, width, classes]: HeadMap["shape"],
): { readonly place: number; readonly score: number }[] {
  const isPeak = (place: number, score: number): boolean => {
    const cell = Math.floor(place / classes);
    const [x, y] = [cell % width, Math.floor(cell / width)];
    for (let row = Math.max(0, y - 1); row <= Math.min(height - 1, y + 1); row++) {
      for (let column = Math.max(0, x - 1); column <= Math.min(width - 1, x + 1); column++) {
        if ((heat[(row * width + column) * classes + (place % classes)] ?? 0) > score) return false;
      }
    }
    return true;
  };
  const peaks: { place: number; score: number }[] = [];
  heat.forEach((score, place) => {
    if (isPeak(place, score)) peaks.push({ place, score });
  });
  return peaks.sort((a, b) => b.score - a.score);
}

function unknownHead(what: string): ModelError {
  return new ModelError(
    `The TensorFlow.js model's head is not a CenterNet's: ${what}.`,
    "Only CenterNet detectors are supported, such as the one that `sabrewing pull mobilenet` fetches.",
  );
}

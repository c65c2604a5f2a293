import { ModelError } from "../../../errors.ts";
import type { NdArray } from "../nd-array.ts";
import { type ExportedTail, type HeadMap, type HeadRecogniser, syntheticNumbers } from "./head.ts";

/** A CenterNet's search for peaks (Zhou et al. 2019), as in TensorFlow.js models. */
export const centerNet: HeadRecogniser = {
  name: "CenterNet",
  cut: "elementwise",
  pixelScale: 1,
  // Its own sizes are right by themselves; another size is checked against all strides of the network.
  stride: 1,
  recognise(tail) {
    const { heat, sizes, stride, candidates } = recogniseCenterNet(tail);
    return {
      classes: heat.channels,
      add: (builder) => builder.add("centernet_detect", [heat.value, sizes.value], { stride, candidates }),
    };
  },
};

/** The maps that a CenterNet reads and its parameters. */
interface CenterNet {
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

/** Checks that the nodes behind the maps compute a CenterNet's boxes. */
function recogniseCenterNet({ input, maps, outputs, run }: ExportedTail): CenterNet {
  const [heat, sizes] = pickMaps(maps);
  const { height, width, channels } = heat;
  const stride = input.width / width;
  if (!Number.isInteger(stride) || stride * height !== input.height) {
    throw unknownHead(
      `its heat map has ${width}x${height} cells for an input of ${input.width}x${input.height}`,
    );
  }
  const heatData = syntheticNumbers(heat, 1, 0, 1);
  const sizeData = syntheticNumbers(sizes, 2, 1, 50);
  const values = run(maps.map((map) => (map === heat ? heatData : sizeData)));

  const output = outputs.find((name) => isBoxes(values.get(name)));
  const boxes = values.get(output ?? "");
  if (!boxes) {
    const seen = outputs.map((name) => `"${name}" [${values.get(name)?.shape.join(", ") ?? "?"}]`).join(", ");
    throw unknownHead(`expected an output [1, candidates, ${COLUMNS}], received ${seen}`);
  }
  const candidates = boxes.shape[1] ?? 0;
  const peaks = peaksOf(heatData, heat).slice(0, candidates);
  for (const [row, { index, score }] of peaks.entries()) {
    const [cell, label] = [Math.floor(index / channels), index % channels];
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
function pickMaps(maps: readonly HeadMap[]): readonly [heat: HeadMap, sizes: HeadMap] {
  const heat = maps.find(({ readers }) => readers.includes("MaxPool"));
  const sizes = maps.find((map) => map !== heat);
  const isPair = maps.length === 2 && sizes?.height === heat?.height && sizes?.width === heat?.width;
  if (heat && isPair && sizes?.channels === SIDES) return [heat, sizes];
  const seen = maps.map(
    ({ name, height, width, channels }) => `"${name}" [1, ${height}, ${width}, ${channels}]`,
  );
  throw unknownHead(
    `expected boxes from a heat map [1, height, width, classes], whose peaks a MaxPool finds, and sizes [1, height, width, ${SIDES}]; ` +
      `received ${seen.slice(0, 8).join(", ") || "no maps"} and ${heat === undefined ? "no MaxPool" : `a MaxPool of "${heat.name}"`}`,
  );
}

function isBoxes(tensor: NdArray | undefined): boolean {
  const [batch, candidates = 0, columns, ...more] = tensor?.shape ?? [];
  return batch === 1 && candidates > 0 && columns === COLUMNS && more.length === 0;
}

/** Cells that are no lower than their eight neighbours of the same class, highest first. */
function peaksOf(
  heat: Float32Array,
  { height, width, channels: classes }: HeadMap,
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
    `it is not a CenterNet's: ${what}`,
    "Only CenterNet detectors such as the one that `sabrewing pull mobilenet` fetches are supported.",
  );
}

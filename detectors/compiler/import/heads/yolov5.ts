import { ModelError } from "../../../errors.ts";
import type { ImageSize } from "../../graph/graph.ts";
import { logistic } from "../../ops/activation.ts";
import type { DetectScale } from "../../ops/yolov5-detect.ts";
import type { NdArray } from "../nd-array.ts";
import { type ExportedTail, type HeadMap, type HeadRecogniser, syntheticNumbers } from "./head.ts";

/** YOLOv5's Detect (v6, v7), as its export.py writes it. */
export const yolov5: HeadRecogniser = {
  name: "YOLOv5 Detect (v6, v7)",
  cut: "convolutions",
  // export.py's models leave the division by 255 to the caller.
  pixelScale: 1 / 255,
  stride: 32,
  // YOLOv5's own default.
  side: 640,
  recognise(tail) {
    const { maps, scales, classes } = recogniseDetect(tail);
    const values = maps.map(({ value }) => value);
    return {
      classes,
      add: (builder) => builder.add("yolov5_detect", values, { scales, classes }, "detections"),
    };
  },
};

/** A YOLOv5 Detect layer: maps in the order of its scales. */
interface Detect {
  readonly maps: readonly HeadMap[];
  readonly scales: readonly DetectScale[];
  readonly classes: number;
}

/** cx, cy, w, h, objectness, before the classes. */
const BOX_COLUMNS = 5;
/** Float16 exports are exact to 5e-4. */
const TOLERANCE = 1e-3;

/**
 * Checks that the exported decode is YOLOv5's, and reads its strides and anchors. It runs the decode on synthetic logits:
 * zeros in the first cell of every scale, which reveal stride and anchors, and random numbers in all other cells, where
 * the boxes must agree with our own decode.
 */
function recogniseDetect(tail: ExportedTail): Detect {
  // Exporters list scales from fine to coarse; simplifiers may have changed the order of the nodes.
  const order = [...tail.maps.keys()].toSorted((a, b) => cellsOf(tail.maps[b]) - cellsOf(tail.maps[a]));
  if (order.length === 0) throw unknownHead("there is no convolution on the way to its output");
  const logits = tail.maps.map((map, scale) => syntheticLogits(map, scale));
  const outputs = tail.run(logits);

  const { boxes, classes } = findBoxes(tail, outputs);
  const perBox = BOX_COLUMNS + classes;
  let row = 0;
  const found = order.flatMap((index, place) => {
    const [map, numbers] = [tail.maps[index], logits[index]];
    if (map === undefined || numbers === undefined) return [];
    const scale = readScale(map, boxes.subarray(row * perBox), perBox, tail.input);
    compare(map, numbers, scale, boxes.subarray(row * perBox), perBox, place);
    row += scale.anchors.length * map.height * map.width;
    return [{ map, scale }];
  });
  return { maps: found.map(({ map }) => map), scales: found.map(({ scale }) => scale), classes };
}

function cellsOf(map: HeadMap | undefined): number {
  return map === undefined ? 0 : map.height * map.width;
}

/** Logits [height, width, channels] from −4 to 4, with zeros in cell (0, 0). */
function syntheticLogits(map: HeadMap, seed: number): Float32Array {
  return syntheticNumbers(map, seed + 1, -4, 4).fill(0, 0, map.channels);
}

/** The output that holds all boxes, [1, boxes, 5 + classes]: scale by scale, and in each anchor by anchor. */
function findBoxes(
  { outputs, maps }: ExportedTail,
  values: ReadonlyMap<string, NdArray>,
): { boxes: NdArray["data"]; classes: number } {
  for (const name of outputs) {
    const array = values.get(name);
    const [batch, rows, columns = 0, ...more] = array?.shape ?? [];
    if (!array || batch !== 1 || more.length > 0 || columns <= BOX_COLUMNS) continue;
    const expected = maps.reduce(
      (sum, { channels, height, width }) => sum + (channels / columns) * height * width,
      0,
    );
    if (rows === expected && maps.every(({ channels }) => channels % columns === 0)) {
      return { boxes: array.data, classes: columns - BOX_COLUMNS };
    }
  }
  const seen = outputs.map((name) => `"${name}" [${values.get(name)?.shape.join(", ") ?? "?"}]`).join(", ");
  const ends = maps.map(({ channels, height, width }) => `${width}x${height} × ${channels}`).join(", ");
  throw unknownHead(
    `expected an output [1, boxes, 5 + classes] with one box per anchor and cell of its last convolutions (${ends}); received ${seen}`,
  );
}

/** Reads cell (0, 0), which has zero logits: its centre is half a stride from the corner, its boxes are the anchors. */
function readScale(
  { channels, height, width }: HeadMap,
  boxes: NdArray["data"],
  perBox: number,
  input: ImageSize,
): DetectScale {
  const stride = Math.round(2 * (boxes[0] ?? 0));
  if (stride * width !== input.width || stride * height !== input.height) {
    throw unknownHead(
      `a scale of ${width}x${height} cells has its first centre at (${boxes[0]}, ${boxes[1]}) of ${input.width}x${input.height}, ` +
        `expected half of its stride of ${input.width / width}`,
    );
  }
  const anchors = Array.from({ length: channels / perBox }, (_, anchor) => {
    const at = anchor * height * width * perBox;
    return [boxes[at + 2] ?? 0, boxes[at + 3] ?? 0] as const;
  });
  if (!anchors.flat().every((side) => side > 0 && Number.isFinite(side))) {
    throw unknownHead(`anchors of ${anchors.map((anchor) => anchor.join("x")).join(", ")} pixels`);
  }
  return { stride, anchors };
}

/** Compares the exported decode of one scale with YOLOv5's. @throws ModelError at the first difference. */
function compare(
  { height, width, channels }: HeadMap,
  logits: Float32Array,
  { stride, anchors }: DetectScale,
  boxes: NdArray["data"],
  perBox: number,
  scale: number,
): void {
  const cells = height * width;
  for (const [anchor, [anchorWidth, anchorHeight]] of anchors.entries()) {
    for (let cell = 0; cell < cells; cell++) {
      for (let column = 0; column < perBox; column++) {
        const s = logistic(logits[cell * channels + anchor * perBox + column] ?? 0);
        let expected = s;
        if (column === 0) expected = (2 * s - 0.5 + (cell % width)) * stride;
        else if (column === 1) expected = (2 * s - 0.5 + Math.floor(cell / width)) * stride;
        else if (column === 2) expected = (2 * s) ** 2 * anchorWidth;
        else if (column === 3) expected = (2 * s) ** 2 * anchorHeight;
        const seen = boxes[(anchor * cells + cell) * perBox + column] ?? Number.NaN;
        if (Math.abs(seen - expected) <= TOLERANCE * Math.max(1, Math.abs(expected))) continue;
        throw unknownHead(
          `scale ${scale}, anchor ${anchor}, cell (${cell % width}, ${Math.floor(cell / width)}), column ${column}: ` +
            `expected ${expected}, received ${seen}`,
        );
      }
    }
  }
}

function unknownHead(what: string): ModelError {
  return new ModelError(
    `it is not as export.py writes it: ${what}`,
    "Export a YOLOv5 v6 or v7 detection model with its own export.py, or compile the .pt file.",
  );
}

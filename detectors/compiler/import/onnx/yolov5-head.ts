import { ModelError } from "../../../errors.ts";
import type { ImageSize } from "../../graph/graph.ts";

import { logistic } from "../../ops/activation.ts";
import type { DetectScale } from "../../ops/yolov5-detect.ts";
import { type Interpreter, interpret } from "./interpreter.ts";
import { type NdArray, zeros } from "./nd-array.ts";
import type { OnnxNode } from "./schema.ts";

/** A head convolution: the name of its ONNX output, and its feature map in our graph. */
export interface Head {
  readonly value: string;
  readonly map: string;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/** Everything behind the head convolutions, as the exporter wrote it. */
export interface ExportedDecode {
  readonly input: ImageSize;
  readonly heads: readonly Head[];
  readonly tail: readonly OnnxNode[];
  /** Names of the graph's outputs. */
  readonly outputs: readonly string[];
  /** Other values that the tail may use. */
  readonly values: ReadonlyMap<string, NdArray>;
}

/** A YOLOv5 Detect layer: heads in the order of its scales. */
export interface Detect {
  readonly heads: readonly Head[];
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
 * the boxes must agree with our own decode. So it does not matter how the exporter wrote the decode.
 * @throws ModelError that says what it found instead.
 */
export function recogniseDetect(decode: ExportedDecode, interpreter: Interpreter): Detect {
  // Exporters list scales from fine to coarse; simplifiers may have changed the order of the nodes.
  const heads = decode.heads.toSorted((a, b) => b.height * b.width - a.height * a.width);
  if (heads.length === 0) throw unknownHead("there is no convolution on the way to its output");
  const logits = heads.map((head, scale) => syntheticLogits(head, scale));
  const values = new Map(decode.values);
  heads.forEach(({ value }, scale) => {
    const array = logits[scale];
    if (array) values.set(value, array);
  });
  interpret(decode.tail, values, interpreter, decode.outputs);

  const { boxes, classes } = findBoxes(decode.outputs, heads, values);
  const perBox = BOX_COLUMNS + classes;
  let row = 0;
  const scales = heads.map((head, index) => {
    const scale = readScale(head, boxes.subarray(row * perBox), perBox, decode.input);
    compare(head, logits[index]?.data ?? boxes, scale, boxes.subarray(row * perBox), perBox, index);
    row += scale.anchors.length * head.height * head.width;
    return scale;
  });
  return { heads, scales, classes };
}

/** Logits [1, channels, height, width] from −4 to 4 (a linear congruential generator), with zeros in cell (0, 0). */
function syntheticLogits({ channels, height, width }: Head, seed: number): NdArray {
  const logits = zeros("float", [1, channels, height, width]);
  let state = seed + 1;
  const { data } = logits;
  for (let i = 0; i < data.length; i++) {
    // Numerical Recipes' constants; the upper bits are random enough.
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    data[i] = (state / 2 ** 31) * 4;
  }
  for (let channel = 0; channel < channels; channel++) data[channel * height * width] = 0;
  return logits;
}

/** The output that holds all boxes, [1, boxes, 5 + classes]: scale by scale, and in each anchor by anchor. */
function findBoxes(
  outputs: readonly string[],
  heads: readonly Head[],
  values: ReadonlyMap<string, NdArray>,
): { boxes: NdArray["data"]; classes: number } {
  for (const name of outputs) {
    const array = values.get(name);
    const [batch, rows, columns = 0, ...more] = array?.shape ?? [];
    if (!array || batch !== 1 || more.length > 0 || columns <= BOX_COLUMNS) continue;
    const expected = heads.reduce(
      (sum, { channels, height, width }) => sum + (channels / columns) * height * width,
      0,
    );
    if (rows === expected && heads.every(({ channels }) => channels % columns === 0)) {
      return { boxes: array.data, classes: columns - BOX_COLUMNS };
    }
  }
  const seen = outputs.map((name) => `"${name}" [${values.get(name)?.shape.join(", ") ?? "?"}]`).join(", ");
  const maps = heads.map(({ channels, height, width }) => `[1, ${channels}, ${height}, ${width}]`).join(", ");
  throw unknownHead(
    `expected an output [1, boxes, 5 + classes] with one box per anchor and cell of its last convolutions ${maps}; received ${seen}`,
  );
}

/** Reads cell (0, 0), which has zero logits: its centre is half a stride from the corner, its boxes are the anchors. */
function readScale(
  { channels, height, width }: Head,
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
  { height, width }: Head,
  logits: NdArray["data"],
  { stride, anchors }: DetectScale,
  boxes: NdArray["data"],
  perBox: number,
  scale: number,
): void {
  const cells = height * width;
  for (const [anchor, [anchorWidth, anchorHeight]] of anchors.entries()) {
    for (let cell = 0; cell < cells; cell++) {
      for (let column = 0; column < perBox; column++) {
        const s = logistic(logits[(anchor * perBox + column) * cells + cell] ?? 0);
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
    `The ONNX model's head is not a YOLOv5 Detect (v6, v7) as export.py writes it: ${what}.`,
    "Export a YOLOv5 v6 or v7 detection model with its own export.py, or compile the .pt file.",
  );
}

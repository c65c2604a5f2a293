/** YOLOv5's network (models/yolov5n.yaml, v6.0 and v5.0 of the repository), for writers of different file formats. */

/** Width and height of each scale's anchors, in pixels of the input. */
export type Anchors = readonly (readonly (readonly [width: number, height: number])[])[];

/** The anchors of the models that were trained on COCO. */
export const COCO_ANCHORS: Anchors = [
  [
    [10, 13],
    [16, 30],
    [33, 23],
  ],
  [
    [30, 61],
    [62, 45],
    [59, 119],
  ],
  [
    [116, 90],
    [156, 198],
    [373, 326],
  ],
];

/** The attributes of the operator `yolov5_detect` for the head of YOLOv5n. */
export function yolov5nHead(classes: number) {
  return { classes, scales: COCO_ANCHORS.map((anchors, scale) => ({ stride: 8 * 2 ** scale, anchors })) };
}

/** Each function writes one layer of models/common.py with its weights. */
export interface Yolov5Writer<Layer> {
  /** The first convolution, of the image. */
  stem(outputs: number): Layer;
  conv(inputs: number, outputs: number, kernel?: number, stride?: number): Layer;
  c3(inputs: number, outputs: number, depth: number, shortcut: boolean): Layer;
  /** The last two layers of the backbone: a C3 and spatial pyramid pooling. */
  deepest(channels: number, depth: number): readonly [Layer, Layer];
  upsample(): Layer;
  concat(): Layer;
  detect(channels: readonly number[], classes: number, anchors: Anchors): Layer;
}

export interface Yolov5Size {
  readonly classes: number;
  /** Channels of the five stages; YOLOv5n has 16, 32, 64, 128, 256. */
  readonly channels: readonly [number, number, number, number, number];
  /** Bottlenecks per C3 of the backbone's four stages; YOLOv5n has 1, 2, 3, 1. The head uses the first number. */
  readonly depths: readonly [number, number, number, number];
  readonly anchors?: Anchors;
}

/** The channels and depths of YOLOv5n. */
export const YOLOV5N = { channels: [16, 32, 64, 128, 256], depths: [1, 2, 3, 1] } as const;

/** A layer and the indices of the layers whose outputs it takes; −1 is the previous one. */
interface PlacedLayer<Layer> {
  readonly from: number | readonly number[];
  readonly layer: Layer;
}

/** Writes the layers, in the order and with the "from" of models/yolov5n.yaml. */
export function yolov5Layers<Layer>(
  writer: Yolov5Writer<Layer>,
  { classes, channels, depths, anchors = COCO_ANCHORS }: Yolov5Size,
): readonly PlacedLayer<Layer>[] {
  const [c1, c2, c3, c4, c5] = channels;
  const [d1, d2, d3, d4] = depths;
  const { conv, c3: block } = writer;
  const next = (layer: Layer) => ({ from: -1, layer });
  return [
    next(writer.stem(c1)),
    next(conv(c1, c2, 3, 2)),
    next(block(c2, c2, d1, true)),
    next(conv(c2, c3, 3, 2)),
    next(block(c3, c3, d2, true)),
    next(conv(c3, c4, 3, 2)),
    next(block(c4, c4, d3, true)),
    next(conv(c4, c5, 3, 2)),
    ...writer.deepest(c5, d4).map(next),
    next(conv(c5, c4, 1, 1)),
    next(writer.upsample()),
    { from: [-1, 6], layer: writer.concat() },
    next(block(2 * c4, c4, d1, false)),
    next(conv(c4, c3, 1, 1)),
    next(writer.upsample()),
    { from: [-1, 4], layer: writer.concat() },
    next(block(2 * c3, c3, d1, false)),
    next(conv(c3, c3, 3, 2)),
    { from: [-1, 14], layer: writer.concat() },
    next(block(2 * c3, c4, d1, false)),
    next(conv(c4, c4, 3, 2)),
    { from: [-1, 10], layer: writer.concat() },
    next(block(2 * c4, c5, d1, false)),
    { from: [17, 20, 23], layer: writer.detect([c3, c4, c5], classes, anchors) },
  ];
}

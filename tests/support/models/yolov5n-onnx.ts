import { seeded } from "../base/seeded.ts";
import { type OnnxWriter, onnxFile, writeOnnx } from "./onnx-writer.ts";
import { decodeScale } from "./yolov5-onnx.ts";

const OPSET = 13;
const ANCHORS_PER_SCALE = 3;
/** Width and height of each scale's anchors in pixels of the input. */
const ANCHORS = [
  [10, 13, 16, 30, 33, 23],
  [30, 61, 62, 45, 59, 119],
  [116, 90, 156, 198, 373, 326],
] as const;

/** What the file is written for. */
export interface SeededYolov5nOnnx {
  /** Multiples of 32. */
  readonly width: number;
  readonly height: number;
  readonly classes: number;
  readonly seed: number;
}

/** A layer with its weights: takes the name of its input and returns the name of its output. */
type Layer = (x: string) => string;

/**
 * Writes YOLOv5n (models/yolov5n.yaml, version 7.0) as an ONNX file with seeded weights. They are the weights of the
 * checkpoint that `seededYolov5nCheckpoint` writes for the same seed and classes: both create their layers in the same order.
 */
export function seededYolov5nOnnx({ width, height, classes, seed }: SeededYolov5nOnnx): Uint8Array {
  const writer = writeOnnx();
  const { conv, c3, sppf, upsample, detect } = layerWriter(writer, seed);
  const concat = (...inputs: readonly string[]): string => writer.add("Concat", inputs, { axis: 1 });
  const p1 = apply("images", conv(3, 16, 6, 2, 2));
  const p2 = apply(p1, conv(16, 32, 3, 2), c3(32, 32, 1, true));
  const p3 = apply(p2, conv(32, 64, 3, 2), c3(64, 64, 2, true));
  const p4 = apply(p3, conv(64, 128, 3, 2), c3(128, 128, 3, true));
  const p5 = apply(p4, conv(128, 256, 3, 2), c3(256, 256, 1, true), sppf(256));
  const top = apply(p5, conv(256, 128));
  const middle = apply(concat(upsample(top), p4), c3(256, 128, 1, false), conv(128, 64));
  const fine = apply(concat(upsample(middle), p3), c3(128, 64, 1, false));
  const medium = apply(concat(apply(fine, conv(64, 64, 3, 2)), middle), c3(128, 128, 1, false));
  const coarse = apply(concat(apply(medium, conv(128, 128, 3, 2)), top), c3(256, 256, 1, false));

  const perBox = 5 + classes;
  const heads = [
    apply(fine, detect(64, perBox)),
    apply(medium, detect(128, perBox)),
    apply(coarse, detect(256, perBox)),
  ];
  const boxes = heads.map((logits, scale) => {
    const stride = 8 * 2 ** scale;
    const cells = { columns: width / stride, rows: height / stride };
    const options = { opset: OPSET, anchors: ANCHORS_PER_SCALE, perBox };
    return decodeScale(writer, logits, options, cells, stride, ANCHORS[scale] ?? []).decoded;
  });
  return onnxFile(writer, {
    input: { name: "images", dims: [1, 3, height, width] },
    outputs: [writer.add("Concat", boxes, { axis: 1 })],
    opset: OPSET,
  });
}

/** Applies layers in the order in which they are created. */
function apply(x: string, ...layers: readonly Layer[]): string {
  return layers.reduce((y, layer) => layer(y), x);
}

/** Each function creates one layer of models/common.py, as its namesake in checkpoint.ts does. */
function layerWriter(writer: OnnxWriter, seed: number) {
  const random = seeded(seed);
  const numbers = (count: number, low: number, high: number): Float32Array =>
    Float32Array.from({ length: count }, () => low + (high - low) * random());
  const vector = (count: number, low: number, high: number): string =>
    writer.floats([count], numbers(count, low, high));

  function conv2d(
    inputs: number,
    outputs: number,
    kernel: number,
    stride: number,
    padding: number,
    bias?: string,
  ): Layer {
    const taps = inputs * kernel * kernel;
    const spread = Math.sqrt((3 * 2.4) / taps);
    const weights = writer.floats(
      [outputs, inputs, kernel, kernel],
      numbers(outputs * taps, -spread, spread),
    );
    const attributes = {
      kernel_shape: [kernel, kernel],
      strides: [stride, stride],
      pads: [padding, padding, padding, padding],
      dilations: [1, 1],
      group: 1,
    };
    return (x) => writer.add("Conv", bias === undefined ? [x, weights] : [x, weights, bias], attributes);
  }

  function conv(
    inputs: number,
    outputs: number,
    kernel = 1,
    stride = 1,
    padding = Math.floor(kernel / 2),
  ): Layer {
    const convolve = conv2d(inputs, outputs, kernel, stride, padding);
    const scaleAndBias = [vector(outputs, 0.8, 1.2), vector(outputs, -0.3, 0.3)];
    const meanAndVariance = [vector(outputs, -0.3, 0.3), vector(outputs, 0.7, 1.5)];
    return (x) => {
      const inputs = [convolve(x), ...scaleAndBias, ...meanAndVariance];
      const y = writer.add("BatchNormalization", inputs, { epsilon: { float: 0.001 } });
      return writer.add("Mul", [y, writer.add("Sigmoid", [y])]);
    };
  }

  function bottleneck(channels: number, shortcut: boolean): Layer {
    const [cv1, cv2] = [conv(channels, channels), conv(channels, channels, 3)];
    return (x) => (shortcut ? writer.add("Add", [x, cv2(cv1(x))]) : cv2(cv1(x)));
  }

  return {
    conv,
    c3(inputs: number, outputs: number, depth: number, shortcut: boolean): Layer {
      const half = outputs / 2;
      const [cv1, cv2, cv3] = [conv(inputs, half), conv(inputs, half), conv(2 * half, outputs)];
      const bottlenecks = Array.from({ length: depth }, () => bottleneck(half, shortcut));
      return (x) => {
        const deep = apply(cv1(x), ...bottlenecks);
        return cv3(writer.add("Concat", [deep, cv2(x)], { axis: 1 }));
      };
    },
    sppf(channels: number): Layer {
      const [cv1, cv2] = [conv(channels, channels / 2), conv(2 * channels, channels)];
      const attributes = { kernel_shape: [5, 5], strides: [1, 1], pads: [2, 2, 2, 2] };
      const pool: Layer = (x) => writer.add("MaxPool", [x], attributes);
      return (x) => {
        const y = cv1(x);
        const first = pool(y);
        const second = pool(first);
        return cv2(writer.add("Concat", [y, first, second, pool(second)], { axis: 1 }));
      };
    },
    upsample(x: string): string {
      const scales = writer.floats([4], Float32Array.of(1, 1, 2, 2));
      const attributes = {
        mode: "nearest",
        coordinate_transformation_mode: "asymmetric",
        nearest_mode: "floor",
      };
      return writer.add("Resize", [x, "", scales], attributes);
    },
    /** A convolution of the head, whose output are the logits. */
    detect(inputs: number, perBox: number): Layer {
      const outputs = ANCHORS_PER_SCALE * perBox;
      return conv2d(inputs, outputs, 1, 1, 0, vector(outputs, -4, 1));
    },
  };
}

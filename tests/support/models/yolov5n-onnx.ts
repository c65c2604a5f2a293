import { seeded } from "../base/seeded.ts";
import { type OnnxWriter, onnxFile, writeOnnx } from "./onnx-writer.ts";
import { YOLOV5N, type Yolov5Writer, yolov5Layers } from "./yolov5-layers.ts";
import { decodeScale } from "./yolov5-onnx.ts";

const OPSET = 13;
/** What the file is written for. */
export interface SeededYolov5nOnnx {
  /** Multiples of 32. */
  readonly width: number;
  readonly height: number;
  readonly classes: number;
  readonly seed: number;
}

/** A layer with its weights: takes the names of its inputs and returns the name of its output. */
type Layer = (...inputs: readonly string[]) => string;

/**
 * Writes YOLOv5n (version 7.0) as an ONNX file with seeded weights. They are the weights of the checkpoint that
 * `seededYolov5nCheckpoint` writes for the same seed and classes: both create their layers in the same order.
 */
export function seededYolov5nOnnx({ width, height, classes, seed }: SeededYolov5nOnnx): Uint8Array {
  const writer = writeOnnx();
  const outputs: string[] = [];
  const layers = yolov5Layers(layerWriter(writer, seed, { width, height }), { ...YOLOV5N, classes });
  for (const { from, layer } of layers) {
    const inputs = [from].flat().map((index) => outputs.at(index) ?? "images");
    outputs.push(layer(...inputs));
  }
  return onnxFile(writer, {
    input: { name: "images", dims: [1, 3, height, width] },
    outputs: outputs.slice(-1),
    opset: OPSET,
  });
}

/** Applies layers of one input in the order in which they are created. */
function apply(x: string, ...layers: readonly Layer[]): string {
  return layers.reduce((y, layer) => layer(y), x);
}

/** Each function creates one layer of models/common.py, as its namesake in checkpoint.ts does. */
function layerWriter(
  writer: OnnxWriter,
  seed: number,
  { width, height }: { readonly width: number; readonly height: number },
): Yolov5Writer<Layer> {
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

  function c3(inputs: number, outputs: number, depth: number, shortcut: boolean): Layer {
    const half = outputs / 2;
    const [cv1, cv2, cv3] = [conv(inputs, half), conv(inputs, half), conv(2 * half, outputs)];
    const bottlenecks = Array.from({ length: depth }, () => bottleneck(half, shortcut));
    return (x) => {
      const deep = apply(cv1(x), ...bottlenecks);
      return cv3(concat(deep, cv2(x)));
    };
  }

  function sppf(channels: number): Layer {
    const [cv1, cv2] = [conv(channels, channels / 2), conv(2 * channels, channels)];
    const attributes = { kernel_shape: [5, 5], strides: [1, 1], pads: [2, 2, 2, 2] };
    const pool: Layer = (x) => writer.add("MaxPool", [x], attributes);
    return (x) => {
      const y = cv1(x);
      const first = pool(y);
      const second = pool(first);
      return cv2(concat(y, first, second, pool(second)));
    };
  }

  function concat(...inputs: readonly string[]): string {
    return writer.add("Concat", inputs, { axis: 1 });
  }

  return {
    conv,
    c3,
    stem: (outputs) => conv(3, outputs, 6, 2, 2),
    deepest: (channels, depth) => [c3(channels, channels, depth, true), sppf(channels)],
    upsample: () => (x) => {
      const scales = writer.floats([4], Float32Array.of(1, 1, 2, 2));
      const attributes = {
        mode: "nearest",
        coordinate_transformation_mode: "asymmetric",
        nearest_mode: "floor",
      };
      return writer.add("Resize", [x, "", scales], attributes);
    },
    concat: () => concat,
    detect(channels, classes, anchors) {
      const [perScale, perBox] = [anchors[0]?.length ?? 0, 5 + classes];
      const heads = channels.map((inputs) =>
        conv2d(inputs, perScale * perBox, 1, 1, 0, vector(perScale * perBox, -4, 1)),
      );
      return (...features) => {
        const boxes = heads.map((head, scale) => {
          const stride = 8 * 2 ** scale;
          const cells = { columns: width / stride, rows: height / stride };
          const options = { opset: OPSET, anchors: perScale, perBox };
          const sides = anchors[scale]?.flat() ?? [];
          return decodeScale(writer, head(features[scale] ?? ""), options, cells, stride, sides).decoded;
        });
        return concat(...boxes);
      };
    },
  };
}

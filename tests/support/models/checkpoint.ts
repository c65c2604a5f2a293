import { seeded } from "../base/seeded.ts";
import { dict, float, type Py, type PyValue } from "./pickler.ts";
import {
  type ArchiveQuirks,
  type Dtype,
  type TorchWriter,
  torchModule,
  torchWriter,
} from "./torch-checkpoint.ts";
import { type Anchors, type Yolov5Size, yolov5Layers } from "./yolov5-layers.ts";

/** An untrained YOLOv5. The defaults write a tiny YOLOv5 v6/v7. */
export interface SyntheticYolov5 {
  readonly seed?: number;
  readonly names?: PyValue;
  readonly classes?: number;
  /** Channels of the five stages; YOLOv5n has 16, 32, 64, 128, 256. */
  readonly channels?: Yolov5Size["channels"];
  /** Bottlenecks per C3 of the backbone's four stages; YOLOv5n has 1, 2, 3, 1. The head uses the first number. */
  readonly depths?: Yolov5Size["depths"];
  /** Anchors per scale, in pixels of the input. */
  readonly anchors?: Anchors;
  readonly dtype?: Dtype;
  /** Whether Model.fuse() has merged the batch normalisations. */
  readonly fused?: boolean;
  /** v5: Focus and SPP instead of a 6×6 convolution and SPPF. */
  readonly generation?: "v5" | "v6";
  /** Class of every activation. */
  readonly activation?: string;
  /** The key of the model. */
  readonly key?: "model" | "ema";
  /** Changes a layer before it is written. `index` is its index in model.model. */
  readonly editLayer?: (index: number, layer: Py) => Py;
  readonly modelAttributes?: Readonly<Record<string, PyValue>>;
  /** Other entries of the checkpoint. */
  readonly training?: Readonly<Record<string, PyValue>>;
  readonly archive?: ArchiveQuirks;
  /** Layers instead of YOLOv5's. */
  readonly network?: (layers: LayerWriter) => readonly Py[];
}

/** Writes layers of models/common.py with seeded weights. */
export type LayerWriter = ReturnType<typeof layerWriter>;

/** Writes a checkpoint with seeded weights, as train.py and strip_optimizer do. */
export function writeCheckpoint(options: SyntheticYolov5 = {}): Uint8Array {
  const writer = torchWriter();
  const classes = options.classes ?? 3;
  const model = torchModule("models.yolo.DetectionModel", {
    modules: { model: sequential(describeLayers(writer, options, classes)) },
    attributes: {
      yaml: dict({ nc: classes }),
      names: options.names ?? Array.from({ length: classes }, (_, index) => `class ${index}`),
      ...options.modelAttributes,
    },
  });
  const key = options.key ?? "model";
  const root = dict({
    epoch: -1,
    model: key === "model" ? model : null,
    ema: key === "ema" ? model : null,
    ...options.training,
  });
  return writer.save(root, options.archive);
}

/** YOLOv5's layers, with their indices and inputs. */
function describeLayers(writer: TorchWriter, options: SyntheticYolov5, classes: number): Py[] {
  const layers = layerWriter(writer, options);
  const { channels = [4, 6, 8, 10, 12], depths = [1, 1, 1, 1], anchors, network, editLayer } = options;
  if (network) return network(layers).map((layer, index) => withAttributes(layer, { i: index }));
  return yolov5Layers(layers, { classes, channels, depths, ...(anchors && { anchors }) }).map(
    ({ from: inputs, layer }, index) => {
      const f = typeof inputs === "number" ? inputs : [...inputs];
      const placed = withAttributes(from(f, layer), { i: index });
      return editLayer?.(index, placed) ?? placed;
    },
  );
}

/** A layer that takes the outputs of these layers. */
export function from(f: PyValue, layer: Py): Py {
  return withAttributes(layer, { f });
}

/** The same object with additional attributes. */
export function withAttributes(layer: Py, attributes: Readonly<Record<string, PyValue>>): Py {
  if (layer.kind !== "object" || !(layer.state instanceof Map))
    throw new Error("expected an object with attributes");
  return { ...layer, state: new Map([...layer.state, ...Object.entries(attributes)]) };
}

function sequential(modules: readonly Py[], className = "torch.nn.modules.container.Sequential"): Py {
  return torchModule(className, { modules: Object.fromEntries(modules.entries()) });
}

/** Each function writes one layer of models/common.py with its weights. */
function layerWriter(writer: TorchWriter, options: SyntheticYolov5) {
  const random = seeded(options.seed ?? 1);
  const dtype = options.dtype ?? "float32";
  const numbers = (count: number, low: number, high: number): Float32Array =>
    Float32Array.from({ length: count }, () => low + (high - low) * random());
  const parameter = (count: number, low: number, high: number): Py =>
    writer.parameter(numbers(count, low, high), [count], dtype);

  function conv2d(
    inputs: number,
    outputs: number,
    kernel: number,
    stride: number,
    padding: number,
    bias?: Py,
  ): Py {
    const taps = inputs * kernel * kernel;
    // SiLU divides the variance by about 2.4: weights with this spread keep activations near 1.
    const spread = Math.sqrt((3 * 2.4) / taps);
    const shape = [outputs, inputs, kernel, kernel];
    const weight = writer.parameter(numbers(outputs * taps, -spread, spread), shape, dtype);
    return torchModule("torch.nn.modules.conv.Conv2d", {
      parameters: { weight, bias: bias ?? null },
      attributes: {
        stride: pair(stride),
        padding: pair(padding),
        dilation: pair(1),
        groups: 1,
        padding_mode: "zeros",
      },
    });
  }

  function batchNorm(channels: number): Py {
    return torchModule("torch.nn.modules.batchnorm.BatchNorm2d", {
      parameters: { weight: parameter(channels, 0.8, 1.2), bias: parameter(channels, -0.3, 0.3) },
      buffers: {
        running_mean: writer.tensor(numbers(channels, -0.3, 0.3), [channels], dtype),
        running_var: writer.tensor(numbers(channels, 0.7, 1.5), [channels], dtype),
      },
      attributes: { eps: 0.001, momentum: 0.03 },
    });
  }

  function conv(
    inputs: number,
    outputs: number,
    kernel = 1,
    stride = 1,
    padding = Math.floor(kernel / 2),
  ): Py {
    const bias = options.fused ? parameter(outputs, -0.3, 0.3) : undefined;
    const convolution = conv2d(inputs, outputs, kernel, stride, padding, bias);
    const act = torchModule(options.activation ?? "torch.nn.modules.activation.SiLU");
    const modules = options.fused
      ? { conv: convolution, act }
      : { conv: convolution, bn: batchNorm(outputs), act };
    return torchModule("models.common.Conv", { modules });
  }

  function bottleneck(channels: number, add: boolean): Py {
    const modules = { cv1: conv(channels, channels), cv2: conv(channels, channels, 3) };
    return torchModule("models.common.Bottleneck", { modules, attributes: { add } });
  }

  function pool(kernel: number): Py {
    const attributes = {
      kernel_size: kernel,
      stride: 1,
      padding: (kernel - 1) / 2,
      dilation: 1,
      ceil_mode: false,
    };
    return torchModule("torch.nn.modules.pooling.MaxPool2d", { attributes });
  }

  function c3(inputs: number, outputs: number, depth: number, add: boolean): Py {
    const half = outputs / 2;
    const cv1 = conv(inputs, half);
    const cv2 = conv(inputs, half);
    const cv3 = conv(2 * half, outputs);
    const m = sequential(Array.from({ length: depth }, () => bottleneck(half, add)));
    return torchModule("models.common.C3", { modules: { cv1, cv2, cv3, m } });
  }

  function sppf(channels: number): Py {
    const half = channels / 2;
    const modules = { cv1: conv(channels, half), cv2: conv(4 * half, channels), m: pool(5) };
    return torchModule("models.common.SPPF", { modules });
  }

  function spp(channels: number): Py {
    const half = channels / 2;
    const m = sequential([pool(5), pool(9), pool(13)], "torch.nn.modules.container.ModuleList");
    const modules = { cv1: conv(channels, half), cv2: conv(4 * half, channels), m };
    return torchModule("models.common.SPP", { modules });
  }

  function focus(inputs: number, outputs: number): Py {
    return torchModule("models.common.Focus", { modules: { conv: conv(4 * inputs, outputs, 3) } });
  }

  const isV5 = options.generation === "v5";
  return {
    conv2d,
    conv,
    c3,
    stem: (outputs: number): Py => (isV5 ? focus(3, outputs) : conv(3, outputs, 6, 2, 2)),
    // v5 pools before the last C3, v6 after it.
    deepest: (channels: number, depth: number): readonly [Py, Py] =>
      isV5
        ? [spp(channels), c3(channels, channels, depth, false)]
        : [c3(channels, channels, depth, true), sppf(channels)],
    upsample: (): Py =>
      torchModule("torch.nn.modules.upsampling.Upsample", {
        attributes: { scale_factor: float(2), mode: "nearest" },
      }),
    concat: (): Py => torchModule("models.common.Concat", { attributes: { d: 1 } }),
    detect(channels: readonly number[], classes: number, anchors: Anchors): Py {
      const strides = channels.map((_, scale) => 8 * 2 ** scale);
      const inCells = anchors.flatMap((sizes, scale) =>
        sizes.flat().map((size) => size / (strides[scale] ?? 1)),
      );
      const perScale = anchors[0]?.length ?? 0;
      const outputs = perScale * (5 + classes);
      const convolutions = channels.map((inputs) =>
        conv2d(inputs, outputs, 1, 1, 0, parameter(outputs, -4, 1)),
      );
      return torchModule("models.yolo.Detect", {
        modules: { m: sequential(convolutions, "torch.nn.modules.container.ModuleList") },
        buffers: { anchors: writer.tensor(Float32Array.from(inCells), [anchors.length, perScale, 2], dtype) },
        attributes: {
          nc: classes,
          stride: writer.tensor(Float32Array.from(strides), [strides.length]),
        },
      });
    },
  };
}

function pair(value: number): Py {
  return { kind: "tuple", items: [value, value] };
}

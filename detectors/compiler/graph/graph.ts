/**
 * The compiler's intermediate representation: a list of operators in execution order over named values.
 *
 * Feature maps are NHWC with batch 1, so a shape is [height, width, channels]. Every node has one output. Graphs are
 * immutable: a pass returns a new one.
 */

/**
 * [height, width, channels] of a feature map; [outputChannels, kernelHeight, kernelWidth, inputChannels] of weights;
 * [channels] of a bias.
 */
export type Shape = readonly number[];

/** Integer types of feature maps: i16 within ±16383; u7, a byte from 0 to 127. */
export type StoredInteger = "i16" | "u7";

/** Only the input is u8. The nodes that write and read an integer map know its scale and zero point. */
export type DType = "u8" | "f32" | StoredInteger;

export interface ValueType {
  readonly shape: Shape;
  readonly dtype: DType;
}

/** A value known at compile time. */
export interface Constant {
  readonly shape: Shape;
  readonly data: Float32Array;
  /** The same numbers as a product, which may take fewer bytes in the module. */
  readonly product?: WeightProduct | undefined;
}

/** Weights as in the model file, and a factor per output channel, for example of a batch norm. */
export interface WeightProduct {
  readonly numbers: Float32Array;
  readonly perOutput: Float32Array;
}

/** Pixels added on each side. */
export interface Padding {
  readonly top: number;
  readonly left: number;
  readonly bottom: number;
  readonly right: number;
}

/**
 * The function that a convolution applies to its sums before it stores them. Hard swish (Howard et al. 2019, arXiv:1905.02244)
 * is slope · x · min(max(x + 3, 0), 6); its slope is 1/6, or the nearest half-precision number in files with such constants.
 */
export type Activation = "none" | "silu" | "relu" | "relu6" | { readonly hardSwish: number };

/** The real values of stored numbers, per channel: real = (stored − zero) · scale. */
export interface Affine {
  readonly scale: Float32Array;
  readonly zero: Float32Array;
}

/** How the integers of a convolution map to real numbers. */
export interface ConvolutionQuantization {
  /** Accuracy of SiLU: within 3e-5, or within 2.4e-3 in half the time, which needs relaxed SIMD. */
  readonly silu: "fine" | "coarse";
  /** Zero points of x per channel, with which padding is filled. undefined: 0. */
  readonly inputZero: Float32Array | undefined;
  /** The real value of an accumulator of 1, per output channel. */
  readonly multiplier: Float32Array;
  /** Unused without a residual. */
  readonly residual: Affine | undefined;
  /** undefined: the output is f32. */
  readonly output: (Affine & { readonly dtype: StoredInteger }) | undefined;
}

/** One scale of the YOLOv5 head: stride and anchor sizes in pixels of the input. */
export interface DetectScale {
  readonly stride: number;
  readonly anchors: readonly (readonly [width: number, height: number])[];
}

/** All operators, and the attributes of each. */
export interface OperatorAttributes {
  /** u8 [h, w, 3] → f32 [h, w, 3], times `scale`. */
  normalize: { readonly scale: number };
  /**
   * inputs: x, weights [outC, kh, kw, inC], bias [outC] (optional), residual (optional, needs a bias).
   * y = activation(conv(x) + bias) + residual. Padding is with zeros.
   */
  conv2d: {
    readonly stride: number;
    readonly padding: Padding;
    readonly activation: Activation;
  };
  /**
   * conv2d on integers, made by `quantize`. inputs: x, weights [outC, kh, kw, inC] (integers where x is), bias [outC],
   * residual (optional). r = activation(conv(x) · multiplier + bias) + real(residual); y = r, quantized where `output` is
   * given.
   */
  quantized_conv2d: {
    readonly stride: number;
    readonly padding: Padding;
    readonly activation: Activation;
    readonly quantization: ConvolutionQuantization;
  };
  /** inputs: x, weights [kh, kw, channels], bias [channels] (optional). Every channel has its own kernel. */
  depthwise_conv2d: {
    readonly stride: number;
    readonly padding: Padding;
    readonly activation: Activation;
  };
  sigmoid: Record<never, never>;
  silu: Record<never, never>;
  relu: Record<never, never>;
  relu6: Record<never, never>;
  hard_swish: { readonly slope: number };
  /** Both inputs of one shape, or the second a [channels] constant or a [1, 1, channels] map. */
  add: Record<never, never>;
  mul: Record<never, never>;
  /** Padding never wins the maximum. */
  max_pool2d: { readonly kernel: number; readonly stride: number; readonly padding: Padding };
  /** [h, w, c] → [h / block, w / block, block² · c]: the pixels of a block become channels, row by row. */
  space_to_depth: { readonly block: number };
  /** Nearest neighbour: every pixel becomes factor × factor pixels. */
  upsample: { readonly factor: number };
  /** Bilinear by an integer factor; pixel (y, x) of the output samples the input at (y, x) / factor. */
  resize_bilinear: { readonly factor: number };
  /** The average over all pixels: [h, w, channels] → [1, 1, channels]. */
  mean: Record<never, never>;
  /** Joins along channels. */
  concat: Record<never, never>;
  /**
   * YOLOv5 Detect: inputs are the head convolutions' logits, one per scale, [h, w, anchors·(5 + classes)].
   * Output [300, 6]: x1, y1, x2, y2, score, label of the boxes that class-wise non-maximum suppression keeps.
   */
  yolov5_detect: { readonly scales: readonly DetectScale[]; readonly classes: number };
  /**
   * yolov5_detect fused with its head convolutions, which it computes only for anchors that contain an object. Inputs per
   * scale: objectness logits [h, w, anchors], features x [h, w, c], weights [anchors·(5 + classes), 1, 1, c], bias.
   * `multipliers`: per scale, the real value of an accumulator of 1 per output; undefined where x and weights are f32.
   */
  yolov5_sparse_detect: {
    readonly scales: readonly DetectScale[];
    readonly classes: number;
    readonly multipliers: readonly (Float32Array | undefined)[];
  };
  /**
   * CenterNet: inputs are the heat map [h, w, classes] (0..1) and the distances from the cell to the left, top, right and
   * bottom sides of the box [h, w, 4], in pixels of the input. A peak is the maximum of its class among its 3×3 cells.
   * Output [300, 6] like `yolov5_detect`, from the `candidates` highest peaks.
   */
  centernet_detect: { readonly stride: number; readonly candidates: number };
}

export type Operator = keyof OperatorAttributes;

/** One operator application. `op` decides the type of `attributes`. */
export type Node<K extends Operator = Operator> = {
  readonly [P in K]: {
    readonly op: P;
    readonly inputs: readonly string[];
    readonly output: string;
    readonly attributes: OperatorAttributes[P];
  };
}[K];

/** Every kind of convolution: operators that pad their input and slide a window over it. */
export type ConvolutionNode = Node<"conv2d"> | Node<"quantized_conv2d"> | Node<"depthwise_conv2d">;

export function isConvolution(node: Node): node is ConvolutionNode {
  return node.op === "conv2d" || node.op === "quantized_conv2d" || node.op === "depthwise_conv2d";
}

export interface Graph {
  /** The input image: u8 [height, width, 3]. */
  readonly input: string;
  /** The output of the detection head. */
  readonly output: string;
  /** In execution order. */
  readonly nodes: readonly Node[];
  /** Type of every value, constants included. */
  readonly values: ReadonlyMap<string, ValueType>;
  readonly constants: ReadonlyMap<string, Constant>;
}

/** The result of an importer. */
export interface ImportedModel {
  readonly name: string;
  readonly labels: readonly string[];
  readonly graph: Graph;
}

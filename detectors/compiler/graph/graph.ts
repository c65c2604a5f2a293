/**
 * The compiler's intermediate representation: a list of operators in execution order over named values.
 *
 * Feature maps are NHWC with batch 1, so a shape is [height, width, channels]. Every node makes one value. A graph is
 * never changed in place: a pass returns a new one.
 */

/** [height, width, channels] of a feature map; [outputChannels, kernelHeight, kernelWidth, inputChannels] of weights; [channels] of a bias. */
export type Shape = readonly number[];

/** Integers that feature maps are stored as: i16 within ±16383, u7 a byte from 0 to 127. */
export type StoredInteger = "i16" | "u7";

/** The picture alone is u8. What a stored integer stands for is known to whoever makes and reads it. */
export type DType = "u8" | "f32" | StoredInteger;

export interface ValueType {
  readonly shape: Shape;
  readonly dtype: DType;
}

/** A value known at compile time. */
export interface Constant {
  readonly shape: Shape;
  readonly data: Float32Array;
  /** What `data` is the product of, where somebody may want to store that instead. */
  readonly product?: WeightProduct | undefined;
}

/** Weights as the model's file has them, and what each output's were multiplied by: a batch norm's factor, for one. */
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
 * What a convolution does to its sums before it stores them. Hard swish (Howard et al. 2019, arXiv:1905.02244) is
 * slope · x · min(max(x + 3, 0), 6); its slope is 1/6, or what a file with half-precision constants has made of that.
 */
export type Activation = "none" | "silu" | "relu" | "relu6" | { readonly hardSwish: number };

/** What stored numbers stand for, channel by channel: real = (stored − zero) · scale. */
export interface Affine {
  readonly scale: Float32Array;
  readonly zero: Float32Array;
}

/** How a convolution's whole numbers and reals belong together. */
export interface ConvolutionQuantization {
  /** How near SiLU is wanted: within 3e-5, or within 2.4e-3 in half the time, where there is relaxed SIMD. */
  readonly silu: "fine" | "coarse";
  /** What 0 is stored as in x, channel by channel: padding is made of it. undefined: 0. */
  readonly inputZero: Float32Array | undefined;
  /** What a sum of 1 stands for, per output channel. */
  readonly multiplier: Float32Array;
  /** Of no meaning without a residual. */
  readonly residual: Affine | undefined;
  /** undefined: the output is f32. */
  readonly output: (Affine & { readonly dtype: StoredInteger }) | undefined;
}

/** One scale of the YOLOv5 head: pixels of the input per cell, and its anchors' sizes in pixels of the input. */
export interface DetectScale {
  readonly stride: number;
  readonly anchors: readonly (readonly [width: number, height: number])[];
}

/** What each operator needs to know beside its inputs. The one list of operators that there is. */
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
   * conv2d with numbers stored as integers, after the passes made them so. inputs: x, weights [outC, kh, kw, inC] (whole
   * numbers where x is), bias [outC], residual (optional). r = activation(conv(x) · multiplier + bias) + real(residual);
   * y = r, or what r is stored as.
   */
  quantized_conv2d: {
    readonly stride: number;
    readonly padding: Padding;
    readonly activation: Activation;
    readonly quantization: ConvolutionQuantization;
  };
  /** inputs: x, weights [kh, kw, channels], bias [channels] (optional). Every channel has a kernel of its own. */
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
  /** Elementwise, both inputs of one shape, or the second a [channels] constant or a [1, 1, channels] map. */
  add: Record<never, never>;
  mul: Record<never, never>;
  /** Padding never wins the maximum. */
  max_pool2d: { readonly kernel: number; readonly stride: number; readonly padding: Padding };
  /** [h, w, c] → [h / block, w / block, block² · c]: a block's pixels side by side, row by row. */
  space_to_depth: { readonly block: number };
  /** Nearest neighbour: every pixel becomes factor × factor pixels. */
  upsample: { readonly factor: number };
  /** Bilinear by a whole factor, pixel (y, x) of the output looking at (y, x) / factor of the input. */
  resize_bilinear: { readonly factor: number };
  /** The average over all pixels: [h, w, channels] → [1, 1, channels]. */
  mean: Record<never, never>;
  /** Joins along channels. */
  concat: Record<never, never>;
  /**
   * YOLOv5 Detect: inputs are the head convolutions' logits, one per scale, [h, w, anchors·(5 + classes)].
   * Makes [300, 6]: x1, y1, x2, y2, score, label of what is left after class-wise non-maximum suppression.
   */
  yolov5_detect: { readonly scales: readonly DetectScale[]; readonly classes: number };
  /**
   * yolov5_detect with its head convolutions taken in, which it works out only where there is an object. Inputs per scale:
   * objectness logits [h, w, anchors], features x [h, w, c], weights [anchors·(5 + classes), 1, 1, c], bias.
   * `multipliers`: per scale, what a sum stands for per output; undefined where x and weights are reals.
   */
  yolov5_sparse_detect: {
    readonly scales: readonly DetectScale[];
    readonly classes: number;
    readonly multipliers: readonly (Float32Array | undefined)[];
  };
  /**
   * CenterNet: inputs are the heat map [h, w, classes] (0..1) and how far each side of the box is from the cell, in
   * pixels of the input: left, top, right, bottom [h, w, 4]. A peak is the highest of its class in its 3×3 cells.
   * Makes [300, 6] like `yolov5_detect`, from the `candidates` highest peaks.
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

/** Every kind of convolution: what pads its input and slides a window over it. */
export type ConvolutionNode = Node<"conv2d"> | Node<"quantized_conv2d"> | Node<"depthwise_conv2d">;

export function isConvolution(node: Node): node is ConvolutionNode {
  return node.op === "conv2d" || node.op === "quantized_conv2d" || node.op === "depthwise_conv2d";
}

export interface Graph {
  /** The picture: u8 [height, width, 3]. */
  readonly input: string;
  /** The value the module answers with: the output of the detection head. */
  readonly output: string;
  /** In execution order. */
  readonly nodes: readonly Node[];
  /** Type of every value, constants included. */
  readonly values: ReadonlyMap<string, ValueType>;
  readonly constants: ReadonlyMap<string, Constant>;
}

/** What an importer hands to the passes. */
export interface ImportedModel {
  readonly name: string;
  readonly labels: readonly string[];
  readonly graph: Graph;
}

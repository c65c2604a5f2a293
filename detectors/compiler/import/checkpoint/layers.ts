import type { GraphBuilder } from "../../graph/builder.ts";
import { type Convolution, readConvolution, unfocus } from "./convolution.ts";
import type { TorchArchive } from "./torch-archive.ts";
import {
  child,
  childrenOf,
  malformed,
  optionalChild,
  pairAttribute,
  shortName,
  type TorchModule,
} from "./torch-module.ts";

/** The source of the weights and the graph under construction. */
export interface LayerContext {
  readonly archive: TorchArchive;
  readonly builder: GraphBuilder;
}

/** Adds one layer on the values `inputs` and returns the name of its output. */
type EmitLayer = (context: LayerContext, layer: TorchModule, inputs: readonly string[]) => string;

const LAYERS: ReadonlyMap<string, EmitLayer> = new Map<string, EmitLayer>([
  ["Conv", (context, layer, inputs) => emitConv(context, layer, only(layer, inputs))],
  ["Conv2d", (context, layer, inputs) => emitBareConvolution(context, layer, only(layer, inputs))],
  ["C3", (context, layer, inputs) => emitC3(context, layer, only(layer, inputs))],
  ["Bottleneck", (context, layer, inputs) => emitBottleneck(context, layer, only(layer, inputs))],
  ["SPPF", (context, layer, inputs) => emitSppf(context, layer, only(layer, inputs))],
  ["SPP", (context, layer, inputs) => emitSpp(context, layer, only(layer, inputs))],
  ["Focus", (context, layer, inputs) => emitFocus(context, layer, only(layer, inputs))],
  ["Sequential", (context, layer, inputs) => emitSequence(context, layer, only(layer, inputs))],
  ["MaxPool2d", (context, layer, inputs) => emitPool(context, layer, only(layer, inputs), layer.place)],
  ["SiLU", (context, layer, inputs) => context.builder.add("silu", inputs, {}, layer.place)],
  ["Identity", (_context, layer, inputs) => only(layer, inputs)],
  ["Concat", ({ builder }, layer, inputs) => builder.add("concat", inputs, { axis: 2 }, layer.place)],
  ["Upsample", emitUpsample],
]);

/**
 * Adds one layer of a YOLOv5 network to the graph. Values are named after the layer's place.
 * @throws ModelError when the layer is incomplete, ShapeError when it cannot take these inputs.
 */
export function emitLayer(context: LayerContext, layer: TorchModule, inputs: readonly string[]): string {
  const emit = LAYERS.get(shortName(layer.className));
  if (!emit) throw malformed(layer.place, `a ${layer.className} is not allowed here`);
  return emit(context, layer, inputs);
}

/** Adds a convolution with bias. Its output is named after the Conv2d's place. */
export function emitConvolution(
  { builder }: LayerContext,
  place: string,
  x: string,
  convolution: Convolution,
): string {
  const { weights, bias, stride, padding } = convolution;
  const inputs = [x, builder.constant(`${place}.weight`, weights), builder.constant(`${place}.bias`, bias)];
  return builder.add("conv2d", inputs, { stride, padding, activation: "none" }, place);
}

function emitBareConvolution(context: LayerContext, layer: TorchModule, x: string): string {
  return emitConvolution(context, layer.place, x, readConvolution(context.archive, layer, undefined));
}

/** conv → batch normalisation (unless fused) → activation. */
function emitConv(context: LayerContext, layer: TorchModule, x: string, rearrange = sameConvolution): string {
  const convolution = child(layer, "conv");
  const read = readConvolution(context.archive, convolution, optionalChild(layer, "bn"));
  const y = emitConvolution(context, convolution.place, x, rearrange(read));
  return emitLayer(context, child(layer, "act"), [y]);
}

function sameConvolution(convolution: Convolution): Convolution {
  return convolution;
}

function emitFocus(context: LayerContext, layer: TorchModule, x: string): string {
  const channels = context.builder.typeOf(x).shape[2] ?? 0;
  return emitConv(context, child(layer, "conv"), x, (convolution) => {
    const received = convolution.weights.shape[3];
    if (received !== 4 * channels) {
      throw malformed(
        layer.place,
        `expected a convolution of ${4 * channels} channels, received ${received}`,
      );
    }
    return unfocus(convolution);
  });
}

/** x + cv2(cv1(x)), or only cv2(cv1(x)) where the shapes differ. */
function emitBottleneck(context: LayerContext, layer: TorchModule, x: string): string {
  const y = emitConv(context, child(layer, "cv2"), emitConv(context, child(layer, "cv1"), x));
  const shortcut = layer.attributes.get("add");
  if (typeof shortcut !== "boolean") throw malformed(layer.place, "its attribute add is missing");
  return shortcut ? context.builder.add("add", [y, x], {}, `${layer.place}.add`) : y;
}

/** cv3(concat(m(cv1(x)), cv2(x))) */
function emitC3(context: LayerContext, layer: TorchModule, x: string): string {
  const deep = emitLayer(context, child(layer, "m"), [emitConv(context, child(layer, "cv1"), x)]);
  const flat = emitConv(context, child(layer, "cv2"), x);
  const both = context.builder.add("concat", [deep, flat], { axis: 2 }, `${layer.place}.concat`);
  return emitConv(context, child(layer, "cv3"), both);
}

/** The same pool three times in sequence: equal to SPP with windows of 5, 9 and 13, but cheaper. */
function emitSppf(context: LayerContext, layer: TorchModule, x: string): string {
  const pool = child(layer, "m");
  const pooled = [emitConv(context, child(layer, "cv1"), x)];
  for (const round of [1, 2, 3]) {
    pooled.push(emitPool(context, pool, pooled.at(-1) ?? x, `${pool.place}.${round}`));
  }
  const all = context.builder.add("concat", pooled, { axis: 2 }, `${layer.place}.concat`);
  return emitConv(context, child(layer, "cv2"), all);
}

function emitSpp(context: LayerContext, layer: TorchModule, x: string): string {
  const y = emitConv(context, child(layer, "cv1"), x);
  const pooled = childrenOf(child(layer, "m")).map((pool) => emitPool(context, pool, y, pool.place));
  const all = context.builder.add("concat", [y, ...pooled], { axis: 2 }, `${layer.place}.concat`);
  return emitConv(context, child(layer, "cv2"), all);
}

function emitSequence(context: LayerContext, layer: TorchModule, x: string): string {
  return childrenOf(layer).reduce((value, part) => emitLayer(context, part, [value]), x);
}

function emitPool({ builder }: LayerContext, pool: TorchModule, x: string, name: string): string {
  const [kernel] = pairAttribute(pool, "kernel_size");
  const [stride] = pairAttribute(pool, "stride");
  const [border] = pairAttribute(pool, "padding");
  const padding = { top: border, left: border, bottom: border, right: border };
  return builder.add("max_pool2d", [x], { kernel, stride, padding }, name);
}

function emitUpsample({ builder }: LayerContext, layer: TorchModule, inputs: readonly string[]): string {
  const [factor] = pairAttribute(layer, "scale_factor");
  return builder.add("upsample", inputs, { factor }, layer.place);
}

function only(layer: TorchModule, inputs: readonly string[]): string {
  const [input, ...others] = inputs;
  if (input === undefined || others.length > 0) {
    throw malformed(layer.place, `expected one input, received ${inputs.length}`);
  }
  return input;
}

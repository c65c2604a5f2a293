import { buildGraph } from "../../graph/builder.ts";
import type { Graph, ImageSize } from "../../graph/graph.ts";
import { checkSize } from "../../graph/retype.ts";
import type { DetectScale } from "../../ops/yolov5-detect.ts";
import { readConvolution } from "./convolution.ts";
import { emitConvolution, emitLayer, type LayerContext } from "./layers.ts";
import { refuseUnsupported } from "./survey.ts";
import type { TorchArchive } from "./torch-archive.ts";
import {
  child,
  childrenOf,
  malformed,
  numberAttribute,
  shortName,
  type TorchModule,
  tensor,
} from "./torch-module.ts";
import { isTensor, readTensor } from "./torch-tensor.ts";

/** A network and the number of classes of its head. */
export interface Yolov5Network {
  readonly graph: Graph;
  readonly classes: number;
}

/**
 * Builds the graph from the list of layers. Each layer takes the outputs of the layers in its `f` ("from"; −1 is the
 * previous layer), and the last one is Detect. Widths and depths follow from the weights.
 * @param layers `model.model` of the checkpoint, a Sequential
 * @throws ModelError that lists every unsupported layer, or names the layer that does not fit;
 *   ShapeError when the shapes of two layers do not fit.
 */
export function buildYolov5(archive: TorchArchive, layers: TorchModule, size: ImageSize): Yolov5Network {
  refuseUnsupported(layers);
  const parts = childrenOf(layers);
  const head = parts.pop();
  if (!head || shortName(head.className) !== "Detect") {
    throw malformed(
      layers.place,
      `it ends in ${head ? head.className : "nothing"}, expected models.yolo.Detect`,
    );
  }
  const strides = strideAttribute(archive, head);
  checkSize(size, Math.max(...strides));

  const builder = buildGraph();
  const context: LayerContext = { archive, builder };
  const image = builder.image(size.height, size.width);
  const first = builder.add("normalize", [image], { scale: 1 / 255 }, "pixels");
  const outputs: string[] = [];
  for (const layer of parts) {
    outputs.push(emitLayer(context, layer, sources(layer, outputs, first)));
  }

  const classes = numberAttribute(head, "nc");
  const anchors = readAnchors(archive, head);
  const convolutions = childrenOf(child(head, "m"));
  const features = sources(head, outputs, first);
  if (
    anchors.length !== features.length ||
    strides.length !== features.length ||
    convolutions.length !== features.length
  ) {
    throw malformed(
      head.place,
      `it has ${features.length} inputs, ${convolutions.length} convolutions, ${anchors.length} sets of anchors and ${strides.length} strides`,
    );
  }
  const logits = convolutions.map((convolution, scale) => {
    const read = readConvolution(archive, convolution, undefined);
    return emitConvolution(context, convolution.place, features[scale] ?? first, read);
  });
  const scales = anchors.map((inCells, scale): DetectScale => {
    const cells = builder.typeOf(logits[scale] ?? first).shape[0] ?? 0;
    const stride = strides[scale] ?? 0;
    if (cells * stride !== size.height) {
      throw malformed(
        head.place,
        `scale ${scale} has ${cells} rows for a height of ${size.height}, but a stride of ${stride}`,
      );
    }
    // Model.__init__ divides the anchors by the stride; decoding needs pixels.
    return { stride, anchors: inCells.map(([width, height]) => [width * stride, height * stride]) };
  });
  const output = builder.add("yolov5_detect", logits, { scales, classes }, "detections");
  return { graph: builder.finish(output), classes };
}

/** The inputs of a layer, by its `f`: one index or a list of them. */
function sources(layer: TorchModule, outputs: readonly string[], first: string): string[] {
  const from = layer.attributes.get("f");
  return (Array.isArray(from) ? from : [from]).map((index) => {
    if (index === -1) return outputs.at(-1) ?? first;
    const value = typeof index === "number" ? outputs[index] : undefined;
    if (value === undefined)
      throw malformed(
        layer.place,
        `it takes the output of layer ${String(index)}, which does not precede it`,
      );
    return value;
  });
}

/** Pixels of the input per cell of each scale, an attribute that Model.__init__ computes. */
function strideAttribute(archive: TorchArchive, head: TorchModule): number[] {
  const stride = head.attributes.get("stride");
  if (!isTensor(stride))
    throw malformed(head.place, "it lacks its strides: the model was not fully constructed");
  const strides = [...readTensor(archive, stride, `${head.place}.stride`).data];
  const sound = strides.every((value) => Number.isInteger(value) && value >= 1 && value <= 1024);
  if (strides.length === 0 || !sound)
    throw malformed(`${head.place}.stride`, `received [${strides.join(", ")}]`);
  return strides;
}

function readAnchors(archive: TorchArchive, head: TorchModule): [width: number, height: number][][] {
  const { shape, data } = tensor(archive, head, "anchors");
  const [scales = 0, perScale = 0, two] = shape;
  if (shape.length !== 3 || two !== 2 || !data.every((value) => value > 0 && value < Infinity)) {
    throw malformed(
      `${head.place}.anchors`,
      `expected positive sizes [scales, anchors, 2], received [${shape.join(", ")}]`,
    );
  }
  return Array.from({ length: scales }, (_, scale) =>
    Array.from({ length: perScale }, (_, anchor) => {
      const at = (scale * perScale + anchor) * 2;
      return [data[at] ?? 0, data[at + 1] ?? 0];
    }),
  );
}

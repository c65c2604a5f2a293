import { damagedOnnx } from "../errors.ts";
import { showNode } from "../file-node.ts";
import { intAttribute, intsAttribute, stringAttribute } from "./attributes.ts";
import { arrayInput, type BodyContext, mapInput, outputName } from "./body-value.ts";
import type { OnnxNode } from "./schema.ts";

/** Why the graph cannot express a Resize or Upsample; undefined when it can. */
export function resizeObstacle(node: OnnxNode): string | undefined {
  const mode = stringAttribute(node, "mode", "nearest");
  if (mode !== "nearest") return `with mode ${mode}`;
  if (intsAttribute(node, "axes")) return "with axes";
  if (intAttribute(node, "antialias", 0) !== 0) return "with antialias";
  // "align_corners" and cropping depend on the size of the map: at another size they would not repeat pixels.
  const coordinates = stringAttribute(node, "coordinate_transformation_mode", "half_pixel");
  return SOURCE_COORDINATE.has(coordinates) ? undefined : `with ${coordinates}`;
}

/** ONNX Resize-13 → upsample. @throws ModelError unless every pixel becomes factor × factor equal pixels. */
export function importResize(context: BodyContext, node: OnnxNode): void {
  const x = mapInput(context, node, 0);
  const [height = 0, width = 0, channels = 0] = context.builder.typeOf(x).shape;
  const isUpsample = node.opType === "Upsample";
  const scales = arrayInput(context, node, isUpsample ? 1 : 2);
  const sizes = isUpsample ? undefined : arrayInput(context, node, 3);
  const factors =
    scales && scales.data.length > 0
      ? [...scales.data]
      : [1, channels, height, width].map((size, axis) => (sizes?.data[axis] ?? 0) / size);
  const [, , factor = 0] = factors;
  const square = factors.length === 4 && factors.every((f, axis) => f === (axis < 2 ? 1 : factor));
  if (!square || !Number.isSafeInteger(factor) || factor < 1) {
    throw damagedOnnx(
      `${showNode(node)} scales by [${factors.join(", ")}]; only a whole factor that is the same in both directions is supported`,
    );
  }
  if (!isUpsample && !repeatsPixels(node, factor)) {
    throw damagedOnnx(
      `${showNode(node)} rounds coordinates in a way that does not repeat each pixel ${factor} times`,
    );
  }
  const name = outputName(node);
  context.values.set(name, { kind: "map", name: context.builder.add("upsample", [x], { factor }, name) });
}

/** Where output position i lies in the input, by coordinate_transformation_mode (ONNX Resize-13). */
const SOURCE_COORDINATE: ReadonlyMap<string, (position: number, factor: number) => number> = new Map(
  Object.entries({
    asymmetric: (position, factor) => position / factor,
    half_pixel: (position, factor) => (position + 0.5) / factor - 0.5,
    pytorch_half_pixel: (position, factor) => (position + 0.5) / factor - 0.5,
    tf_half_pixel_for_nn: (position, factor) => (position + 0.5) / factor,
  }),
);

/** How a coordinate is rounded to an element, by nearest_mode (ONNX Resize-13). */
export const ROUNDING: ReadonlyMap<string, (coordinate: number) => number> = new Map(
  Object.entries({
    round_prefer_floor: (x) => Math.ceil(x - 0.5),
    round_prefer_ceil: (x) => Math.floor(x + 0.5),
    floor: Math.floor,
    ceil: Math.ceil,
  }),
);

/** Whether all output positions of a pixel's block read that pixel. One pixel, away from the border, is tested for all. */
function repeatsPixels(node: OnnxNode, factor: number): boolean {
  const coordinate = SOURCE_COORDINATE.get(
    stringAttribute(node, "coordinate_transformation_mode", "half_pixel"),
  );
  const round = ROUNDING.get(stringAttribute(node, "nearest_mode", "round_prefer_floor"));
  if (!coordinate || !round) return false;
  const pixel = 3;
  return Array.from({ length: Math.min(factor, 64) }, (_, i) => i).every(
    (i) => round(coordinate(pixel * factor + i, factor)) === pixel,
  );
}

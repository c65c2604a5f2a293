/** The custom operator with which SSD detectors end. */
import { toReference } from "flatbuffers/js/flexbuffers.js";
import type { TfliteCall, TfliteImporter } from "./call.ts";

/** The numbers of a custom operator's options, by name (FlexBuffers). */
function customNumbers(call: TfliteCall): (name: string, absent?: number) => number {
  const bytes = Uint8Array.from(call.operator.customOptions ?? []);
  return (name, absent) => {
    const found = readNumber(bytes, name) ?? absent;
    if (found === undefined) throw call.refuse(`has no option ${name}`);
    return found;
  };
}

function readNumber(bytes: Uint8Array<ArrayBuffer>, name: string): number | undefined {
  try {
    const map: { get(key: string): ReturnType<typeof toReference> } = Object(toReference(bytes.buffer));
    const value = map.get(name);
    if (value.isBool()) return value.boolValue() === true ? 1 : 0;
    return value.isNumber() ? Number(value.numericValue()) : undefined;
  } catch {
    // The library throws for a name that the map lacks, as it does for damaged options.
    return undefined;
  }
}

/**
 * TFLite_Detection_PostProcess: decodes boxes that are relative to anchors (y, x, height, width), and selects the best. Outputs:
 * corners, classes and scores of the boxes, and their number.
 */
export const detectionPostprocess: TfliteImporter = (call) => {
  const option = customNumbers(call);
  if (option("use_regular_nms", 0) !== 0) throw call.refuse("suppresses boxes of each class by itself");
  if (option("max_classes_per_detection") !== 1) throw call.refuse("gives several classes per box");
  const [, count = 0] = call.input(0).shape;
  const [, , classes = 0] = call.input(1).shape;
  const real = (index: number, columns: number): string => {
    const tensor = call.input(index);
    if (call.isKnown(index)) return call.real(index, [count, columns]);
    const value =
      call.dtype(index) === "f32"
        ? call.value(index)
        : call.add("dequantize", [call.value(index)], { input: call.quantized(tensor) });
    return call.add("reshape", [value], { shape: [count, columns] });
  };
  const half = (boxes: string, start: 0 | 2): string =>
    call.add("slice", [boxes], { starts: [0, start], steps: [1, 1], sizes: [count, 2] });
  const scale = (y: string, x: string): string => call.constant([1, 2], [option(y), option(x)]);
  const [boxes, anchors] = [real(0, 4), real(2, 4)];
  const size = half(anchors, 2);
  const offset = call.add(
    "mul",
    [call.add("div", [half(boxes, 0), scale("y_scale", "x_scale")], {}), size],
    {},
  );
  const center = call.add("add", [offset, half(anchors, 0)], {});
  const growth = call.add("exp", [call.add("div", [half(boxes, 2), scale("h_scale", "w_scale")], {})], {});
  const reach = call.add("mul", [call.add("mul", [growth, size], {}), call.constant([], [0.5])], {});
  const corners = call.add(
    "concat",
    [call.add("sub", [center, reach], {}), call.add("add", [center, reach], {})],
    { axis: 1 },
  );
  const most = option("max_detections");
  const rows = call.add("select_boxes", [corners, real(1, classes)], {
    firstClass: classes - option("num_classes"),
    most,
    scoreThreshold: option("nms_score_threshold"),
    iouThreshold: option("nms_iou_threshold"),
  });
  const part = (row: number, column: number, sizes: readonly [number, number], shape: readonly number[]) =>
    call.add("reshape", [call.add("slice", [rows], { starts: [row, column], steps: [1, 1], sizes })], {
      shape,
    });
  return [
    part(0, 0, [most, 4], [1, most, 4]),
    part(0, 4, [most, 1], [1, most]),
    part(0, 5, [most, 1], [1, most]),
    part(most, 0, [1, 1], [1]),
  ];
};

import { COCO_LABELS } from "../../catalog/coco-labels.ts";

/** Names for classes that a file does not name: COCO's where there are 80, else class0, class1, …. */
export function defaultLabels(classes: number): string[] {
  return classes === COCO_LABELS.length
    ? [...COCO_LABELS]
    : Array.from({ length: classes }, (_, index) => `class${index}`);
}

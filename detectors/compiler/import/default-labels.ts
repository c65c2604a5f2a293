import { COCO_LABELS } from "../../catalog/coco-labels.ts";
import { ModelError } from "../../errors.ts";
import { DESCRIPTION_LIMITS } from "../../module-format.ts";

/**
 * Labels for a file without class names: COCO's for 80 classes, else class0, class1, ….
 * @throws ModelError when there are more classes than a module can describe: a file may claim any number.
 */
export function defaultLabels(classes: number): string[] {
  const { labels: most } = DESCRIPTION_LIMITS;
  if (classes > most) {
    throw new ModelError(
      `Expected a model of 1 to ${most} classes, received ${classes}.`,
      "Train a model with fewer classes.",
    );
  }
  return classes === COCO_LABELS.length
    ? [...COCO_LABELS]
    : Array.from({ length: classes }, (_, index) => `class${index}`);
}

import { COCO_LABELS } from "../../catalog/coco-labels.ts";
import { ModelError } from "../../errors.ts";
import { DESCRIPTION_LIMITS } from "../../module-format.ts";

/**
 * Names for classes that a file does not name: COCO's where there are 80, else class0, class1, ….
 * @throws ModelError when there are more than a module can name: a file may claim any number.
 */
export function defaultLabels(classes: number): string[] {
  const { labels: most } = DESCRIPTION_LIMITS;
  if (classes > most) {
    throw new ModelError(
      `A module tells 1 to ${most} classes apart, this model ${classes}.`,
      "Train a model with fewer classes.",
    );
  }
  return classes === COCO_LABELS.length
    ? [...COCO_LABELS]
    : Array.from({ length: classes }, (_, index) => `class${index}`);
}

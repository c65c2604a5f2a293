/** Labels of COCO that the detector gives one and the same object in turn, as the light and the angle change. */
const LOOKALIKES: readonly (readonly string[])[] = [
  ["car", "truck", "bus", "train"],
  ["cat", "dog", "sheep", "cow", "horse", "bear"],
];

/** Whether two different labels may well mean the same object: a van is a car in one frame and a truck in the next. */
export function areLookalikes(label: string, other: string): boolean {
  return label !== other && LOOKALIKES.some((alike) => alike.includes(label) && alike.includes(other));
}

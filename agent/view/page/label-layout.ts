/** A rectangle on the screen, CSS pixels. */
export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** The maximum distance between a label and its box, in label heights. */
const LEVELS = 3;

/**
 * Places labels above their boxes, or inside if there is no space above, and avoids overlaps if possible. Labels are placed
 * in the given order.
 * @param labels each with its box and its own size
 * @param width of the video on the screen
 */
export function layOutLabels(
  labels: readonly { readonly box: Rectangle; readonly width: number; readonly height: number }[],
  width: number,
): readonly Rectangle[] {
  const placed: Rectangle[] = [];
  for (const { box, ...size } of labels) {
    const x = Math.max(0, Math.min(box.x, width - size.width));
    const choices = Array.from({ length: LEVELS }, (_, level) => box.y - size.height * (level + 1))
      .concat(box.y, box.y + box.height)
      .filter((y) => y >= 0)
      .map((y) => ({ x, y, ...size }));
    const free = choices.find((choice) => !placed.some((other) => overlap(choice, other)));
    placed.push(free ?? choices[0] ?? { x, y: 0, ...size });
  }
  return placed;
}

function overlap(a: Rectangle, b: Rectangle): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

/** A rectangle on the screen, CSS pixels. */
export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** How far a label may climb away from its box, in heights of its own, to find room. */
const LEVELS = 3;

/**
 * Places labels at their boxes: above them, or within where there is no room above, and none over another where that can
 * be helped. Who comes first has the first choice.
 * @param labels each with the box it belongs to and its own size
 * @param width of the picture
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

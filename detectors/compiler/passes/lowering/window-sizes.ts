/**
 * The number that holds for both axes of a map: that of the axes with more than one position, since it does not matter along
 * others. A single axis is the width.
 * @returns undefined where the axes differ
 */
export function sameAlongBoth(numbers: readonly number[], positions: readonly number[]): number | undefined {
  const [first = 1, ...others] = numbers.filter((_, axis) => (positions[axis] ?? 1) > 1);
  return others.every((number) => number === first) ? first : undefined;
}

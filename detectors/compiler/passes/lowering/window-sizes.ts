/** A window along one spatial axis. */
export interface WindowAxis {
  readonly size: number;
  /** The elements from its first tap to its last. */
  readonly reach: number;
  readonly stride: number;
}

/**
 * The stride with which a window takes the same positions along both axes of a map. Along an axis with one position, every stride
 * that leaves no room for a second will do. A single axis is the width.
 * @returns undefined where no stride fits both
 */
export function strideOfBoth(axes: readonly WindowAxis[]): number | undefined {
  const room = ({ size, reach }: WindowAxis): number => size - reach;
  const moving = axes.filter((axis) => axis.stride <= room(axis));
  const strides = (moving.length > 0 ? moving : axes).map(({ stride }) => stride);
  const largest = Math.max(1, ...strides);
  const isOfAll = axes.every(
    (axis) => axis.stride === largest || (!moving.includes(axis) && largest > room(axis)),
  );
  return isOfAll ? largest : undefined;
}

import { ShapeError } from "../ops/shapes.ts";
import type { GraphBuilder } from "./builder.ts";

export interface RingBuffer {
  /** Of the state that holds the rows. */
  readonly name: string;
  /** Rows that it holds. */
  readonly rows: number;
  readonly axis: number;
  /** A constant with the rows before the first inference, oldest first; undefined: zeros. */
  readonly initial?: string;
}

/**
 * Adds a buffer of the latest rows of a value along an axis: each inference appends the value's rows, and the oldest leave. Parts
 * of a chain use it where one takes a longer window than the other makes at a time.
 * @returns the value with all rows, oldest first, the new ones included
 * @throws ShapeError when there is no such axis, or the number of rows is not positive.
 */
export function addRingBuffer(
  builder: GraphBuilder,
  added: string,
  { name, rows, axis, initial }: RingBuffer,
): string {
  const { dtype, shape } = builder.typeOf(added);
  const count = shape[axis];
  if (count === undefined)
    throw new ShapeError(`cannot keep rows along axis ${axis} of [${shape.join(", ")}]`);
  if (!Number.isInteger(rows) || rows < 1) throw new ShapeError(`cannot keep ${rows} rows`);
  /** The last rows of a value. */
  const latest = (value: string, from: number, size: number): string =>
    builder.add("slice", [value], {
      starts: shape.map((_, at) => (at === axis ? from - size : 0)),
      steps: shape.map(() => 1),
      sizes: shape.with(axis, size),
    });
  const held = builder.state(name, { dtype, shape: shape.with(axis, rows) }, initial);
  const next =
    count >= rows
      ? latest(added, count, rows)
      : builder.add("concat", [latest(held, rows, rows - count), added], { axis });
  builder.keep(held, next);
  return next;
}

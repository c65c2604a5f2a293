import { InvalidArgumentError } from "commander";

/** The shapes of a model's inputs, by name. */
export type InputShapes = ReadonlyMap<string, readonly number[]>;

/** A module cannot describe more axes, and has no memory for longer ones. */
const MOST_AXES = 8;
const LONGEST_AXIS = 2 ** 31 - 1;

/**
 * Collects `--shape name=1x3x320x320` for commander. The name is what stands before the last `=`; a name alone has no axes.
 * @throws InvalidArgumentError
 */
export function collectShape(text: string, earlier: InputShapes | undefined): InputShapes {
  const [, name = "", sizes = ""] = /^(.+)=([\dx×]*)$/su.exec(text) ?? [];
  const shape =
    sizes === "" ? [] : sizes.split(/[x×]/u).map((size) => (size === "" ? Number.NaN : Number(size)));
  const fits = shape.every((size) => Number.isInteger(size) && size <= LONGEST_AXIS);
  if (name === "" || shape.length > MOST_AXES || !fits) {
    throw new InvalidArgumentError("Expected NAME=SIZES, for example images=1x3x320x320.");
  }
  return new Map([...(earlier ?? []), [name, shape]]);
}

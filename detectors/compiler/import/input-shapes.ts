/** The shapes of a file's inputs, where the file may leave sizes open. */
import { ModelError } from "../../errors.ts";
import { plainText } from "../../plain-text.ts";
import type { Shape } from "../graph/value.ts";
import { isPossibleShape } from "./possible-shape.ts";

/** An input as its file declares it. */
export interface DeclaredInput {
  readonly name: string;
  /**
   * Its axes: a size, the name of an open size (inputs that share the name share the size), or undefined for an open size
   * without a name. Undefined: the file does not even state the number of axes.
   */
  readonly axes: readonly (number | string | undefined)[] | undefined;
}

/** An example of a size that a file leaves open, for remedies. */
const EXAMPLE_SIZE = 320;

/**
 * The shape of each input, by name. An open first axis is a batch, which is 1 unless `given` says otherwise.
 * @param given shapes from outside, by name
 * @throws ModelError when a size stays open, or a given shape belongs to no input or contradicts the file.
 */
export function inputShapes(
  inputs: readonly DeclaredInput[],
  given: ReadonlyMap<string, Shape>,
): ReadonlyMap<string, Shape> {
  const asked = new Map([...given].map(([name, shape]) => [inputNamed(inputs, name).name, shape]));
  const named = new Map<string, number>();
  for (const input of inputs) {
    const shape = asked.get(input.name);
    if (shape === undefined) continue;
    requireFit(input, shape);
    for (const [index, axis] of (input.axes ?? []).entries()) {
      if (typeof axis === "string" && !named.has(axis)) named.set(axis, shape[index] ?? 1);
    }
  }
  const shapes = inputs.map(
    (input) => [input.name, asked.get(input.name) ?? ownShape(input, named)] as const,
  );
  for (const [name, shape] of shapes) {
    if (isPossibleShape(shape)) continue;
    throw new ModelError(
      `The input "${name}" of [${shape.join(", ")}] is larger than a module can hold.`,
      "Give a smaller shape with --shape, or export the model for smaller inputs.",
    );
  }
  return new Map(shapes);
}

function ownShape(input: DeclaredInput, named: ReadonlyMap<string, number>): Shape {
  const sizes = input.axes?.map((axis, index) => {
    const size = typeof axis === "string" ? named.get(axis) : axis;
    return size ?? (index === 0 ? 1 : undefined);
  });
  if (sizes?.every((size) => size !== undefined)) return sizes;
  const example = (sizes ?? [1]).map((size) => size ?? EXAMPLE_SIZE).join("x");
  const axes = input.axes === undefined ? "its axes" : `sizes: ${showAxes(input.axes)}`;
  throw new ModelError(
    `The input "${input.name}" leaves open ${axes}.`,
    `Give its shape, for example --shape "${input.name}=${example}".`,
  );
}

/** The input of this name, as the file or as messages show it. */
function inputNamed(inputs: readonly DeclaredInput[], name: string): DeclaredInput {
  const found =
    inputs.find((input) => input.name === name) ?? inputs.find((input) => plainText(input.name) === name);
  if (found !== undefined) return found;
  const known = inputs.slice(0, 20).map((input) => `"${input.name}"`);
  throw new ModelError(
    `There is no input "${name}" whose shape could be given.`,
    known.length === 0
      ? "Leave --shape out: the model has no inputs."
      : `Its inputs are ${known.join(", ")}.`,
  );
}

function requireFit({ name, axes }: DeclaredInput, shape: Shape): void {
  if (axes === undefined) return;
  const fits =
    shape.length === axes.length && axes.every((axis, at) => typeof axis !== "number" || axis === shape[at]);
  if (fits) return;
  throw new ModelError(
    `The input "${name}" has the axes ${showAxes(axes)}, which the shape [${shape.join(", ")}] does not fit.`,
    "Give another shape with --shape, or export the model for this one.",
  );
}

/** `[1, 3, height, ?]` */
function showAxes(axes: NonNullable<DeclaredInput["axes"]>): string {
  return `[${axes.map((axis) => axis ?? "?").join(", ")}]`;
}

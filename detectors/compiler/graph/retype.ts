import { ModelError } from "../../errors.ts";
import { MAX_SIDE } from "../../module-format.ts";
import { ShapeError } from "../ops/shapes.ts";
import { buildGraph } from "./builder.ts";
import { factsOf, typeOf } from "./facts.ts";
import { type Graph, type ImageSize, imageInput } from "./graph.ts";

/**
 * The same operators for another input size, with all shapes inferred again.
 * @throws ModelError when the size does not fit the model's strides.
 */
export function retype(graph: Graph, size: ImageSize): Graph {
  checkSize(size, Math.max(1, ...graph.nodes.flatMap((node) => factsOf(node).cellStrides)));
  const builder = buildGraph();
  builder.image(size.height, size.width, imageInput(graph).name);
  for (const [name, constant] of graph.constants) builder.constant(name, constant);
  for (const { value, initial } of graph.states) builder.state(value, typeOf(graph, value), initial);
  try {
    for (const { op, inputs, attributes, output } of graph.nodes) builder.add(op, inputs, attributes, output);
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    throw new ModelError(
      `the model cannot take images of ${size.width}x${size.height}: ${error.message}`,
      "Choose a size whose width and height are multiples of 32.",
      { cause: error },
    );
  }
  for (const { value, next } of graph.states) builder.keep(value, next);
  return builder.finish(...graph.outputs);
}

/** @throws ModelError unless both sides are positive multiples of the stride, up to `MAX_SIDE`. */
export function checkSize({ width, height }: ImageSize, stride: number): void {
  const fits = (side: number): boolean => Number.isInteger(side / stride) && side > 0 && side <= MAX_SIDE;
  if (fits(width) && fits(height)) return;
  throw new ModelError(
    `the model cannot take images of ${width}x${height}: expected multiples of ${stride} up to ${MAX_SIDE}`,
    `Choose a size whose width and height are multiples of ${stride}, such as ${10 * stride}x${6 * stride}.`,
  );
}

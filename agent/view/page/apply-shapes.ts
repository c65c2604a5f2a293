import type { Shape, ShapeKind } from "./shapes.ts";
import { coordinates } from "./to-yaml.ts";

/** Asks the agent to write a camera's zones and masks to its configuration. @returns the problem, if any */
export async function applyShapes(camera: string, shapes: readonly Shape[]): Promise<string | undefined> {
  const masks = (kind: ShapeKind) =>
    shapes.filter((shape) => shape.kind === kind).map(({ corners }) => coordinates(corners));
  const zones = shapes
    .filter(({ kind }) => kind === "zone")
    .map(({ name, before, corners }) => ({ name, before, coordinates: coordinates(corners) }));
  try {
    const reply = await fetch(`cameras/${camera}/shapes`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ zones, motionMasks: masks("motion"), objectMasks: masks("object") }),
    });
    if (reply.ok) return undefined;
    if (reply.status !== 409) return reply.text();
    const { problem, remedy } = await reply.json();
    return `${problem}. ${remedy}`;
  } catch {
    return "The agent does not answer.";
  }
}

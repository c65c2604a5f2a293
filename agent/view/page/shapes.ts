import type { CameraSetup, Corner } from "./protocol.ts";

/** What a polygon is for. */
export type ShapeKind = "zone" | "motion" | "object";

export const KINDS: Readonly<Record<ShapeKind, string>> = {
  zone: "Zone",
  motion: "Motion mask",
  object: "Object mask",
};

/** A polygon that is being edited. */
export interface Shape {
  readonly kind: ShapeKind;
  /** Of a zone; empty otherwise. */
  readonly name: string;
  readonly corners: readonly Corner[];
  /** A zone's other keys, as the file words them. */
  readonly settings: Readonly<Record<string, unknown>>;
}

const LEAST_CORNERS = 3;

/** All polygons of a camera. */
export function shapesOf({ zones, motionMasks, objectMasks }: CameraSetup): readonly Shape[] {
  const mask = (kind: ShapeKind) => (corners: readonly Corner[]) => ({
    kind,
    name: "",
    corners,
    settings: {},
  });
  return [
    ...zones.map((zone): Shape => ({ kind: "zone", ...zone })),
    ...motionMasks.map(mask("motion")),
    ...objectMasks.map(mask("object")),
  ];
}

/** A new polygon in the middle of the picture; a zone is named so that it is the only one of that name. */
export function newShape(kind: ShapeKind, others: readonly Shape[]): Shape {
  const corners: readonly Corner[] = [
    [0.35, 0.35],
    [0.65, 0.35],
    [0.65, 0.65],
    [0.35, 0.65],
  ];
  const taken = new Set(others.map(({ name }) => name));
  let number = 1;
  while (taken.has(`zone_${number}`)) number++;
  return { kind, name: kind === "zone" ? `zone_${number}` : "", corners, settings: {} };
}

/** The polygon with one corner elsewhere, inside the picture. */
export function moveCorner(shape: Shape, index: number, [x, y]: Corner): Shape {
  const corner: Corner = [withinPicture(x), withinPicture(y)];
  return { ...shape, corners: shape.corners.with(index, corner) };
}

/** The polygon with one more corner, half way between this one and the next. */
export function addCorner(shape: Shape, index: number): Shape {
  const [here, next] = [shape.corners[index], shape.corners[(index + 1) % shape.corners.length]];
  if (here === undefined || next === undefined) return shape;
  const corner: Corner = [(here[0] + next[0]) / 2, (here[1] + next[1]) / 2];
  return { ...shape, corners: shape.corners.toSpliced(index + 1, 0, corner) };
}

/** The polygon without a corner; a triangle keeps its three. */
export function removeCorner(shape: Shape, index: number): Shape {
  if (shape.corners.length <= LEAST_CORNERS) return shape;
  return { ...shape, corners: shape.corners.toSpliced(index, 1) };
}

/** What is wrong with the zones' names, if anything: they become MQTT topics. */
export function nameProblem(shapes: readonly Shape[]): string | undefined {
  const names = shapes.filter(({ kind }) => kind === "zone").map(({ name }) => name);
  const odd = names.find((name) => !/^[\w-]+$/.test(name));
  if (odd !== undefined) return `"${odd}": a name is made of letters, digits, _ and -`;
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  return twice === undefined ? undefined : `"${twice}": two zones have this name`;
}

function withinPicture(share: number): number {
  return Math.min(1, Math.max(0, share));
}

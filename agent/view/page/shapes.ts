import type { CameraSetup, Corner } from "./protocol.ts";

/** The purpose of a polygon. */
export type ShapeKind = "zone" | "motion" | "object";

export const KINDS: Readonly<Record<ShapeKind, string>> = {
  zone: "Zone",
  motion: "Motion mask",
  object: "Object mask",
};

/** A polygon in the editor. */
export interface Shape {
  readonly kind: ShapeKind;
  /** Name of the zone; empty for masks. */
  readonly name: string;
  /** The zone's name in the configuration; undefined: it is new. */
  readonly before?: string;
  readonly corners: readonly Corner[];
  /** Other keys of the zone in the configuration. */
  readonly settings: Readonly<Record<string, unknown>>;
}

export const LEAST_CORNERS = 3;
const SQUARE: readonly Corner[] = [
  [0.35, 0.35],
  [0.65, 0.35],
  [0.65, 0.65],
  [0.35, 0.65],
];

/** The polygons of a camera. */
export function shapesOf({ zones, motionMasks, objectMasks }: CameraSetup): readonly Shape[] {
  const mask = (kind: ShapeKind) => (corners: readonly Corner[]) => ({
    kind,
    name: "",
    corners,
    settings: {},
  });
  return [
    ...zones.map((zone): Shape => ({ kind: "zone", before: zone.name, ...zone })),
    ...motionMasks.map(mask("motion")),
    ...objectMasks.map(mask("object")),
  ];
}

/** Creates a polygon; a zone gets a unique name. @param corners default: a square in the middle of the frame */
export function newShape(
  kind: ShapeKind,
  others: readonly Shape[],
  corners: readonly Corner[] = SQUARE,
): Shape {
  const taken = new Set(others.map(({ name }) => name));
  let number = 1;
  while (taken.has(`zone_${number}`)) number++;
  return { kind, name: kind === "zone" ? `zone_${number}` : "", corners, settings: {} };
}

/** The title of a shape: the name of a zone, or the kind and number of a mask. */
export function titleOf(shape: Shape, shapes: readonly Shape[]): string {
  if (shape.kind === "zone") return shape.name;
  return `${KINDS[shape.kind]} ${shapes.filter(({ kind }) => kind === shape.kind).indexOf(shape) + 1}`;
}

/** Moves a corner, but not out of the frame. */
export function moveCorner(shape: Shape, index: number, [x, y]: Corner): Shape {
  const corner: Corner = [withinFrame(x), withinFrame(y)];
  return { ...shape, corners: shape.corners.with(index, corner) };
}

/** Adds a corner halfway between this one and the next. */
export function addCorner(shape: Shape, index: number): Shape {
  const [here, next] = [shape.corners[index], shape.corners[(index + 1) % shape.corners.length]];
  if (here === undefined || next === undefined) return shape;
  const corner: Corner = [(here[0] + next[0]) / 2, (here[1] + next[1]) / 2];
  return { ...shape, corners: shape.corners.toSpliced(index + 1, 0, corner) };
}

/** Removes a corner, unless the polygon is a triangle. */
export function removeCorner(shape: Shape, index: number): Shape {
  if (shape.corners.length <= LEAST_CORNERS) return shape;
  return { ...shape, corners: shape.corners.toSpliced(index, 1) };
}

/** Checks the zones' names, which become MQTT topics. @returns the problem, if any */
export function nameProblem(shapes: readonly Shape[]): string | undefined {
  const names = shapes.filter(({ kind }) => kind === "zone").map(({ name }) => name);
  const odd = names.find((name) => !/^[\w-]+$/.test(name));
  if (odd !== undefined) return `"${odd}": a name may contain only letters, digits, _ and -`;
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  return twice === undefined ? undefined : `"${twice}": two zones have this name`;
}

export function withinFrame(share: number): number {
  return Math.min(1, Math.max(0, share));
}

import { readFile, realpath, stat } from "node:fs/promises";
import { type Document, isMap, isScalar, parseDocument, Scalar, type YAMLMap } from "yaml";
import { errorCode } from "../base/error-code.ts";
import { ConfigError } from "../base/errors.ts";
import type { Polygon } from "../base/polygon.ts";
import { writeAtomically } from "../base/write-atomically.ts";
import type { Environment } from "./environment.ts";
import { parseConfigFile } from "./load.ts";
import type { AgentConfig, CameraConfig } from "./schema.ts";

/** The zones and masks of a camera. Polygons are in the notation of the file: `x,y,x,y,…`. */
export interface CameraShapes {
  readonly zones: readonly ZoneShape[];
  readonly motionMasks: readonly string[];
  readonly objectMasks: readonly string[];
}

export interface ZoneShape {
  readonly name: string;
  /** Its name in the file; undefined: a new zone. */
  readonly before?: string | undefined;
  readonly coordinates: string;
}

/**
 * Writes the zones and masks of a camera to the configuration file. Comments and all other settings stay. The file is
 * replaced atomically, and only if the new one is valid and has no other differences.
 * @throws ConfigError if it cannot be done.
 */
export async function writeShapes(
  file: string,
  env: Environment,
  camera: string,
  shapes: CameraShapes,
): Promise<void> {
  try {
    const target = await realpath(file);
    const before = await readFile(target);
    const after = withShapes(before.toString("utf8"), camera, shapes);
    const parse = (content: Uint8Array) => parseConfigFile(content, file, env);
    requireOnlyShapes(parse(before), parse(Buffer.from(after)), camera, shapes);
    await writeAtomically(target, after, await stat(target));
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    const code = errorCode(error);
    throw new ConfigError(
      `cannot write the configuration ${file}${code === undefined ? "" : ` (${code})`}`,
      "Make this file and its folder writable for the user that runs sabrewing, or copy the YAML.",
      { cause: error },
    );
  }
}

/** An agent without a configuration file. */
export async function refuseShapes(): Promise<never> {
  throw new ConfigError("this agent was started without a configuration file", "Copy the YAML.");
}

/** Changes the zones and masks of a camera in the text of a configuration. @throws ConfigError for a text with aliases there */
export function withShapes(text: string, camera: string, shapes: CameraShapes): string {
  const document = parseDocument(text, { stringKeys: true, uniqueKeys: false });
  const path = ["cameras", camera];
  const before = document.toString(UNFOLDED);
  try {
    changeZones(document, [...path, "zones"], shapes.zones);
    changeMask(document, [...path, "motion", "mask"], shapes.motionMasks);
    changeMask(document, [...path, "objects", "mask"], shapes.objectMasks);
  } catch (error) {
    throw hasOtherForm(camera, error);
  }
  const after = document.toString(UNFOLDED);
  return after === before ? text : after;
}

/** Long lines are not wrapped. */
const UNFOLDED = { lineWidth: 0 };

function changeZones(document: Document, path: readonly string[], zones: readonly ZoneShape[]): void {
  if (!document.hasIn(path)) {
    if (zones.length === 0) return;
    document.setIn(path, document.createNode({}));
  }
  const map = document.getIn(path);
  if (!isMap(map)) throw new Error("the zones are no mapping");
  const named = (name: string | undefined) => map.items.find(({ key }) => String(key) === name);
  const kept = zones.map(({ before }) => named(before));
  map.items = map.items.filter((pair) => kept.includes(pair));
  for (const [index, { name, coordinates }] of zones.entries()) {
    const pair = kept[index];
    if (pair === undefined) {
      map.add(document.createPair(name, { coordinates: quoted(coordinates) }));
      continue;
    }
    if (isScalar(pair.key)) pair.key.value = name;
    if (!isMap(pair.value)) throw new Error("a zone is no mapping");
    changeText(pair.value, "coordinates", coordinates);
  }
  map.flow = zones.length === 0;
}

/** Changes a polygon. If its corners are the same, its notation stays. */
function changeText(map: YAMLMap, key: string, polygon: string): void {
  const before = map.get(key, true);
  if (isScalar(before) && isSame(String(before.value), polygon)) return;
  if (isScalar(before)) before.value = polygon;
  else map.set(key, quoted(polygon));
}

function changeMask(document: Document, path: readonly string[], polygons: readonly string[]): void {
  const before: unknown = document.hasIn(path) ? document.getIn(path) : [];
  const texts = isScalar(before) || typeof before === "string" ? [before] : listOf(before);
  const old = texts.map(String).filter((text) => text.trim() !== "");
  if (old.length === polygons.length && polygons.every((one, index) => isSame(one, old[index] ?? ""))) return;
  const list = document.createNode(polygons.map(quoted));
  document.setIn(path, list);
}

function listOf(node: unknown): readonly unknown[] {
  const items = typeof node === "object" && node !== null && "items" in node ? node.items : node;
  return Array.isArray(items) ? items : [];
}

function quoted(text: string): Scalar<string> {
  const scalar = new Scalar(text);
  scalar.type = Scalar.QUOTE_DOUBLE;
  return scalar;
}

/** Whether two polygons are the same to a thousandth of a frame, the precision of the editor. */
function isSame(one: string, other: string): boolean {
  return rounded(one) === rounded(other);
}

function rounded(polygon: string): string {
  return polygon
    .split(",")
    .map((number) => Number(Number(number).toFixed(3)))
    .join();
}

/** @throws ConfigError unless the camera has these shapes now and nothing else has changed */
function requireOnlyShapes(
  before: AgentConfig,
  after: AgentConfig,
  name: string,
  shapes: CameraShapes,
): void {
  const camera = cameraOf(after, name);
  const text = (polygon: Polygon) => rounded(polygon.flat().join());
  const same = (polygons: readonly Polygon[], texts: readonly string[]) => {
    return JSON.stringify(polygons.map(text)) === JSON.stringify(texts.map(rounded));
  };
  const zones = new Map(camera.zones.map((zone) => [zone.name, zone]));
  const areRight =
    camera.zones.length === shapes.zones.length &&
    shapes.zones.every(({ name: zone, coordinates }) => {
      return text(zones.get(zone)?.coordinates ?? []) === rounded(coordinates);
    }) &&
    same(camera.motion.mask, shapes.motionMasks) &&
    same(camera.objects.mask, shapes.objectMasks);
  const isElse = JSON.stringify(withoutShapes(before, name)) === JSON.stringify(withoutShapes(after, name));
  const old = new Map(cameraOf(before, name).zones.map((zone) => [zone.name, zone]));
  const keepSettings = shapes.zones.every(({ name: now, before: then }) => {
    const [one, other] = [old.get(then ?? ""), zones.get(now)];
    return (
      one === undefined || JSON.stringify(settingsOf(one)) === JSON.stringify(other && settingsOf(other))
    );
  });
  if (!areRight || !isElse || !keepSettings) throw hasOtherForm(name);
}

function cameraOf({ cameras }: AgentConfig, name: string): CameraConfig {
  const camera = cameras.find((one) => one.name === name);
  if (camera !== undefined) return camera;
  throw new ConfigError(`the configuration no longer has a camera ${name}`, "Restart the agent.");
}

function withoutShapes({ cameras, ...others }: AgentConfig, name: string): unknown {
  const rest = cameras.map((camera) => {
    if (camera.name !== name) return camera;
    const { zones: _, motion, objects, ...settings } = camera;
    return { ...settings, motion: { ...motion, mask: [] }, objects: { ...objects, mask: [] } };
  });
  return { ...others, cameras: rest };
}

function settingsOf({ name: _, coordinates: __, ...settings }: CameraConfig["zones"][number]): unknown {
  return settings;
}

function hasOtherForm(camera: string, cause?: unknown): ConfigError {
  return new ConfigError(
    `the page cannot change the zones and masks of camera ${camera}, because of the way they are written, for example as an alias`,
    "Copy the YAML and change the file by hand.",
    { cause },
  );
}

import { isMapping } from "../base/mapping.ts";
import type { Problem } from "./problems.ts";

/** Sections that can stand at the top of the file. Each camera overrides them key by key; lists are replaced. */
export const GLOBAL_SECTIONS = ["ffmpeg", "detect", "motion", "objects", "snapshots", "review"] as const;

/**
 * Copies the sections at the top into every camera, below the camera's own keys. Values of any other shape stay as they are.
 * Filters of labels that a camera does not track are not copied to it.
 */
export function inheritSections(file: unknown): unknown {
  if (!isMapping(file) || !isMapping(file.cameras)) return file;
  const cameras = Object.entries(file.cameras).map(([name, camera]) => {
    if (!isMapping(camera)) return [name, camera] as const;
    const inherited = GLOBAL_SECTIONS.flatMap((section) => {
      if (file[section] === undefined) return [];
      const whole = mergedSection(file[section], camera[section]);
      return [[section, section === "objects" ? withoutUselessFilters(whole, camera[section]) : whole]];
    });
    return [name, { ...camera, ...Object.fromEntries(inherited) }] as const;
  });
  return { ...file, cameras: Object.fromEntries(cameras) };
}

function withoutUselessFilters(objects: unknown, own: unknown): unknown {
  if (!isMapping(objects) || !isMapping(objects.filters)) return objects;
  const { track = ["person"] } = objects;
  const labels: readonly unknown[] = Array.isArray(track) ? track : [track];
  const ownFilters = isMapping(own) && isMapping(own.filters) ? own.filters : {};
  const filters = Object.entries(objects.filters).filter(
    ([label]) => labels.includes(label) || Object.hasOwn(ownFilters, label),
  );
  return { ...objects, filters: Object.fromEntries(filters) };
}

/**
 * Moves the problems of inherited values to the section at the top in which the values were written. Each problem is reported once.
 * @param problems found in the file that `inheritSections` returned
 * @param asWritten the file before that
 */
export function placeInherited(problems: readonly Problem[], asWritten: unknown): readonly Problem[] {
  const own = problems.filter(({ path }) => !isInherited(path, asWritten));
  const known = new Set(own.map(({ path }) => path.join("\n")));
  const moved = problems
    .filter(({ path }) => isInherited(path, asWritten))
    .map((problem) => ({
      ...problem,
      path: problem.path.slice(2),
      message: `${problem.message} (camera ${String(problem.path[1])})`,
    }));
  return [...own, ...moved.filter(({ path }) => !known.has(path.join("\n")))];
}

function isInherited(path: readonly PropertyKey[], asWritten: unknown): boolean {
  const [cameras, , section] = path;
  if (cameras !== "cameras" || !GLOBAL_SECTIONS.some((name) => name === section)) return false;
  return valueAt(asWritten, path) === undefined && valueAt(asWritten, path.slice(2)) !== undefined;
}

/** A section of one camera: its own keys, and the keys of the section at the top that it does not override. */
export function mergedSection(below: unknown, above: unknown): unknown {
  if (above === undefined) return below;
  if (!isMapping(below) || !isMapping(above)) return above;
  const keys = new Set([...Object.keys(below), ...Object.keys(above)]);
  return Object.fromEntries([...keys].map((key) => [key, mergedSection(below[key], above[key])]));
}

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((at, key) => {
    return typeof at === "object" && at !== null && Object.hasOwn(at, key) ? Reflect.get(at, key) : undefined;
  }, root);
}

/** Values of a Frigate configuration, which may have any shape. Frigate converts texts to numbers and flags as Pydantic does. */
import { isMapping, type Mapping } from "../../../base/mapping.ts";

/** An empty mapping for any other value. */
export function mappingOf(value: unknown): Mapping {
  return isMapping(value) ? value : {};
}

/** The texts of a list, or the parts of a text between commas. Undefined for any other value. */
export function namesOf(value: unknown): readonly string[] | undefined {
  const texts = typeof value === "string" ? value.split(",") : value;
  if (!Array.isArray(texts)) return undefined;
  return texts.map((text) => String(text).trim()).filter((text) => text !== "");
}

export function textOf(value: unknown): string | undefined {
  if (typeof value === "number") return String(value);
  return typeof value === "string" && value !== "" ? value : undefined;
}

export function numberOf(value: unknown): number | undefined {
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) ? number : undefined;
}

const FLAGS: Readonly<Record<string, boolean>> = {
  ...{ true: true, yes: true, on: true, y: true, t: true, "1": true },
  ...{ false: false, no: false, off: false, n: false, f: false, "0": false },
};

export function flagOf(value: unknown): boolean | undefined {
  return FLAGS[String(value).toLowerCase()];
}

/** The entries that have a value, or undefined if none has one. */
export function withValues(entries: Mapping): Mapping | undefined {
  const valued = Object.entries(entries).filter(([, value]) => value !== undefined);
  return valued.length === 0 ? undefined : Object.fromEntries(valued);
}

import { withoutCredentials } from "../../base/address.ts";
import { configJsonSchema } from "../../config/json-schema.ts";
import { configKeys } from "../../config/key-table.ts";
import type { AgentConfig, CameraConfig } from "../../config/schema.ts";
import type { Setting } from "../page/insight-protocol.ts";

/** Keys with a secret value. The names of files that contain one are no secret. */
const SECRET = /password|secret|token|^user$/;
const CAMERA = "cameras.*.";

/**
 * The configuration as it is in force for a camera: its own keys first, then those of the whole agent, each with the manual's
 * words. Passwords, tokens and logins are left out.
 */
export function effectiveConfig(
  { cameras: _, ...agent }: AgentConfig,
  camera: CameraConfig,
): readonly Setting[] {
  const settings = configKeys(configJsonSchema()).flatMap(({ path, description, standard }) => {
    const isCamera = path.startsWith(CAMERA);
    const keys = (isCamera ? path.slice(CAMERA.length) : path).split(".");
    return valuesAt(isCamera ? camera : agent, keys, []).map(({ key, value }): Setting => {
      const [section = ""] = key;
      return {
        section: isCamera ? "" : section,
        key: key.join("."),
        value:
          SECRET.test(key.at(-1) ?? "") && !key.at(-1)?.endsWith("_file")
            ? "(set, not shown)"
            : textOf(value),
        description,
        isDefault: standard !== undefined && JSON.stringify(value) === JSON.stringify(standard),
      };
    });
  });
  return [
    ...settings.filter(({ section }) => section === ""),
    ...settings.filter(({ section }) => section !== ""),
  ];
}

interface Found {
  readonly key: readonly string[];
  readonly value: unknown;
}

/** The values of a key; several if a part of it is a name that the user chooses, none if it is not set. */
function valuesAt(
  value: unknown,
  [first, ...rest]: readonly string[],
  above: readonly string[],
): readonly Found[] {
  if (value === undefined) return [];
  if (first === undefined) return [{ key: above, value }];
  const below = typeof value === "object" && value !== null ? value : {};
  if (first !== "*") return valuesAt(new Map(Object.entries(below)).get(first), rest, [...above, first]);
  return Object.entries(below).flatMap(([name, one]) => valuesAt(one, rest, [...above, nameOf(one) ?? name]));
}

/** The name of a zone: zones are a mapping in the file and a list in the program. */
function nameOf(value: unknown): string | undefined {
  return typeof value === "object" && value !== null && "name" in value ? String(value.name) : undefined;
}

function textOf(value: unknown): string {
  if (typeof value === "string") return withoutCredentials(value);
  if (!Array.isArray(value)) return JSON.stringify(value);
  const isPolygon = value.every((corner) => Array.isArray(corner) && corner.every(Number.isFinite));
  if (isPolygon && value.length > 0)
    return value
      .flat()
      .map((share) => Number(share.toFixed(3)))
      .join(",");
  return value.length === 0 ? "none" : value.map(textOf).join(", ");
}

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { configJsonSchema } from "../../../agent/config/json-schema.ts";
import { parseConfig } from "../../../agent/config/load.ts";

const file = new URL("../../../config/sabrewing.yml", import.meta.url);
const manual = readFileSync(file, "utf8");
const written: unknown = parse(manual);

/** Keys whose value in the manual is an example rather than the default. */
const EXAMPLES = [
  "cameras.*.objects.track",
  "cameras.*.objects.mask",
  "cameras.*.objects.filters.*.mask",
  "cameras.*.motion.mask",
];

interface Key {
  readonly path: string;
  readonly hasDefault: boolean;
  readonly standard: unknown;
}

/** Every key of a JSON schema that holds a value; `*` stands for names that users choose. */
function keysOf(schema: unknown, path: string[] = []): Key[] {
  const node = asRecord(schema);
  const below = Object.entries(asRecord(node.properties));
  if (typeof node.additionalProperties === "object") below.push(["*", node.additionalProperties]);
  if (Array.isArray(node.prefixItems)) below.push(["0", node.prefixItems[0]]);
  if (below.length > 0) return below.flatMap(([key, value]) => keysOf(value, [...path, key]));
  return [{ path: path.join("."), hasDefault: "default" in node, standard: node.default }];
}

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}

function valueAt(path: string): unknown {
  return path.split(".").reduce<unknown>((at, key) => {
    const record = asRecord(at);
    return key === "*" ? Object.values(record)[0] : record[key];
  }, written);
}

const keys = keysOf(configJsonSchema());

test("the manual is a valid configuration", () => {
  const env = { SABREWING_MQTT_PASSWORD: "a", DOOR_PASSWORD: "b" };
  expect(parseConfig(manual, "sabrewing.yml", env).cameras[0]?.name).toBe("door");
});

test.each(keys)("the manual explains $path", ({ path }) => {
  if (valueAt(path) === undefined) expect(manual).toMatch(new RegExp(`# ${path.split(".").at(-1)}:`));
});

test.each(keys.filter(({ hasDefault, path }) => hasDefault && !EXAMPLES.includes(path)))(
  "the manual shows the default of $path",
  ({ path, standard }) => {
    expect(valueAt(path)).toEqual(standard);
  },
);

test("the schema for editors is the one in the code (npm run schema)", () => {
  const shipped = readFileSync(new URL("../../../config/sabrewing.schema.json", import.meta.url), "utf8");
  expect(JSON.parse(shipped)).toEqual(JSON.parse(JSON.stringify(configJsonSchema())));
});

/** Schema, manual (config/sabrewing.yml), table (config/README.md) and code agree on every key. */
import { globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { configJsonSchema } from "../../../agent/config/json-schema.ts";
import { configKeys, keyPage } from "../../../agent/config/key-table.ts";
import { parseConfig } from "../../../agent/config/load.ts";
import { AgentConfigSchema } from "../../../agent/config/schema.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const read = (path: string) => readFileSync(ROOT + path, "utf8");
const manual = read("config/sabrewing.yml");
const written: unknown = parse(manual);

/** Keys whose value in the manual is an example rather than the default. */
const EXAMPLES = [
  "mqtt.user",
  "mqtt.password",
  "cameras.*.detect.width",
  "cameras.*.detect.height",
  "cameras.*.objects.track",
  "cameras.*.objects.mask",
  "cameras.*.objects.filters.*.mask",
  "cameras.*.motion.mask",
];

/** The smallest configuration, with an example for each key of the user's choice. */
const SMALLEST = {
  mqtt: { host: "broker" },
  model: { path: "m.wasm" },
  cameras: {
    door: {
      ffmpeg: { inputs: [{ path: "rtsp://10.0.0.7/1" }] },
      objects: { filters: { person: {} } },
      zones: { porch: { coordinates: "0,0,1,0,1,1", filters: { person: {} } } },
    },
  },
};

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}

/** @param path `*` stands for the first key */
function valueAt(root: unknown, path: string): unknown {
  return path.split(".").reduce<unknown>((at, key) => {
    const record = asRecord(at);
    return key === "*" ? Object.values(record)[0] : record[key];
  }, root);
}

const keys = configKeys(configJsonSchema());

describe("the manual", () => {
  test("is a valid configuration without unknown keys", () => {
    const env = { SABREWING_MQTT_PASSWORD: "a", DOOR_PASSWORD: "b" };
    expect(parseConfig(manual, "sabrewing.yml", env).cameras[0]?.name).toBe("door");
  });

  test.each(keys)("contains $path, possibly commented out", ({ path }) => {
    if (valueAt(written, path) !== undefined) return;
    const key = path.split(".").at(-1);
    const places = [...manual.matchAll(new RegExp(`^( *)# (${key}: .+)$`, "gm"))].map(([line]) =>
      valueAt(parse(manual.replace(line, line.replace("# ", ""))), path),
    );
    expect(places.some((value) => value !== undefined)).toBe(true);
  });

  const optional = keys.filter(({ isRequired, path }) => !isRequired && !EXAMPLES.includes(path));
  test.each(optional)("shows the default of $path", ({ path, standard }) => {
    const shown = valueAt(written, path);
    if (standard !== undefined) expect(shown).toEqual(standard);
    // Some defaults are derived from other keys in the code.
    else if (shown !== undefined)
      expect(shown).toEqual(valueAt(smallest(), path) ?? "derived from other keys");
  });

  function smallest(): unknown {
    const { cameras, ...rest } = AgentConfigSchema.parse(SMALLEST);
    return { ...rest, state_dir: "/var/lib/sabrewing", cameras: { door: cameras[0] } };
  }
});

test("the starter configuration has known keys only", () => {
  const known = keys.map(({ path }) => path);
  const starter = leavesOf(parse(read("config/starter.yml")));
  const missing = starter.filter((path) => !known.some((key) => matches(key, path)));
  expect(missing).toEqual([]);
});

function leavesOf(value: unknown, path: readonly string[] = []): string[] {
  const below = Object.entries(asRecord(value));
  const isText = typeof value !== "object" || value === null;
  return isText ? [path.join(".")] : below.flatMap(([key, inner]) => leavesOf(inner, [...path, key]));
}

/** Whether a path leads to a key or to an entry of its list. */
function matches(key: string, path: string): boolean {
  return new RegExp(`^${key.replaceAll("*", "[^.]+")}(\\.\\d+)?$`).test(path);
}

describe("the schema for editors", () => {
  test("equals the schema in the code (npm run schema)", () => {
    const shipped: unknown = JSON.parse(read("config/sabrewing.schema.json"));
    expect(shipped).toEqual(JSON.parse(JSON.stringify(configJsonSchema())));
  });

  test.each(keys)("describes $path", ({ description }) => {
    expect(description).toMatch(/\.$/);
  });
});

describe("the table of keys", () => {
  test("lists the keys of the schema (npm run schema)", () => {
    expect(read("config/README.md")).toBe(keyPage(keys));
  });

  test("is linked from the README", () => {
    expect(read("README.md")).toContain("](config/README.md)");
  });
});

describe("the code", () => {
  const sources = globSync("agent/**/*.ts", {
    cwd: ROOT,
    exclude: ["agent/config/**", "agent/view/page/**"],
  });
  const code = [...sources, "agent/config/named-files.ts", "agent/config/ffmpeg-schema.ts"]
    .map(read)
    .join("\n");
  const names = [...new Set(keys.map(({ path }) => path.split(".").at(-1) ?? ""))];

  test.each(names.filter((name) => name !== "0"))("reads the key %s", (name) => {
    expect(code).toMatch(new RegExp(`\\.${name}\\b|[{,]\\s*${name}\\b`));
  });
});

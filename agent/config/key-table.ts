import { GLOBAL_SECTIONS } from "./global-sections.ts";

/** A configuration key that holds a value, not further keys. */
export interface ConfigKey {
  /** `cameras.*.detect.fps`; `*` stands for names that users choose. */
  readonly path: string;
  readonly description: string;
  readonly isRequired: boolean;
  /** The default. Undefined if the schema has none; the description then states it. */
  readonly standard: unknown;
}

/**
 * Lists all keys of a JSON schema in its order, without the global sections, whose keys are those of a camera.
 * @param schema as `configJsonSchema` makes it
 */
export function configKeys(schema: unknown): readonly ConfigKey[] {
  return keysBelow(schema, [], false).filter(({ path }) =>
    GLOBAL_SECTIONS.every((section) => !path.startsWith(`${section}.`)),
  );
}

function keysBelow(schema: unknown, path: readonly string[], isRequired: boolean): ConfigKey[] {
  const node = recordOf(schema);
  const required = Array.isArray(node.required) ? node.required : [];
  const below = Object.entries(recordOf(node.properties));
  if (typeof node.additionalProperties === "object") below.push(["*", node.additionalProperties]);
  const entry = recordOf(node.items);
  if (entry.properties !== undefined) below.push(["0", entry]);
  if (below.length > 0) {
    return below.flatMap(([key, value]) => keysBelow(value, [...path, key], required.includes(key)));
  }
  const { description = "", default: standard } = node;
  return [{ path: path.join("."), description: String(description), isRequired, standard }];
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}

/** The keys as a Markdown page. */
export function keyPage(keys: readonly ConfigKey[]): string {
  const rows = keys.map(({ path, description, isRequired, standard }) => {
    const value = standard === undefined ? "" : `\`${JSON.stringify(standard)}\``;
    const cells = [`\`${path}\``, isRequired ? "required" : value, description];
    return `| ${cells.map((cell) => cell.replaceAll(/[|<]/g, "\\$&")).join(" | ")} |`;
  });
  return `${[
    "# Every key of sabrewing.yml",
    "",
    "Generated from the schema in `agent/config` by `npm run schema`; a test fails if they differ. `*` stands for a name that you",
    "choose. [`sabrewing.yml`](sabrewing.yml) explains when to change a key. Editors use [`sabrewing.schema.json`](sabrewing.schema.json).",
    "",
    `The sections ${GLOBAL_SECTIONS.map((section) => `\`${section}\``).join(", ")} of a camera may also be written at the top of`,
    "the file. There they apply to every camera that does not override them.",
    "",
    "| key | default | description |",
    "| --- | --- | --- |",
    ...rows,
  ].join("\n")}\n`;
}

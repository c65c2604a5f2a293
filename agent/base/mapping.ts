/** An object with any keys, such as a mapping of YAML. */
export type Mapping = Readonly<Record<string, unknown>>;

/** Whether a value of any shape is a mapping: no list, no scalar, not null. */
export function isMapping(value: unknown): value is Mapping {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

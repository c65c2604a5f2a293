/**
 * The contents of a pickle, as plain data. Nothing runs: a class is its name, an object is a record of its class and
 * arguments, and a call is a record of its function and arguments.
 */

/** The name of a Python class or function, `module.name`. */
export class PickleGlobal {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/** An instance of a class, or the result of a call. It is described, never created. */
export class PickleObject {
  /** The class or function, `module.name`. */
  readonly className: string;
  readonly args: readonly PickleValue[];
  /** The argument of `__setstate__`; for most classes a Map of the attributes. */
  state: PickleValue = null;

  constructor(className: string, args: readonly PickleValue[]) {
    this.className = className;
    this.args = args;
  }
}

/** A value stored outside the pickle. torch stores its storages that way. */
export class PicklePersistent {
  readonly id: PickleValue;

  constructor(id: PickleValue) {
    this.id = id;
  }
}

/** Lists and tuples are arrays, dicts and OrderedDicts are Maps (so `__proto__` is a key like any other). */
export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | PickleValue[]
  | Map<PickleValue, PickleValue>
  | Set<PickleValue>
  | PickleGlobal
  | PickleObject
  | PicklePersistent;

/** A short description of a value, for error messages: `a list of 3`, `torch.Size`. */
export function describeValue(value: PickleValue | undefined): string {
  if (value === undefined) return "nothing";
  if (value === null) return "None";
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (value instanceof Map) return `a dict of ${value.size}`;
  if (value instanceof Set) return `a set of ${value.size}`;
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (value instanceof PickleGlobal) return `the class ${value.name}`;
  if (value instanceof PickleObject) return value.className;
  if (value instanceof PicklePersistent) return "a storage";
  if (typeof value === "string") return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  return String(value);
}

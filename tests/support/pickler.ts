import { OPCODES } from "../../detectors/compiler/import/pickle-opcodes.ts";

/** A Python value that JavaScript has no type for. */
export type Py =
  | { readonly kind: "global"; readonly name: string }
  | { readonly kind: "call"; readonly target: PyValue; readonly args: readonly PyValue[] }
  | { readonly kind: "object"; readonly name: string; readonly state: PyValue }
  | { readonly kind: "tuple"; readonly items: readonly PyValue[] }
  | { readonly kind: "persistent"; readonly id: PyValue }
  | { readonly kind: "float"; readonly value: number }
  /** Opcodes as they are. */
  | { readonly kind: "raw"; readonly bytes: readonly number[] };

/** An array is a list, a Map a dict; a whole number is an int, any other a float. */
export type PyValue =
  | null
  | boolean
  | number
  | string
  | readonly PyValue[]
  | ReadonlyMap<string | number, PyValue>
  | Py;

/** A class or function, `module.name`. */
export function global(name: string): Py {
  return { kind: "global", name };
}

/** `name(*args)` when loaded by Python. */
export function call(name: string, ...args: readonly PyValue[]): Py {
  return { kind: "call", target: global(name), args };
}

/** An instance made by `__new__` with its `__dict__`. */
export function object(name: string, state: PyValue): Py {
  return { kind: "object", name, state };
}

export function tuple(...items: readonly PyValue[]): Py {
  return { kind: "tuple", items };
}

export function float(value: number): Py {
  return { kind: "float", value };
}

export function dict(entries: Readonly<Record<string, PyValue>>): ReadonlyMap<string, PyValue> {
  return new Map(Object.entries(entries));
}

/** Writes a value as Python's pickle module does with protocol 2, which torch.save uses; nothing is memoised. */
export function pickle(value: PyValue): Uint8Array {
  return Uint8Array.from([OPCODES.PROTO, 2, ...bytesOf(value), OPCODES.STOP]);
}

/** The opcodes that leave the value on the stack. */
export function* bytesOf(value: PyValue): Generator<number> {
  if (value === null) yield OPCODES.NONE;
  else if (typeof value === "boolean") yield value ? OPCODES.NEWTRUE : OPCODES.NEWFALSE;
  else if (typeof value === "number") yield* Number.isInteger(value) ? integer(value) : binaryFloat(value);
  else if (typeof value === "string") yield* text(value);
  else if (isList(value)) {
    yield* [OPCODES.EMPTY_LIST, OPCODES.MARK];
    for (const item of value) yield* bytesOf(item);
    yield OPCODES.APPENDS;
  } else if (value instanceof Map) {
    yield* [OPCODES.EMPTY_DICT, OPCODES.MARK];
    for (const [key, item] of value) {
      yield* bytesOf(key);
      yield* bytesOf(item);
    }
    yield OPCODES.SETITEMS;
  } else if ("kind" in value) yield* bytesOfPy(value);
}

function* bytesOfPy(value: Py): Generator<number> {
  switch (value.kind) {
    case "global": {
      const dot = value.name.lastIndexOf(".");
      yield* [OPCODES.GLOBAL, ...utf8(`${value.name.slice(0, dot)}\n${value.name.slice(dot + 1)}\n`)];
      return;
    }
    case "call":
      yield* bytesOf(value.target);
      yield* bytesOf(tuple(...value.args));
      yield OPCODES.REDUCE;
      return;
    case "object":
      yield* bytesOf(global(value.name));
      yield* [OPCODES.EMPTY_TUPLE, OPCODES.NEWOBJ];
      yield* bytesOf(value.state);
      yield OPCODES.BUILD;
      return;
    case "tuple":
      yield OPCODES.MARK;
      for (const item of value.items) yield* bytesOf(item);
      yield OPCODES.TUPLE;
      return;
    case "persistent":
      yield* bytesOf(value.id);
      yield OPCODES.BINPERSID;
      return;
    case "float":
      yield* binaryFloat(value.value);
      return;
    case "raw":
      yield* value.bytes;
  }
}

function isList(value: PyValue): value is readonly PyValue[] {
  return Array.isArray(value);
}

function integer(value: number): number[] {
  return [OPCODES.BININT, ...u32(value)];
}

function binaryFloat(value: number): number[] {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  return [OPCODES.BINFLOAT, ...new Uint8Array(view.buffer)];
}

function text(value: string): number[] {
  const bytes = utf8(value);
  return [OPCODES.BINUNICODE, ...u32(bytes.length), ...bytes];
}

function utf8(value: string): number[] {
  return [...new TextEncoder().encode(value)];
}

function u32(value: number): number[] {
  return [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24];
}

import { OPCODES } from "../../../detectors/compiler/import/checkpoint/pickle-opcodes.ts";

/** A Python value without a counterpart in JavaScript. */
export type Py =
  | { readonly kind: "global"; readonly name: string }
  | { readonly kind: "call"; readonly target: PyValue; readonly args: readonly PyValue[] }
  | { readonly kind: "object"; readonly name: string; readonly state: PyValue }
  | { readonly kind: "tuple"; readonly items: readonly PyValue[] }
  | { readonly kind: "persistent"; readonly id: PyValue }
  | { readonly kind: "float"; readonly value: number }
  /** Raw opcodes. */
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

/** A call `name(*args)`. */
export function call(name: string, ...args: readonly PyValue[]): Py {
  return { kind: "call", target: global(name), args };
}

/** An instance that `__new__` creates, with its `__dict__`. */
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

/** Writes a value like Python's pickle module with protocol 2, which torch.save uses. Nothing is memoised. */
export function pickle(value: PyValue): Uint8Array {
  const out: number[] = [OPCODES.PROTO, 2];
  write(out, value);
  out.push(OPCODES.STOP);
  return Uint8Array.from(out);
}

/** The opcodes that push the value. */
export function bytesOf(value: PyValue): readonly number[] {
  const out: number[] = [];
  write(out, value);
  return out;
}

function write(out: number[], value: PyValue): void {
  if (value === null) out.push(OPCODES.NONE);
  else if (typeof value === "boolean") out.push(value ? OPCODES.NEWTRUE : OPCODES.NEWFALSE);
  else if (typeof value === "number")
    out.push(...(Number.isInteger(value) ? integer(value) : binaryFloat(value)));
  else if (typeof value === "string") out.push(...text(value));
  else if (isList(value)) {
    out.push(OPCODES.EMPTY_LIST, OPCODES.MARK);
    for (const item of value) write(out, item);
    out.push(OPCODES.APPENDS);
  } else if (value instanceof Map) {
    out.push(OPCODES.EMPTY_DICT, OPCODES.MARK);
    for (const [key, item] of value) {
      write(out, key);
      write(out, item);
    }
    out.push(OPCODES.SETITEMS);
  } else if ("kind" in value) writePy(out, value);
}

function writePy(out: number[], value: Py): void {
  switch (value.kind) {
    case "global": {
      const dot = value.name.lastIndexOf(".");
      out.push(OPCODES.GLOBAL, ...utf8(`${value.name.slice(0, dot)}\n${value.name.slice(dot + 1)}\n`));
      return;
    }
    case "call":
      write(out, value.target);
      write(out, tuple(...value.args));
      out.push(OPCODES.REDUCE);
      return;
    case "object":
      write(out, global(value.name));
      out.push(OPCODES.EMPTY_TUPLE, OPCODES.NEWOBJ);
      write(out, value.state);
      out.push(OPCODES.BUILD);
      return;
    case "tuple":
      out.push(OPCODES.MARK);
      for (const item of value.items) write(out, item);
      out.push(OPCODES.TUPLE);
      return;
    case "persistent":
      write(out, value.id);
      out.push(OPCODES.BINPERSID);
      return;
    case "float":
      out.push(...binaryFloat(value.value));
      return;
    case "raw":
      // One by one: a hostile test may have more bytes than a call may have arguments.
      for (const byte of value.bytes) out.push(byte);
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

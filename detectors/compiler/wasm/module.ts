/** Builds a WebAssembly module from functions, memory, data and custom sections. */
import { plainText } from "../../plain-text.ts";
import { Assembler, type FunctionReference, type Global, type Local } from "./assembler.ts";
import { float32Bytes, nameBytes, signedLeb, unsignedLeb } from "./encoding.ts";
import { CONTROL, TYPE_CODES, type WasmType } from "./opcodes.ts";

export const PAGE_BYTES = 65_536;

/** Section ids (core specification 2.0, section 5.5.2). */
const SECTION = {
  custom: 0,
  type: 1,
  import: 2,
  function: 3,
  memory: 5,
  global: 6,
  export: 7,
  code: 10,
  data: 11,
} as const;
const KIND = { function: 0, memory: 2, global: 3 } as const;

type Bytes = readonly number[] | Uint8Array;

/** Collects the parts of a module; `finish` returns its bytes. Imports come before the first function. */
export class ModuleBuilder {
  private readonly types: string[] = [];
  private readonly typeBytes: number[][] = [];
  private readonly imports: number[][] = [];
  private readonly functionTypes: number[] = [];
  private readonly functionNames: string[] = [];
  private readonly code: Uint8Array[] = [];
  /** Functions by type and instructions. */
  private readonly functions = new Map<string, FunctionReference>();
  private readonly globals: number[][] = [];
  private readonly exports: number[][] = [];
  private readonly data: { readonly address: number; readonly bytes: Uint8Array }[] = [];
  private readonly customs: { readonly name: string; readonly bytes: Uint8Array }[] = [];

  importFunction(
    from: string,
    name: string,
    params: readonly WasmType[],
    results: readonly WasmType[],
  ): FunctionReference {
    if (this.code.length > 0) throw new Error(`import ${name}: imports come before functions`);
    const type = this.type(params, results);
    this.imports.push([...nameBytes(from), ...nameBytes(name), KIND.function, ...unsignedLeb(type)]);
    this.functionNames.push(name);
    return { index: this.functionNames.length - 1, name, params, results };
  }

  /**
   * Defines a function; `body` receives its parameters and writes its instructions. Identical functions are emitted once,
   * under the first name: an engine optimises a shared function sooner.
   */
  function(
    name: string,
    params: readonly WasmType[],
    results: readonly WasmType[],
    body: (code: Assembler, ...parameters: Local[]) => void,
  ): FunctionReference {
    const assembler = new Assembler(name, params, results);
    body(assembler, ...assembler.parameters());
    const bytes = assembler.finish();
    const type = this.type(params, results);
    const key = `${type} ${Buffer.from(bytes).toString("latin1")}`;
    const same = this.functions.get(key);
    if (same !== undefined) return same;
    this.code.push(bytes);
    this.functionTypes.push(type);
    this.functionNames.push(name);
    const reference = { index: this.functionNames.length - 1, name, params, results };
    this.functions.set(key, reference);
    return reference;
  }

  /** Defines a function with i32 parameters and no result; `body` receives the parameters by name. */
  procedure<const Name extends string>(
    name: string,
    parameters: readonly Name[],
    body: (code: Assembler, named: Readonly<Record<Name, Local>>) => void,
  ): FunctionReference {
    const types = parameters.map(() => "i32" as const);
    return this.function(name, types, [], (code, ...locals) => {
      const named = Object.fromEntries(parameters.map((parameter, index) => [parameter, locals[index]]));
      body(code, named as Record<Name, Local>);
    });
  }

  /** Defines a mutable global, initially zero. */
  global(type: "i32" | "f32"): Global {
    const zero = type === "i32" ? [CONTROL.i32Const, 0] : [CONTROL.f32Const, ...float32Bytes(0)];
    this.globals.push([TYPE_CODES[type], 1, ...zero, CONTROL.end]);
    return { index: this.globals.length - 1, type };
  }

  /** Exports a constant address. */
  exportAddress(name: string, address: number): void {
    this.globals.push([TYPE_CODES.i32, 0, CONTROL.i32Const, ...signedLeb(address), CONTROL.end]);
    this.exports.push([...nameBytes(name), KIND.global, ...unsignedLeb(this.globals.length - 1)]);
  }

  exportFunction(name: string, callee: FunctionReference): void {
    this.exports.push([...nameBytes(name), KIND.function, ...unsignedLeb(callee.index)]);
  }

  exportMemory(name: string): void {
    this.exports.push([...nameBytes(name), KIND.memory, 0]);
  }

  /** Adds a data segment. */
  dataAt(address: number, bytes: Uint8Array): void {
    this.data.push({ address, bytes });
  }

  customSection(name: string, bytes: Uint8Array): void {
    this.customs.push({ name, bytes });
  }

  /** @param memoryBytes the memory's minimum and maximum, rounded up to whole pages: it cannot grow. */
  finish(memoryBytes: number): Uint8Array {
    const pages = unsignedLeb(Math.ceil(memoryBytes / PAGE_BYTES));
    return concatenate([
      [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
      vectorSection(SECTION.type, this.typeBytes),
      vectorSection(SECTION.import, this.imports),
      vectorSection(SECTION.function, this.functionTypes.map(unsignedLeb)),
      vectorSection(SECTION.memory, [[0x01, ...pages, ...pages]]),
      vectorSection(SECTION.global, this.globals),
      vectorSection(SECTION.export, this.exports),
      vectorSection(
        SECTION.code,
        this.code.map((body) => concatenate([unsignedLeb(body.length), body])),
      ),
      vectorSection(
        SECTION.data,
        this.data.map(({ address, bytes }) =>
          concatenate([
            [0, CONTROL.i32Const, ...signedLeb(address), CONTROL.end, ...unsignedLeb(bytes.length)],
            bytes,
          ]),
        ),
      ),
      ...this.customs.map(({ name, bytes }) => section(SECTION.custom, [nameBytes(name), bytes])),
      this.nameSection(),
    ]);
  }

  /**
   * Function names for readable traps and profiles (core specification 2.0, appendix 7.4), in ASCII. Some contain names from
   * the model file, hence `plainText`.
   */
  private nameSection(): Uint8Array {
    const names = this.functionNames.map((name, index) => [
      ...unsignedLeb(index),
      ...nameBytes(
        plainText(name)
          .replaceAll("×", "x")
          .replaceAll(/[^ -~]/gu, "?"),
      ),
    ]);
    const map = [...unsignedLeb(names.length), ...names.flat()];
    return section(SECTION.custom, [nameBytes("name"), [1, ...unsignedLeb(map.length), ...map]]);
  }

  private type(params: readonly WasmType[], results: readonly WasmType[]): number {
    const key = `${params} → ${results}`;
    const known = this.types.indexOf(key);
    if (known >= 0) return known;
    this.types.push(key);
    const codes = (types: readonly WasmType[]) => [
      ...unsignedLeb(types.length),
      ...types.map((t) => TYPE_CODES[t]),
    ];
    this.typeBytes.push([0x60, ...codes(params), ...codes(results)]);
    return this.types.length - 1;
  }
}

function section(id: number, parts: readonly Bytes[]): Uint8Array {
  const content = concatenate(parts);
  return concatenate([[id], unsignedLeb(content.length), content]);
}

function vectorSection(id: number, items: readonly Bytes[]): Uint8Array {
  return items.length === 0 ? new Uint8Array(0) : section(id, [unsignedLeb(items.length), ...items]);
}

function concatenate(parts: readonly Bytes[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

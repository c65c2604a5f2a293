/**
 * The part of the WebAssembly JavaScript Interface (W3C) that the project uses. TypeScript declares it only in its
 * `dom` library, which would also declare `window`, `name` and hundreds of other browser globals.
 */
declare namespace WebAssembly {
  type Bytes = ArrayBufferView | ArrayBuffer | SharedArrayBuffer;
  type ExternalKind = "function" | "global" | "memory" | "table" | "tag";
  type ExportValue = Memory | Global | Table | ((...args: never[]) => unknown);
  type Exports = Record<string, ExportValue>;
  // biome-ignore lint/complexity/noBannedTypes: a host function may have any parameters; V8 converts the arguments.
  type Imports = Record<string, Record<string, Function | Memory | Global | Table>>;

  class Module {
    constructor(bytes: Bytes);
    static imports(module: Module): { module: string; name: string; kind: ExternalKind }[];
    static exports(module: Module): { name: string; kind: ExternalKind }[];
    static customSections(module: Module, name: string): ArrayBuffer[];
  }
  class Instance {
    constructor(module: Module, imports?: Imports);
    readonly exports: Exports;
  }
  class Memory {
    constructor(descriptor: { initial: number; maximum?: number; shared?: boolean });
    readonly buffer: ArrayBuffer;
    grow(pages: number): number;
  }
  class Global<T = number> {
    constructor(descriptor: { value: "i32" | "i64" | "f32" | "f64"; mutable?: boolean }, value?: T);
    value: T;
  }
  class Table {
    private constructor();
    readonly length: number;
  }
  class CompileError extends Error {}
  class LinkError extends Error {}
  class RuntimeError extends Error {}

  function validate(bytes: Bytes): boolean;
  function compile(bytes: Bytes): Promise<Module>;
  function instantiate(module: Module, imports?: Imports): Promise<Instance>;
  function instantiate(bytes: Bytes, imports?: Imports): Promise<{ module: Module; instance: Instance }>;
}

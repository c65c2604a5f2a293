import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import type { DetectorOptions, ModelInfo } from "../contract.ts";
import { ModelError } from "../errors.ts";
import { ALLOWED_IMPORTS, DESCRIPTION_SECTION, IMPORT_MODULE } from "../module-format.ts";
import { plainText } from "../plain-text.ts";
import { parseDescription, requireModestDescription } from "./description.ts";
import { lackingFeatures } from "./engine-features.ts";
import {
  customSections,
  fixedMemoryBytes,
  requireModestSections,
  type Section,
  sectionsOf,
} from "./sections.ts";
import { requireTrust } from "./trust.ts";

/** "\0asm" and version 1 (WebAssembly core specification 5.5.16). */
const WASM_HEADER = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];

const REQUIRED_EXPORTS = {
  memory: "memory",
  frame: "global",
  detections: "global",
  infer: "function",
  _start: "function",
} as const;

const SANDBOX: ReadonlySet<string> = new Set(ALLOWED_IMPORTS.map((name) => `${IMPORT_MODULE}.${name}`));

const copyAgain = "Copy the file again, or compile the model again with `sabrewing compile`.";
const compileIt = "Compile the model with `sabrewing compile`.";

/** A checked module: what it says of itself, its bytes and what V8 made of them. */
export interface LoadedModule {
  readonly info: ModelInfo;
  /** In shared memory, so that every detector thread reads the same copy. */
  readonly bytes: Uint8Array<SharedArrayBuffer>;
  readonly module: WebAssembly.Module;
}

/**
 * Reads a detector module's description without running it.
 * @throws ModelError when the file is missing, damaged, no detector, or could leave the sandbox.
 */
export async function readModel(path: string): Promise<ModelInfo> {
  return (await loadModule(path)).info;
}

/** What a detector module may be. `trust` is checked first, before anything looks into the file. */
export type ModuleLimits = Pick<DetectorOptions, "trust" | "maxBytes">;

/** Characters of what V8 says of a module that does not validate: it may quote names of 100,000. */
const LONGEST_REASON = 500;
/** Of the imports that a detector may not have: as many are named in the error. */
const MOST_IMPORTS_LISTED = 20;

const MIB = 2 ** 20;
/** YOLOv5n asks for 29 MiB at 640×640; the largest model of its family at 1280×1280 for some 700. */
const LARGEST_BYTES = 1024 * MIB;

/**
 * Reads a detector module and checks everything DESIGN section 3 promises: imports, exports, memory, description.
 * @throws ModelError naming the file and the remedy.
 */
export async function loadModule(path: string, limits: ModuleLimits = {}): Promise<LoadedModule> {
  const { trust = {}, maxBytes = LARGEST_BYTES } = limits;
  try {
    const bytes = await readFileShared(path, maxBytes);
    await requireTrust(path, bytes, trust);
    return await checkModule(bytes, maxBytes);
  } catch (error) {
    throw error instanceof ModelError ? error.of(path) : error;
  }
}

async function readFileShared(path: string, maxBytes: number): Promise<Uint8Array<SharedArrayBuffer>> {
  try {
    await using file = await open(path);
    const { size } = await file.stat();
    const header = new Uint8Array(WASM_HEADER.length);
    const { bytesRead } = await file.read(header, 0, header.length, 0);
    checkHeader(header.subarray(0, bytesRead));
    requireAtMost(maxBytes, size, "The file has");
    const bytes = new Uint8Array(new SharedArrayBuffer(size));
    for (let offset = 0; offset < size; ) {
      const { bytesRead } = await file.read(bytes, offset, size - offset, offset);
      if (bytesRead === 0) throw new ModelError("The file became shorter while it was read.", copyAgain);
      offset += bytesRead;
    }
    return bytes;
  } catch (error) {
    throw explainFileError(error);
  }
}

function requireAtMost(maxBytes: number, bytes: number, what: string): void {
  if (bytes <= maxBytes) return;
  throw new ModelError(
    `${what} ${Math.ceil(bytes / MIB)} MiB; a detector may have ${Math.floor(maxBytes / MIB)}.`,
    "Compile the model with a smaller --size, or raise detector.memory_mb where the device has it.",
  );
}

function explainFileError(error: unknown): unknown {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  switch (code) {
    case "ENOENT":
    case "ENOTDIR":
      return new ModelError(
        "There is no such file.",
        "Get a model with `sabrewing pull yolov5n`, or correct the path (key model.path, option --model).",
        { cause: error },
      );
    case "EISDIR":
      return new ModelError("This is a directory.", "Give the path of the .wasm file in it.", {
        cause: error,
      });
    case "EACCES":
    case "EPERM":
      return new ModelError(
        "The file may not be read.",
        "Give the user that sabrewing runs as permission to read it (chmod, chown).",
        { cause: error },
      );
    default:
      return error;
  }
}

function checkHeader(header: Uint8Array): void {
  if (header.length === 0) throw new ModelError("The file is empty.", copyAgain);
  const magicMatches = header.every((byte, index) => byte === WASM_HEADER[index]);
  if (!magicMatches) {
    const found = Buffer.from(header).toString("hex");
    const remedy = `${compileIt.slice(0, -1)}; .onnx and .pt files are its input, not the agent's.`;
    throw new ModelError(
      `This is not a WebAssembly module: expected it to begin with 0061736d01000000, found ${found}.`,
      remedy,
    );
  }
  if (header.length < WASM_HEADER.length) {
    throw new ModelError(`The file is truncated: it has only ${header.length} bytes.`, copyAgain);
  }
}

async function checkModule(bytes: Uint8Array<SharedArrayBuffer>, maxBytes: number): Promise<LoadedModule> {
  const sections = [...sectionsOf(bytes)];
  const descriptions = customSections(sections, DESCRIPTION_SECTION);
  requireModestDescription(descriptions);
  requireModestSections(sections);
  const module = await compile(bytes, sections);
  // Imports first: what a foreign module wants is a better answer than what it lacks.
  const imports = checkImports(module);
  const description = parseDescription(descriptions);
  checkExports(module);
  const memoryBytes = fixedMemoryBytes(sections);
  requireAtMost(maxBytes, memoryBytes, "The module asks for a memory of");
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  return { info: { ...description, sha256, bytes: bytes.length, memoryBytes, imports }, bytes, module };
}

/** V8's validation says what is wrong and at which byte; the Wasmer SDK says only that loading failed. */
async function compile(bytes: Uint8Array, sections: readonly Section[]): Promise<WebAssembly.Module> {
  try {
    return await WebAssembly.compile(bytes);
  } catch (cause) {
    if (!(cause instanceof WebAssembly.CompileError)) throw cause;
    const lacking = lackingFeatures(declaredFeatures(sections));
    if (lacking.length === 0) {
      throw new ModelError(
        `The module does not validate: ${plainText(cause.message, LONGEST_REASON)}.`,
        copyAgain,
        { cause },
      );
    }
    throw new ModelError(
      `The module needs ${lacking.join(" and ")}, which this engine lacks (Node ${process.versions.node}).`,
      "Compile the model with `--target simd128`, or with `--variants` and name the set, or take Node 22 or later.",
      { cause },
    );
  }
}

/** What the description says the engine must be able to do; nothing where there is no description that can be read. */
function declaredFeatures(sections: readonly Section[]): readonly string[] {
  try {
    return parseDescription(customSections(sections, DESCRIPTION_SECTION)).features;
  } catch (error) {
    if (error instanceof ModelError) return [];
    throw error;
  }
}

function checkImports(module: WebAssembly.Module): readonly string[] {
  const wanted = WebAssembly.Module.imports(module).map(({ module, name, kind }) => ({
    name: `${module}.${name}`,
    kind,
  }));
  const foreign = wanted.filter(({ name, kind }) => kind !== "function" || !SANDBOX.has(name));
  if (foreign.length > 0) {
    const listed = foreign
      .slice(0, MOST_IMPORTS_LISTED)
      .map(({ name, kind }) => `${plainText(name)} (${kind})`);
    const more = foreign.length - listed.length;
    throw new ModelError(
      `The module wants more than a detector may have: it imports ${listed.join(", ")}${more > 0 ? ` and ${more} more` : ""}; ` +
        `allowed are only the functions ${[...SANDBOX].join(", ")}.`,
      `Do not run it. ${compileIt}`,
    );
  }
  return wanted.map(({ name }) => name);
}

function checkExports(module: WebAssembly.Module): void {
  const found = new Map(WebAssembly.Module.exports(module).map(({ name, kind }) => [name, kind]));
  const missing = Object.entries(REQUIRED_EXPORTS)
    .filter(([name, kind]) => found.get(name) !== kind)
    .map(([name, kind]) => `${name} (${kind})`);
  if (missing.length > 0) {
    throw new ModelError(`The module does not export ${missing.join(", ")}.`, compileIt);
  }
}

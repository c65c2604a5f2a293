import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import type { DetectorOptions, ModelInfo, ModuleInfo } from "../contract.ts";
import { errorCode } from "../error-code.ts";
import { ModelError } from "../errors.ts";
import {
  ALLOWED_IMPORTS,
  addressExport,
  DESCRIPTION_SECTION,
  IMPORT_MODULE,
  type ModelDescription,
} from "../module-format.ts";
import { plainText } from "../plain-text.ts";
import { parseDescription, requireDescriptionSize } from "./description.ts";
import { type DetectInfo, detectorModel, requireDetector } from "./detector-model.ts";
import { lackingFeatures } from "./engine-features.ts";
import { ioOf, maxReplyBytes, requestBytes } from "./module-io.ts";
import {
  customSections,
  fixedMemoryBytes,
  requireSectionLimits,
  type Section,
  sectionsOf,
} from "./sections.ts";
import { requireTrust } from "./trust.ts";

/** "\0asm" and version 1 (WebAssembly core specification 5.5.16). */
const WASM_HEADER = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];

/** The exports that a description demands, with their kinds. */
function requiredExports({
  inputs,
  outputs,
  parameters,
  state,
}: ModelDescription): readonly (readonly [name: string, kind: string])[] {
  const addresses = [
    ...inputs.map((_, index) => addressExport("input", index)),
    ...outputs.map((_, index) => addressExport("output", index)),
    ...parameters.map((_, index) => addressExport("parameter", index)),
  ];
  return [
    ["memory", "memory"],
    ...addresses.map((name) => [name, "global"] as const),
    ...["infer", "_start", ...(state ? ["reset"] : [])].map((name) => [name, "function"] as const),
  ];
}

const SANDBOX: ReadonlySet<string> = new Set(ALLOWED_IMPORTS.map((name) => `${IMPORT_MODULE}.${name}`));

const copyAgain = "Copy the file again, or compile the model again with `sabrewing compile`.";
const compileIt = "Compile the model with `sabrewing compile`.";

/** A checked module: its description, its bytes and the module that V8 compiled. */
export interface LoadedModule<Info extends ModuleInfo = ModuleInfo> {
  readonly info: Info;
  /** In shared memory: all detector threads read the same copy. */
  readonly bytes: Uint8Array<SharedArrayBuffer>;
  readonly module: WebAssembly.Module;
}

/**
 * Reads a module's description without running it.
 * @throws ModelError when the file is missing or damaged, is no module of this format, or imports more than the sandbox allows.
 */
export async function readModule(path: string): Promise<ModuleInfo> {
  return (await loadModule(path)).info;
}

/** Reads a detector module's description without running it. @throws ModelError like `readModule`, and for another task. */
export async function readModel(path: string): Promise<ModelInfo> {
  return detectorModel((await loadDetector(path)).info);
}

/** Conditions for a module. `trust` is checked first, before anything parses the file. */
export type ModuleLimits = Pick<DetectorOptions, "trust" | "maxBytes">;

/** Limit of V8's message about an invalid module, in characters: it may quote names of 100,000. */
const MAX_REASON = 500;
/** Limit of the forbidden imports that an error lists. */
const MAX_LISTED_IMPORTS = 20;

const MIB = 2 ** 20;
/** YOLOv5n needs 29 MiB at 640×640, the largest model of its family about 700 MiB at 1280×1280. */
const DEFAULT_MAX_BYTES = 1024 * MIB;

/**
 * Reads a module and checks its imports, exports, memory and description against module-format.ts.
 * @throws ModelError with the path of the file and the remedy.
 */
export async function loadModule(path: string, limits: ModuleLimits = {}): Promise<LoadedModule> {
  const { trust = {}, maxBytes = DEFAULT_MAX_BYTES } = limits;
  try {
    const bytes = await readFileShared(path, maxBytes);
    await requireTrust(path, bytes, trust);
    return await checkModule(bytes, maxBytes);
  } catch (error) {
    throw error instanceof ModelError ? error.of(path) : error;
  }
}

/** Like `loadModule`. @throws ModelError also for a module of another task. */
export async function loadDetector(
  path: string,
  limits: ModuleLimits = {},
): Promise<LoadedModule<DetectInfo>> {
  const loaded = await loadModule(path, limits);
  try {
    return { ...loaded, info: requireDetector(loaded.info) };
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
      if (bytesRead === 0) throw new ModelError("The file became shorter during reading.", copyAgain);
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
    `${what} ${Math.ceil(bytes / MIB)} MiB; the limit is ${Math.floor(maxBytes / MIB)}.`,
    "Compile the model with a smaller --size, or raise detector.memory_mb if the device has enough memory.",
  );
}

function explainFileError(error: unknown): unknown {
  switch (errorCode(error)) {
    case "ENOENT":
    case "ENOTDIR":
      return new ModelError(
        "The file does not exist.",
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
        "Permission to read the file is denied.",
        "Allow the user that runs sabrewing to read it (chmod, chown).",
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
    const remedy = `${compileIt.slice(0, -1)}: the agent does not run model files (.pt, .onnx, .tflite, model.json).`;
    throw new ModelError(
      `This is not a WebAssembly module: expected the first bytes 0061736d01000000, found ${found}.`,
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
  requireDescriptionSize(descriptions);
  requireSectionLimits(sections);
  const module = await compile(bytes, sections);
  // Imports are checked first: for a module of another kind they make a more helpful error than missing exports.
  const imports = checkImports(module);
  const description = parseDescription(descriptions);
  checkExports(module, description);
  const memoryBytes = fixedMemoryBytes(sections);
  checkSizes(description, memoryBytes);
  requireAtMost(maxBytes, memoryBytes, "The module needs a memory of");
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  return { info: { ...description, sha256, bytes: bytes.length, memoryBytes, imports }, bytes, module };
}

/** V8's validation reports the error and its byte offset; the Wasmer SDK reports only that loading failed. */
async function compile(bytes: Uint8Array, sections: readonly Section[]): Promise<WebAssembly.Module> {
  try {
    return await WebAssembly.compile(bytes);
  } catch (cause) {
    if (!(cause instanceof WebAssembly.CompileError)) throw cause;
    const lacking = lackingFeatures(declaredFeatures(sections));
    if (lacking.length === 0) {
      throw new ModelError(
        `The module does not validate: ${plainText(cause.message, MAX_REASON)}.`,
        copyAgain,
        { cause },
      );
    }
    throw new ModelError(
      `The module needs ${lacking.join(" and ")}, which this engine lacks (Node ${process.versions.node}).`,
      "Compile the model with `--target simd128`, compile it with `--variants` and give the path of the set, or use Node 22 or later.",
      { cause },
    );
  }
}

/** The features that the description lists; none if there is no valid description. */
function declaredFeatures(sections: readonly Section[]): readonly string[] {
  try {
    return parseDescription(customSections(sections, DESCRIPTION_SECTION)).features;
  } catch (error) {
    if (error instanceof ModelError) return [];
    throw error;
  }
}

function checkImports(module: WebAssembly.Module): readonly string[] {
  const imports = WebAssembly.Module.imports(module).map(({ module, name, kind }) => ({
    name: `${module}.${name}`,
    kind,
  }));
  const forbidden = imports.filter(({ name, kind }) => kind !== "function" || !SANDBOX.has(name));
  if (forbidden.length > 0) {
    const listed = forbidden
      .slice(0, MAX_LISTED_IMPORTS)
      .map(({ name, kind }) => `${plainText(name)} (${kind})`);
    const more = forbidden.length - listed.length;
    throw new ModelError(
      `The module has imports that a module must not have: ${listed.join(", ")}${more > 0 ? ` and ${more} more` : ""}; ` +
        `only the functions ${[...SANDBOX].join(", ")} are allowed.`,
      `Do not run it. ${compileIt}`,
    );
  }
  return imports.map(({ name }) => name);
}

function checkExports(module: WebAssembly.Module, description: ModelDescription): void {
  const found = new Map(WebAssembly.Module.exports(module).map(({ name, kind }) => [name, kind]));
  const missing = requiredExports(description)
    .filter(([name, kind]) => found.get(name) !== kind)
    .map(([name, kind]) => `${name} (${kind})`);
  if (missing.length > 0) {
    throw new ModelError(`The module does not export ${missing.join(", ")}.`, compileIt);
  }
}

/** The host allocates requests and replies, so a small module must not claim large ones. */
function checkSizes(description: ModelDescription, memoryBytes: number): void {
  const io = ioOf(description);
  const bytes = requestBytes(io) + maxReplyBytes(io);
  if (bytes <= memoryBytes) return;
  throw new ModelError(
    `The module's inputs and outputs have ${bytes} bytes; its memory has ${memoryBytes}.`,
    compileIt,
  );
}

import { DetectorFault } from "../errors.ts";
import { ALIGNMENT, ALLOWED_IMPORTS, addressExport, IMPORT_MODULE } from "../module-format.ts";
import type { Engine, StartEngine } from "./engine.ts";
import type { EngineSource } from "./engine-source.ts";
import { type ModuleIo, maxCount, outputBytes } from "./module-io.ts";
import { buildReply } from "./reply.ts";
import { readRequest } from "./request.ts";

/**
 * Runs a module as plain WebAssembly through its library exports. The replies are byte-identical to those of the WASI command
 * `_start`.
 */
export async function installV8({ module, io }: EngineSource): Promise<StartEngine> {
  return () => start(module, io);
}

async function start(module: WebAssembly.Module, io: ModuleIo): Promise<Engine> {
  const { exports } = await WebAssembly.instantiate(module, { [IMPORT_MODULE]: refusedImports() });
  const { memory, infer, reset } = exports;
  if (!(memory instanceof WebAssembly.Memory)) throw new TypeError("expected the export memory");
  if (typeof infer !== "function") throw new TypeError("expected the export infer");
  if (io.hasState && typeof reset !== "function") throw new TypeError("expected the export reset");
  const place = (kind: Parameters<typeof addressExport>[0]) => (bytes: number, index: number) =>
    addressOf(exports, addressExport(kind, index), bytes, memory);
  const parameterAddresses = Array.from({ length: io.parameters }, () => 4).map(place("parameter"));
  const inputAddresses = io.inputs.map(place("input"));
  const outputAddresses = io.outputs.map(({ bytes }) => bytes).map(place("output"));

  const ended = Promise.withResolvers<DetectorFault>();
  const replyTo = (request: Uint8Array): Uint8Array<ArrayBuffer> => {
    const { sequence, reset: isFirst, parameters, inputs } = readRequest(request, io);
    const bytes = new Uint8Array(memory.buffer);
    for (const [index, address] of parameterAddresses.entries()) {
      bytes.set(parameters[index] ?? [], address);
    }
    for (const [index, address] of inputAddresses.entries()) bytes.set(inputs[index] ?? [], address);
    if (isFirst && typeof reset === "function") Reflect.apply(reset, undefined, []);
    const count = Number(Reflect.apply(infer, undefined, []));
    if (!(count >= 0 && count <= maxCount(io))) {
      throw new DetectorFault("garbage", `expected a count of 0 to ${maxCount(io)}, infer returned ${count}`);
    }
    const outputs = io.outputs.map((output, index) => {
      const address = outputAddresses[index] ?? 0;
      return bytes.subarray(address, address + outputBytes(output, count));
    });
    return buildReply(sequence, { count, outputs });
  };

  return {
    ended: ended.promise,
    async infer(request) {
      try {
        return replyTo(request);
      } catch (error) {
        const fault = toFault(error);
        ended.resolve(fault);
        throw fault;
      }
    },
  };
}

/** `infer` needs no system call. A call ends the module, like `proc_exit`. */
function refusedImports(): Record<string, (code: number) => never> {
  const refuse = (name: string) => (code: number) => {
    const detail = name === "proc_exit" ? `exited with code ${code}` : `called ${name} from infer`;
    throw new DetectorFault("exit", `the module ${detail}`);
  };
  return Object.fromEntries(ALLOWED_IMPORTS.map((name) => [name, refuse(name)]));
}

/** The address in an exported constant. @throws Error unless `bytes` bytes at it lie in the memory, aligned. */
function addressOf(
  exports: WebAssembly.Exports,
  name: string,
  bytes: number,
  { buffer }: WebAssembly.Memory,
): number {
  const exported = exports[name];
  if (!(exported instanceof WebAssembly.Global)) throw new TypeError(`expected an address in ${name}`);
  // An i32 is signed in JavaScript, an address is not.
  const address = exported.value >>> 0;
  if (address % ALIGNMENT === 0 && address + bytes <= buffer.byteLength) return address;
  throw new RangeError(
    `${name} is ${address}: expected a multiple of ${ALIGNMENT} with ${bytes} bytes of memory behind it`,
  );
}

function toFault(error: unknown): DetectorFault {
  if (error instanceof DetectorFault) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new DetectorFault("trap", `the module trapped: ${message}`, { cause: error });
}

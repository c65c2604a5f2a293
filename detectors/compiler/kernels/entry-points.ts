/**
 * The entry points of a module: the WASI command `_start`, which answers requests from standard input, and the library
 * exports. Both run the same `infer`. The loop of `_start` is deliberately small: code in a function that never returns stays
 * in the engine's baseline tier.
 */
import { DETECTION_BYTES, MAGIC, REPLY_HEADER_BYTES, REQUEST_HEADER_BYTES } from "../../module-format.ts";
import type { Assembler, FunctionReference, Local } from "../wasm/assembler.ts";
import type { ModuleBuilder } from "../wasm/module.ts";

const STDIN = 0;
const STDOUT = 1;
const STDERR = 2;

/** The only imports of a detector module (WASI preview 1). */
export interface WasiImports {
  readonly fdRead: FunctionReference;
  readonly fdWrite: FunctionReference;
  readonly procExit: FunctionReference;
}

export interface EntryPointAddresses {
  readonly ioVector: number;
  readonly transferred: number;
  readonly requestHeader: number;
  readonly replyHeader: number;
  readonly detections: number;
  readonly frame: number;
  readonly frameBytes: number;
}

/** Emits `_start` and exports the entry points, the memory and the addresses that hosts use. */
export function emitEntryPoints(
  module: ModuleBuilder,
  wasi: WasiImports,
  { infer }: { readonly infer: FunctionReference },
  address: EntryPointAddresses,
  storeBytes: (bytes: Uint8Array) => number,
): void {
  const read = emitTransfer(module, "read", wasi.fdRead, address);
  const write = emitTransfer(module, "write", wasi.fdWrite, address);
  const refuse = (code: Assembler, message: string): void => {
    const line = new TextEncoder().encode(`${message}\n`);
    code.i32(STDERR).i32(storeBytes(line)).i32(line.length).call(write).drop();
    code.i32(1).call(wasi.procExit).unreachable();
  };
  const start = module.function("_start", [], [], (code) => {
    const count = code.local("i32");
    const received = code.local("i32");
    code.loop((again) => {
      code.i32(STDIN).i32(address.requestHeader).i32(REQUEST_HEADER_BYTES).call(read);
      code.tee(received).op("i32.eqz");
      code.if(() => {
        code.return();
      });
      code.get(received).i32(REQUEST_HEADER_BYTES).op("i32.ne");
      code.if(() => refuse(code, "sabrewing: the input ended in the middle of a request header"));
      code.i32(address.requestHeader).memory("i32.load").i32(MAGIC).op("i32.ne");
      code.if(() => refuse(code, "sabrewing: a request must begin with SBW1"));
      code
        .i32(STDIN)
        .i32(address.frame)
        .i32(address.frameBytes)
        .call(read)
        .i32(address.frameBytes)
        .op("i32.ne");
      code.if(() => refuse(code, `sabrewing: a request must carry ${address.frameBytes} bytes of pixels`));

      code.i32(address.requestHeader).memory("f32.load", 8);
      code.i32(address.requestHeader).memory("f32.load", 12);
      code.call(infer).set(count);

      code.i32(address.replyHeader).i32(MAGIC).memory("i32.store", 0);
      code.i32(address.replyHeader).i32(address.requestHeader).memory("i32.load", 4).memory("i32.store", 4);
      code.i32(address.replyHeader).get(count).memory("i32.store", 8);
      code.i32(address.replyHeader).i32(0).memory("i32.store", 12);
      code.i32(STDOUT).i32(address.replyHeader);
      code.get(count).i32(DETECTION_BYTES).op("i32.mul").i32(REPLY_HEADER_BYTES).op("i32.add");
      code.call(write).op("i32.eqz");
      code.if(() => refuse(code, "sabrewing: the reply could not be written"));
      code.br(again);
    });
  });
  module.exportMemory("memory");
  module.exportAddress("frame", address.frame);
  module.exportAddress("detections", address.detections);
  module.exportFunction("infer", infer);
  module.exportFunction("_start", start);
}

/** (fd, address, length) → bytes transferred: repeats until all bytes are transferred, the input ends or an error occurs. */
function emitTransfer(
  module: ModuleBuilder,
  name: string,
  system: FunctionReference,
  { ioVector, transferred }: EntryPointAddresses,
): FunctionReference {
  return module.function(name, ["i32", "i32", "i32"], ["i32"], (code, fd, from, length) => {
    if (fd === undefined || from === undefined || length === undefined)
      throw new Error("expected three parameters");
    const total = code.local("i32");
    const returnTotal = (): void => {
      code.get(total).return();
    };
    code.loop((again) => {
      storeAt(code, ioVector, () => code.get(from).get(total).op("i32.add"));
      storeAt(code, ioVector + 4, () => code.get(length).get(total).op("i32.sub"));
      code.get(fd).i32(ioVector).i32(1).i32(transferred).call(system);
      code.if(returnTotal);
      code.i32(transferred).memory("i32.load").op("i32.eqz");
      code.if(returnTotal);
      addFrom(code, total, transferred);
      code.get(total).get(length).op("i32.lt_u").brIf(again);
    });
    code.get(total);
  });
}

function storeAt(code: Assembler, address: number, value: () => void): void {
  code.i32(address);
  value();
  code.memory("i32.store");
}

function addFrom(code: Assembler, total: Local, address: number): void {
  code.get(total).i32(address).memory("i32.load").op("i32.add").set(total);
}

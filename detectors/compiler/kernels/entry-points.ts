/**
 * The entry points of a module: the WASI command `_start`, which answers requests from standard input, and the library
 * exports. Both run the same `infer`. The loop of `_start` is deliberately small: code in a function that never returns stays
 * in the engine's baseline tier.
 */
import {
  addressExport,
  MAGIC,
  REPLY_HEADER_BYTES,
  REQUEST_HEADER_BYTES,
  RESET_FLAG,
} from "../../module-format.ts";
import type { Assembler, FunctionReference, Local } from "../wasm/assembler.ts";
import type { ModuleBuilder } from "../wasm/module.ts";

const STDIN = 0;
const STDOUT = 1;
const STDERR = 2;

/** The only imports of a module (WASI preview 1). */
export interface WasiImports {
  readonly fdRead: FunctionReference;
  readonly fdWrite: FunctionReference;
  readonly procExit: FunctionReference;
}

/** Where a tensor lies, row-major without padding, 16-byte aligned. */
export interface TensorPlace {
  readonly address: number;
  /** With all rows. */
  readonly bytes: number;
  /** The most rows of a counted output; undefined: all are always valid. */
  readonly rows: number | undefined;
}

export interface EntryPointLayout {
  /** A WASI io vector {address, length}. */
  readonly ioVector: number;
  /** The word in which WASI returns the number of bytes transferred. */
  readonly transferred: number;
  /** The header of a request; behind it the parameters as they arrive, 4 bytes each. */
  readonly requestHeader: number;
  readonly replyHeader: number;
  /** Addresses from which `infer` reads the parameters, 16-byte aligned. */
  readonly parameters: readonly number[];
  readonly inputs: readonly TensorPlace[];
  readonly outputs: readonly TensorPlace[];
}

/** What the entry points call. */
export interface EntryPointFunctions {
  /** () → valid rows of counted outputs, 0 if there are none. */
  readonly infer: FunctionReference;
  /** () → (): forgets earlier inferences. undefined: the module has no state. */
  readonly reset?: FunctionReference | undefined;
}

/** Emits `_start` and exports the entry points, the memory and the addresses that hosts use. */
export function emitEntryPoints(
  module: ModuleBuilder,
  wasi: WasiImports,
  { infer, reset }: EntryPointFunctions,
  layout: EntryPointLayout,
  storeBytes: (bytes: Uint8Array) => number,
): void {
  const { requestHeader, replyHeader, parameters, inputs, outputs } = layout;
  const read = emitTransfer(module, "read", wasi.fdRead, layout);
  const write = emitTransfer(module, "write", wasi.fdWrite, layout);
  const refuse = (code: Assembler, message: string): void => {
    const line = new TextEncoder().encode(`sabrewing: ${message}\n`);
    code.i32(STDERR).i32(storeBytes(line)).i32(line.length).i32(line.length).call(write).drop();
    code.i32(1).call(wasi.procExit).unreachable();
  };
  /** Ends the module unless the condition on the stack is 0. */
  const refuseIf = (code: Assembler, message: string): void => {
    code.if(() => refuse(code, message));
  };
  const start = module.function("_start", [], [], (code) => {
    const count = code.local("i32");
    const received = code.local("i32");
    code.loop((again) => {
      readHeader(code, received);
      for (const [index, { address, bytes }] of inputs.entries()) {
        if (bytes === 0) continue;
        code.i32(STDIN).i32(address).i32(bytes).i32(bytes).call(read).i32(bytes).op("i32.ne");
        refuseIf(code, `a request must carry ${bytes} bytes of input ${index}`);
      }
      if (reset !== undefined) {
        code.i32(requestHeader).memory("i32.load", 12).i32(RESET_FLAG).op("i32.and");
        code.if(() => {
          code.call(reset);
        });
      }
      code.call(infer).set(count);
      writeReply(code, count);
      code.br(again);
    });
  });

  /** Reads the header and the parameters of a request. Returns from `_start` at the end of the input. */
  function readHeader(code: Assembler, received: Local): void {
    const bytes = REQUEST_HEADER_BYTES + 4 * parameters.length;
    // Usually one call brings the parameters as well, but only the header may be waited for before it is checked.
    code.i32(STDIN).i32(requestHeader).i32(bytes).i32(REQUEST_HEADER_BYTES).call(read);
    code.tee(received).op("i32.eqz");
    code.if(() => {
      code.return();
    });
    code.get(received).i32(REQUEST_HEADER_BYTES).op("i32.lt_u");
    refuseIf(code, "the input ended in the middle of a request header");
    code.i32(requestHeader).memory("i32.load").i32(MAGIC).op("i32.ne");
    refuseIf(code, "a request must begin with SBW2");
    code
      .i32(requestHeader)
      .memory("i32.load", 8)
      .i32(bytes - REQUEST_HEADER_BYTES)
      .op("i32.ne");
    refuseIf(code, `a request must carry ${bytes - REQUEST_HEADER_BYTES} bytes of parameters`);
    code.i32(requestHeader).memory("i32.load", 12).i32(~RESET_FLAG).op("i32.and");
    refuseIf(code, `a request must not have flags other than ${RESET_FLAG}`);
    if (parameters.length === 0) return;
    code.get(received).i32(bytes).op("i32.lt_u");
    code.if(() => {
      code.i32(STDIN).i32(requestHeader).get(received).op("i32.add");
      for (const _ of ["length", "least"]) code.i32(bytes).get(received).op("i32.sub");
      code.call(read).get(received).op("i32.add").i32(bytes).op("i32.ne");
      refuseIf(code, "the input ended in the middle of the parameters");
    });
    for (const [index, address] of parameters.entries()) {
      code
        .i32(address)
        .i32(requestHeader)
        .memory("i32.load", REQUEST_HEADER_BYTES + 4 * index);
      code.memory("i32.store");
    }
  }

  function writeReply(code: Assembler, count: Local): void {
    code.i32(replyHeader).i32(MAGIC).memory("i32.store", 0);
    code.i32(replyHeader).i32(requestHeader).memory("i32.load", 4).memory("i32.store", 4);
    code.i32(replyHeader).get(count).memory("i32.store", 8);
    code.i32(replyHeader).i32(0).memory("i32.store", 12);
    // A first output right behind the header needs no call of its own.
    const [first] = outputs;
    const joined = first?.address === replyHeader + REPLY_HEADER_BYTES ? first : undefined;
    writePiece(code, count, replyHeader, REPLY_HEADER_BYTES, joined);
    for (const output of outputs) if (output !== joined) writePiece(code, count, output.address, 0, output);
  }

  /** Writes `headerBytes` bytes and then an output behind them. */
  function writePiece(
    code: Assembler,
    count: Local,
    address: number,
    headerBytes: number,
    output: TensorPlace | undefined,
  ): void {
    const length = code.local("i32");
    const rowBytes = output?.rows ? output.bytes / output.rows : 0;
    code.i32(headerBytes + (output?.rows === undefined ? (output?.bytes ?? 0) : 0));
    code.get(count).i32(rowBytes).op("i32.mul").op("i32.add").tee(length);
    code.if(() => {
      code.i32(STDOUT).i32(address).get(length).get(length).call(write).get(length).op("i32.ne");
      refuseIf(code, "the reply could not be written");
    });
  }

  module.exportMemory("memory");
  for (const [index, { address }] of inputs.entries()) {
    module.exportAddress(addressExport("input", index), address);
  }
  for (const [index, { address }] of outputs.entries()) {
    module.exportAddress(addressExport("output", index), address);
  }
  for (const [index, address] of parameters.entries()) {
    module.exportAddress(addressExport("parameter", index), address);
  }
  module.exportFunction("infer", infer);
  if (reset !== undefined) module.exportFunction("reset", reset);
  module.exportFunction("_start", start);
}

/**
 * (fd, address, length, least) → bytes transferred: repeats until `least` bytes are transferred, the input ends or an error
 * occurs.
 */
function emitTransfer(
  module: ModuleBuilder,
  name: string,
  system: FunctionReference,
  { ioVector, transferred }: Pick<EntryPointLayout, "ioVector" | "transferred">,
): FunctionReference {
  return module.function(name, ["i32", "i32", "i32", "i32"], ["i32"], (code, fd, from, length, least) => {
    if (fd === undefined || from === undefined || length === undefined || least === undefined)
      throw new Error("expected four parameters");
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
      code.get(total).get(least).op("i32.lt_u").brIf(again);
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

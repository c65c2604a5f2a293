/** The result of a run of `_start`. */
export interface CommandRun {
  readonly exitCode: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

class Exit extends Error {
  readonly code: number;
  constructor(code: number) {
    super(`exit ${code}`);
    this.code = code;
  }
}

/**
 * Runs a detector module's `_start` in a WASI host with three pipes that moves at most `chunkBytes` at a time.
 * @param onRead called with the bytes of each transfer from standard input
 * @throws the error of a trap.
 */
export async function runModuleCommand(
  module: WebAssembly.Module,
  stdin: Uint8Array,
  chunkBytes: number,
  onRead: (bytes: number) => void = () => undefined,
): Promise<CommandRun> {
  let position = 0;
  const written: Record<number, Buffer[]> = { 1: [], 2: [] };
  let memory: WebAssembly.Memory | undefined;
  const host = () => {
    if (memory === undefined) throw new Error("no memory yet");
    return { view: new DataView(memory.buffer), bytes: new Uint8Array(memory.buffer) };
  };
  const moveBytes = (vector: number, moved: number, move: (at: number, length: number) => number): number => {
    const { view } = host();
    const length = Math.min(view.getUint32(vector + 4, true), chunkBytes);
    view.setUint32(moved, move(view.getUint32(vector, true), length), true);
    return 0;
  };
  const { exports } = await WebAssembly.instantiate(module, {
    wasi_snapshot_preview1: {
      fd_read: (_fd: number, vector: number, _count: number, moved: number) =>
        moveBytes(vector, moved, (at, length) => {
          const chunk = stdin.subarray(position, position + length);
          host().bytes.set(chunk, at);
          position += chunk.length;
          onRead(chunk.length);
          return chunk.length;
        }),
      fd_write: (fd: number, vector: number, _count: number, moved: number) =>
        moveBytes(vector, moved, (at, length) => {
          written[fd]?.push(Buffer.from(host().bytes.slice(at, at + length)));
          return length;
        }),
      proc_exit: (code: number) => {
        throw new Exit(code);
      },
    },
  });
  if (!(exports.memory instanceof WebAssembly.Memory) || typeof exports._start !== "function") {
    throw new Error("the module lacks memory or _start");
  }
  memory = exports.memory;
  let exitCode = 0;
  try {
    Reflect.apply(exports._start, undefined, []);
  } catch (error) {
    if (!(error instanceof Exit)) throw error;
    exitCode = error.code;
  }
  return {
    exitCode,
    stdout: Buffer.concat(written[1] ?? []),
    stderr: Buffer.concat(written[2] ?? []).toString(),
  };
}

import { type Process, type ReadableBytes, Wasmer } from "@wasmer/sdk/node";
import { DetectorFault } from "../errors.ts";
import type { Engine, InstallModule, StartEngine } from "./engine.ts";
import type { EngineSource } from "./engine-source.ts";
import { provideGuestThreads } from "./guest-threads.ts";
import type { ModuleIo } from "./module-io.ts";
import { ReplyCollector } from "./reply-collector.ts";
import { warmUpModule } from "./warm-up.ts";

/** Only the end of the module's standard error is kept, to explain its exit. */
const STDERR_TAIL_CHARACTERS = 200;

/**
 * Prepares this thread for Wasmer before the module is loaded.
 * @returns a function that installs a module in the Wasmer runtime. The module runs as a WASI command: `_start` reads
 *   requests from a pipe and writes replies. Only terminating the worker thread stops a module in an endless loop: `kill()`
 *   of @wasmer/sdk 0.16.0 reports success while the guest keeps a core busy.
 */
export function bootWasmer(): InstallModule {
  const untilNoGuest = provideGuestThreads();
  return async (source) => {
    if (source.runtime !== "wasmer")
      throw new TypeError(`expected a source for wasmer, received ${source.runtime}`);
    return install(source, untilNoGuest);
  };
}

async function install(
  { bytes, sdk, io }: Extract<EngineSource, { readonly runtime: "wasmer" }>,
  untilNoGuest: () => Promise<void>,
): Promise<StartEngine> {
  // cache: false keeps the SDK from using the network and from creating a directory `.wasmer`.
  const wasmer = new Wasmer({ cache: false, wasm: sdk });
  await wasmer.packages.load(warmUpModule());
  const pkg = await wasmer.packages.load(bytes);
  const sandbox = await wasmer.sandboxes.create({ packages: [pkg], network: { mode: "disabled" } });
  const command = sandbox.command(pkg, []);
  return async () => {
    await untilNoGuest();
    const engine = new WasmerEngine(
      await command.spawn({ stdin: "pipe", stdout: "pipe", stderr: "pipe" }),
      io,
    );
    engine.listen();
    return engine;
  };
}

interface PendingReply {
  readonly collector: ReplyCollector;
  readonly reply: PromiseWithResolvers<Uint8Array<ArrayBuffer>>;
}

class WasmerEngine implements Engine {
  readonly ended: Promise<DetectorFault>;
  readonly #ended = Promise.withResolvers<DetectorFault>();
  readonly #guest: Process;
  readonly #io: ModuleIo;
  #fault: DetectorFault | undefined;
  #pending: PendingReply | undefined;

  constructor(guest: Process, io: ModuleIo) {
    this.#guest = guest;
    this.#io = io;
    this.ended = this.#ended.promise;
  }

  /** Reads the guest's output until it ends. */
  listen(): void {
    void this.#readReplies();
    void this.#watchEnd();
  }

  async infer(request: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
    if (this.#fault !== undefined) throw this.#fault;
    const pending = Promise.withResolvers<Uint8Array<ArrayBuffer>>();
    this.#pending = { collector: new ReplyCollector(this.#io), reply: pending };
    // A broken pipe means only that the guest has ended; #watchEnd rejects the reply with the reason.
    const written = this.#stream("stdin")
      .write(request)
      .catch(() => pending.promise);
    const [reply] = await Promise.all([pending.promise, written]);
    return reply;
  }

  /** Reads until the guest ends, so that unsolicited bytes are noticed as well. */
  async #readReplies(): Promise<void> {
    try {
      for await (const chunk of this.#stream("stdout")) this.#receive(chunk);
    } catch (error) {
      // Any other error means that the guest has ended; #watchEnd reports the reason.
      if (error instanceof DetectorFault) this.#fail(error);
    }
  }

  #receive(chunk: Uint8Array): void {
    if (this.#pending === undefined) {
      throw new DetectorFault("oversized", `the module sent ${chunk.length} bytes without a request`);
    }
    const { collector, reply } = this.#pending;
    const bytes = collector.add(chunk);
    if (bytes === undefined) return;
    this.#pending = undefined;
    reply.resolve(bytes);
  }

  async #watchEnd(): Promise<void> {
    const errorOutput = readLastLine(this.#stream("stderr"));
    try {
      const { exitCode } = await this.#guest.wait({ check: false });
      this.#fail(new DetectorFault("exit", `the module exited with code ${exitCode}${await errorOutput}`));
    } catch (cause) {
      const reason = trapReason(cause);
      this.#fail(new DetectorFault("trap", `the module trapped: ${reason}${await errorOutput}`, { cause }));
    }
  }

  #fail(fault: DetectorFault): void {
    this.#fault ??= fault;
    this.#ended.resolve(this.#fault);
    this.#pending?.reply.reject(this.#fault);
  }

  #stream<Name extends "stdin" | "stdout" | "stderr">(name: Name): NonNullable<Process[Name]> {
    const stream = this.#guest[name];
    if (stream === null) throw new TypeError(`expected the guest's ${name} to be piped`);
    return stream;
  }
}

/** The SDK's message is a stack trace of its internals; the end of its first line is the guest's reason. */
function trapReason(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const [line = ""] = message.split("\n");
  return line.replace(/^.*RuntimeError: (js: )?/, "");
}

/** Reads standard error, since a full pipe would block the guest, and returns its last line for a message. */
async function readLastLine(stderr: ReadableBytes): Promise<string> {
  let text = "";
  const decoder = new TextDecoder();
  try {
    for await (const chunk of stderr) {
      text = (text + decoder.decode(chunk, { stream: true })).slice(-STDERR_TAIL_CHARACTERS);
    }
  } catch {
    // The pipe of a trapped guest may break; the text until then is used.
  }
  const line = text.trim().split("\n").at(-1);
  return line ? ` (standard error: ${line})` : "";
}

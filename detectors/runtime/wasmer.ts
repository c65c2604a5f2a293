import { type Process, type ReadableBytes, Wasmer } from "@wasmer/sdk/node";
import { DetectorFault } from "../errors.ts";
import type { Engine, InstallModule, StartEngine } from "./engine.ts";
import { provideGuestThreads } from "./guest-threads.ts";
import { ReplyCollector } from "./reply-collector.ts";
import { warmUpModule } from "./warm-up.ts";

/** Of what the module writes to its standard error, only the end is kept: it is there to explain its death. */
const LAST_WORDS_BYTES = 200;

/**
 * Makes this thread ready for Wasmer, before there is a module to run.
 * @returns what installs a module in the Wasmer runtime, to be run through its WASI door (`_start` answers requests from a
 *   pipe). Nothing in here can stop a module that computes for ever: `kill()` of @wasmer/sdk 0.16.0 claims success while
 *   the guest goes on burning a core. Run it in a worker thread and terminate that.
 */
export function bootWasmer(): InstallModule {
  const untilNoGuest = provideGuestThreads();
  return async (source) => {
    if (source.runtime !== "wasmer")
      throw new TypeError(`expected a source for wasmer, received ${source.runtime}`);
    return install(source.bytes, source.sdk, untilNoGuest);
  };
}

async function install(
  bytes: Uint8Array,
  sdk: WebAssembly.Module,
  untilNoGuest: () => Promise<void>,
): Promise<StartEngine> {
  // cache: false keeps the SDK from the network and from writing a directory `.wasmer`.
  const wasmer = new Wasmer({ cache: false, wasm: sdk });
  await wasmer.packages.load(warmUpModule());
  const pkg = await wasmer.packages.load(bytes);
  const sandbox = await wasmer.sandboxes.create({ packages: [pkg], network: { mode: "disabled" } });
  const command = sandbox.command(pkg, []);
  return async () => {
    await untilNoGuest();
    const engine = new WasmerEngine(await command.spawn({ stdin: "pipe", stdout: "pipe", stderr: "pipe" }));
    engine.listen();
    return engine;
  };
}

interface Waiting {
  readonly collector: ReplyCollector;
  readonly answer: PromiseWithResolvers<Uint8Array<ArrayBuffer>>;
}

class WasmerEngine implements Engine {
  readonly ended: Promise<DetectorFault>;
  readonly #ended = Promise.withResolvers<DetectorFault>();
  readonly #guest: Process;
  #fault: DetectorFault | undefined;
  #waiting: Waiting | undefined;

  constructor(guest: Process) {
    this.#guest = guest;
    this.ended = this.#ended.promise;
  }

  /** Begins to read what the guest says, until it ends. */
  listen(): void {
    void this.#readReplies();
    void this.#watchEnd();
  }

  async infer(request: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
    if (this.#fault !== undefined) throw this.#fault;
    const answer = Promise.withResolvers<Uint8Array<ArrayBuffer>>();
    this.#waiting = { collector: new ReplyCollector(), answer };
    // A broken pipe says only that the guest is gone; #watchEnd rejects the answer with the reason.
    const written = this.#stream("stdin")
      .write(request)
      .catch(() => answer.promise);
    const [reply] = await Promise.all([answer.promise, written]);
    return reply;
  }

  /** One reader for the guest's whole life, so that bytes nobody asked for are seen too. */
  async #readReplies(): Promise<void> {
    try {
      for await (const piece of this.#stream("stdout")) this.#receive(piece);
    } catch (error) {
      // Any other failure is the pipe of a guest that is gone, and #watchEnd says why.
      if (error instanceof DetectorFault) this.#fail(error);
    }
  }

  #receive(piece: Uint8Array): void {
    if (this.#waiting === undefined) {
      throw new DetectorFault("oversized", `the module sent ${piece.length} bytes that nobody asked for`);
    }
    const { collector, answer } = this.#waiting;
    const reply = collector.add(piece);
    if (reply === undefined) return;
    this.#waiting = undefined;
    answer.resolve(reply);
  }

  async #watchEnd(): Promise<void> {
    const lastWords = readLastWords(this.#stream("stderr"));
    try {
      const { exitCode } = await this.#guest.wait({ check: false });
      this.#fail(new DetectorFault("exit", `the module exited with code ${exitCode}${await lastWords}`));
    } catch (cause) {
      const reason = firstReason(cause);
      this.#fail(new DetectorFault("trap", `the module trapped: ${reason}${await lastWords}`, { cause }));
    }
  }

  #fail(fault: DetectorFault): void {
    this.#fault ??= fault;
    this.#ended.resolve(this.#fault);
    this.#waiting?.answer.reject(this.#fault);
  }

  #stream<Name extends "stdin" | "stdout" | "stderr">(name: Name): NonNullable<Process[Name]> {
    const stream = this.#guest[name];
    if (stream === null) throw new TypeError(`expected the guest's ${name} to be piped`);
    return stream;
  }
}

/** The SDK's message is a stack trace of its own inside; the guest's reason stands at the end of its first line. */
function firstReason(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const [line = ""] = message.split("\n");
  return line.replace(/^.*RuntimeError: (js: )?/, "");
}

/** Drains standard error, for a full pipe would stop the guest, and returns its last line for a message. */
async function readLastWords(stderr: ReadableBytes): Promise<string> {
  let text = "";
  const decoder = new TextDecoder();
  try {
    for await (const piece of stderr) {
      text = (text + decoder.decode(piece, { stream: true })).slice(-LAST_WORDS_BYTES);
    }
  } catch {
    // The pipe of a guest that trapped may break off; what came until then is what there is.
  }
  const line = text.trim().split("\n").at(-1);
  return line ? ` (its last words: ${line})` : "";
}

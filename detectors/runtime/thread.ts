import { Worker } from "node:worker_threads";
import type { DetectorFaultKind, Runtime } from "../contract.ts";
import { DetectorFault } from "../errors.ts";
import type { EngineSource } from "./engine-source.ts";
import { requestBytes } from "./module-io.ts";
import { type ModuleRequest, writeRequest } from "./request.ts";
import { threadEnvironment } from "./thread-environment.ts";

/** The `workerData` of a detector thread, which loads this engine while the module is still being read. */
export interface ThreadData {
  readonly runtime: Runtime;
}

/** The first message to a detector thread: what to run. */
export interface ThreadTask {
  readonly source: EngineSource;
  /** The main thread writes each request here. */
  readonly request: Uint8Array<SharedArrayBuffer>;
}

/** Every later message: process the request, or start another guest after the previous one has ended. */
export type ThreadCommand = "frame" | "restart";

/** A message from a detector thread: the engine is ready, the reply to the frame in flight, or the guest's fault. */
export type ThreadMessage =
  | "ready"
  | Uint8Array
  | { readonly kind: DetectorFaultKind; readonly message: string };

/** Faults after which nothing of the guest runs or waits in the thread. */
const GUEST_ENDED: readonly DetectorFaultKind[] = ["exit", "trap"];

/** One request for a thread, its deadline and the parser of its reply. */
export interface ThreadRequest<Result> {
  readonly sequence: number;
  /** Copied before `infer` returns. */
  readonly request: ModuleRequest;
  readonly deadlineMs: number;
  /** @throws DetectorFault when the reply is garbage. */
  readonly parse: (reply: Uint8Array) => Result;
}

interface PendingRequest {
  readonly receive: (reply: Uint8Array) => void;
  readonly reject: (fault: DetectorFault) => void;
  readonly timer: NodeJS.Timeout;
}

/**
 * The thread's JavaScript heap holds little: the model and the frames lie outside it. Without a limit V8 lets the young
 * generation grow to 16 MB and more before it collects garbage (RSS after 20,000 frames: 168 MB; with this limit 148 MB).
 * With the old generation's limit a leak restarts this thread instead of crashing the agent.
 */
const HEAP_LIMITS = { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 64 };

/** Source files end in .ts, built ones in .js. */
const workerFile = new URL(import.meta.url.endsWith(".ts") ? "./worker.ts" : "./worker.js", import.meta.url);

/** Starts a thread that loads its engine and waits for its task. */
export function bootThread(runtime: Runtime): DetectorThread {
  const workerData: ThreadData = { runtime };
  const worker = new Worker(workerFile, {
    name: `detector-${runtime}`,
    workerData,
    env: threadEnvironment(),
    resourceLimits: HEAP_LIMITS,
  });
  return connectTo(worker);
}

/** Connects a new DetectorThread to a worker. */
function connectTo(worker: Worker): DetectorThread {
  const thread = new DetectorThread(worker);
  worker.on("message", (message: ThreadMessage) => thread.receive(message));
  worker.on("error", (cause) => {
    thread.fail(new DetectorFault("exit", `the module's thread failed: ${cause.message}`, { cause }));
  });
  worker.on("exit", () => thread.fail(new DetectorFault("exit", "the module's thread ended")));
  return thread;
}

/** Boots a thread and gives it its task; see `begin`. */
export function spawnThread(source: EngineSource, onFault: (fault: DetectorFault) => void): DetectorThread {
  const thread = bootThread(source.runtime);
  thread.begin(source, onFault);
  return thread;
}

/** A detector thread from its start, or from the start of another guest in it, to the first fault. */
export class DetectorThread implements AsyncDisposable {
  /** Resolves when nothing runs any more: the thread has ended, or its guest has ended and the thread waits. */
  readonly ended: Promise<void>;
  readonly #ended = Promise.withResolvers<void>();
  readonly #ready = Promise.withResolvers<void>();
  readonly #worker: Worker;
  #request = new Uint8Array(new SharedArrayBuffer(0));
  #onFault: ((fault: DetectorFault) => void) | undefined;
  #pending: PendingRequest | undefined;
  #fault: DetectorFault | undefined;
  /** The worker no longer belongs to this object: it is being terminated, or another object has taken it over. */
  #released = false;

  constructor(worker: Worker) {
    this.ended = this.#ended.promise;
    this.#worker = worker;
    // Not every caller waits for it, and onFault reports the fault.
    this.#ready.promise.catch(() => undefined);
  }

  /**
   * Gives the thread its task, once. Frames are accepted immediately; the first reply comes when the engine is ready.
   * @param onFault called once and immediately, when the thread fails or has failed.
   */
  begin(source: EngineSource, onFault: (fault: DetectorFault) => void): void {
    this.#onFault = onFault;
    this.#request = new Uint8Array(new SharedArrayBuffer(requestBytes(source.io)));
    if (this.#fault !== undefined) {
      onFault(this.#fault);
      return;
    }
    const task: ThreadTask = { source, request: this.#request };
    this.#worker.postMessage(task);
  }

  /** Resolves when the engine is ready. @throws DetectorFault for any earlier end of the thread, `deadline` included. */
  async untilReady(deadlineMs: number): Promise<void> {
    const late = (): void =>
      this.fail(new DetectorFault("deadline", `the engine did not start within ${deadlineMs} ms`));
    const timer = setTimeout(late, deadlineMs);
    try {
      await this.#ready.promise;
    } finally {
      clearTimeout(timer);
    }
  }

  get failed(): boolean {
    return this.#fault !== undefined;
  }

  get busy(): boolean {
    return this.#pending !== undefined;
  }

  /**
   * Processes one request; only when not busy.
   * @throws DetectorFault for any end of the thread before the reply, `deadline` included.
   */
  infer<Result>({ sequence, request, deadlineMs, parse }: ThreadRequest<Result>): Promise<Result> {
    if (this.#fault !== undefined) return Promise.reject(this.#fault);
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    const receive = (reply: Uint8Array): void => resolve(parse(reply));
    const timer = setTimeout(() => this.#missDeadline(pending, deadlineMs), deadlineMs);
    const pending: PendingRequest = { receive, reject, timer };
    this.#pending = pending;
    writeRequest(this.#request, sequence, request);
    this.#send("frame");
    return promise;
  }

  #send(command: ThreadCommand): void {
    this.#worker.postMessage(command);
  }

  #missDeadline(pending: PendingRequest, deadlineMs: number): void {
    // If this process was suspended or busy, timers run before messages, and the reply may have arrived already. An
    // immediate runs after the messages.
    setImmediate(() => {
      if (this.#pending !== pending) return;
      this.fail(new DetectorFault("deadline", `the module did not reply within ${deadlineMs} ms`));
    });
  }

  receive(message: ThreadMessage): void {
    if (this.#fault !== undefined) return;
    if (message === "ready") {
      this.#ready.resolve();
      return;
    }
    if (!(message instanceof Uint8Array)) {
      this.#failAs(new DetectorFault(message.kind, message.message), GUEST_ENDED.includes(message.kind));
      return;
    }
    const pending = this.#pending;
    try {
      pending?.receive(message);
      clearTimeout(pending?.timer);
      this.#pending = undefined;
    } catch (error) {
      if (!(error instanceof DetectorFault)) throw error;
      this.fail(error);
    }
  }

  /** Terminates the thread because of this fault. Later faults are its consequences and are ignored. */
  fail(fault: DetectorFault): void {
    this.#failAs(fault, false);
  }

  /**
   * Starts another guest in this thread. Its engine is warm, so this is much faster than a new thread.
   * @param onFault as for `begin`
   * @returns the object for the new guest; undefined if the thread was terminated or has ended by itself
   */
  restartGuest(onFault: (fault: DetectorFault) => void): DetectorThread | undefined {
    if (this.#fault === undefined || this.#released || this.#worker.threadId === EXITED) return undefined;
    this.#released = true;
    for (const event of ["message", "error", "exit"]) this.#worker.removeAllListeners(event);
    const next = connectTo(this.#worker);
    next.#request = this.#request;
    next.#onFault = onFault;
    next.#send("restart");
    return next;
  }

  #failAs(fault: DetectorFault, guestEnded: boolean): void {
    if (this.#fault !== undefined) return;
    this.#onFault?.(fault);
    this.#end(fault);
    if (guestEnded) this.#ended.resolve();
    else void this.#terminate();
  }

  #end(fault: DetectorFault): void {
    this.#fault = fault;
    clearTimeout(this.#pending?.timer);
    this.#pending?.reject(fault);
    this.#pending = undefined;
    this.#ready.reject(fault);
  }

  async #terminate(): Promise<void> {
    this.#released = true;
    await this.#worker.terminate();
    this.#ended.resolve();
  }

  /** Terminates the thread unless another object has taken it over; a frame in flight is rejected as `unavailable`. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#fault === undefined) this.#end(new DetectorFault("unavailable", "the module was closed"));
    await (this.#released ? this.ended : this.#terminate());
  }
}

/** Node's threadId of a worker that has exited. */
const EXITED = -1;

import { Worker } from "node:worker_threads";
import type { DetectorFaultKind, Runtime, Thresholds } from "../contract.ts";
import { DetectorFault } from "../errors.ts";
import { REQUEST_HEADER_BYTES } from "../module-format.ts";
import type { EngineSource } from "./engine-source.ts";
import { writeRequest } from "./request.ts";
import { threadEnvironment } from "./thread-environment.ts";

/** What a detector thread is told at its birth: it loads this engine while the module is still being read. */
export interface ThreadBirth {
  readonly runtime: Runtime;
}

/** What a detector thread is given to run, its first message. */
export interface ThreadTask {
  readonly source: EngineSource;
  /** Where the main thread puts one request after another. */
  readonly request: Uint8Array<SharedArrayBuffer>;
}

/** Every later message: a request lies ready, or another guest is to be started where the last has ended. */
export type ThreadOrder = "frame" | "again";

/** What a detector thread sends: that its engine is up, the reply to the frame in flight, or the one fault of a guest. */
export type ThreadMessage =
  | "ready"
  | Uint8Array
  | { readonly kind: DetectorFaultKind; readonly message: string };

/** Faults by which a guest is gone: nothing of it computes or waits in the thread any more. */
const GUEST_ENDED: readonly DetectorFaultKind[] = ["exit", "trap"];

/** One request to a thread: how long it may take and how its reply is read. */
export interface Question<Answer> {
  readonly sequence: number;
  readonly thresholds: Thresholds;
  /** height × width × 3 bytes; copied before `ask` returns. */
  readonly pixels: Uint8Array;
  readonly deadlineMs: number;
  /** @throws DetectorFault when the reply is garbage. */
  readonly parse: (reply: Uint8Array) => Answer;
}

interface Waiting {
  readonly receive: (reply: Uint8Array) => void;
  readonly reject: (fault: DetectorFault) => void;
  readonly timer: NodeJS.Timeout;
}

/**
 * The thread's JavaScript heap holds little: model and frames lie outside it. Left alone, V8 lets the young generation
 * grow to 16 MB and more before it collects (RSS after 20,000 frames: 168 MB, with this limit 148 MB). The old
 * generation's limit turns a leak into a restart of this thread instead of the end of the agent.
 */
const HEAP_LIMITS = { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 64 };

/** Source files end in .ts, built ones in .js. */
const workerFile = new URL(import.meta.url.endsWith(".ts") ? "./worker.ts" : "./worker.js", import.meta.url);

/** Starts a thread that loads its engine and waits to be told what to run. */
export function bootThread(runtime: Runtime): DetectorThread {
  const birth: ThreadBirth = { runtime };
  const worker = new Worker(workerFile, {
    name: `detector-${runtime}`,
    workerData: birth,
    env: threadEnvironment(),
    resourceLimits: HEAP_LIMITS,
  });
  return listenTo(worker);
}

/** A new life in a thread that waits to be told what to run. */
function listenTo(worker: Worker): DetectorThread {
  const thread = new DetectorThread(worker);
  worker.on("message", (message: ThreadMessage) => thread.receive(message));
  worker.on("error", (cause) => {
    thread.fail(new DetectorFault("exit", `the detector's thread failed: ${cause.message}`, { cause }));
  });
  worker.on("exit", () => thread.fail(new DetectorFault("exit", "the detector's thread ended")));
  return thread;
}

/** A thread that was booted and told what to run; see `begin`. */
export function spawnThread(
  source: EngineSource,
  frameBytes: number,
  onFault: (fault: DetectorFault) => void,
): DetectorThread {
  const thread = bootThread(source.runtime);
  thread.begin(source, frameBytes, onFault);
  return thread;
}

/** One life of a detector: from the start of its thread, or of a guest in it, to its first fault. */
export class DetectorThread implements AsyncDisposable {
  /** Resolves when nothing computes any more: the thread is gone, or its guest is and it waits for another. */
  readonly ended: Promise<void>;
  readonly #ended = Promise.withResolvers<void>();
  readonly #ready = Promise.withResolvers<void>();
  readonly #worker: Worker;
  #request = new Uint8Array(new SharedArrayBuffer(0));
  #onFault: ((fault: DetectorFault) => void) | undefined;
  #waiting: Waiting | undefined;
  #fault: DetectorFault | undefined;
  /** The thread is no longer this life's: it is being ended, or has a successor. */
  #released = false;

  constructor(worker: Worker) {
    this.ended = this.#ended.promise;
    this.#worker = worker;
    // Not everybody waits for it, and a fault is told by onFault.
    this.#ready.promise.catch(() => undefined);
  }

  /**
   * Tells the thread what to run, once. It may be asked at once: its first answer comes when the engine is up.
   * @param frameBytes height × width × 3.
   * @param onFault called at once, and once, when the thread fails or has failed; it is being terminated by then.
   */
  begin(source: EngineSource, frameBytes: number, onFault: (fault: DetectorFault) => void): void {
    this.#onFault = onFault;
    this.#request = new Uint8Array(new SharedArrayBuffer(REQUEST_HEADER_BYTES + frameBytes));
    if (this.#fault !== undefined) {
      onFault(this.#fault);
      return;
    }
    const task: ThreadTask = { source, request: this.#request };
    this.#worker.postMessage(task);
  }

  /** Resolves when the engine is up. @throws DetectorFault whatever ends the thread before, `deadline` included. */
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
    return this.#waiting !== undefined;
  }

  /**
   * Hands one frame over; only when not busy.
   * @throws DetectorFault whatever ends the thread before the reply, `deadline` included.
   */
  ask<Answer>(question: Question<Answer>): Promise<Answer> {
    if (this.#fault !== undefined) return Promise.reject(this.#fault);
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const receive = (reply: Uint8Array): void => resolve(question.parse(reply));
    const timer = setTimeout(() => this.#missDeadline(waiting, question.deadlineMs), question.deadlineMs);
    const waiting: Waiting = { receive, reject, timer };
    this.#waiting = waiting;
    writeRequest(this.#request, question.sequence, question.thresholds, question.pixels);
    this.#order("frame");
    return promise;
  }

  #order(order: ThreadOrder): void {
    this.#worker.postMessage(order);
  }

  #missDeadline(waiting: Waiting, deadlineMs: number): void {
    // If this process itself stood still (suspended, or busy), timers run before messages, and the reply may lie
    // there already: an immediate runs after the messages.
    setImmediate(() => {
      if (this.#waiting !== waiting) return;
      this.fail(new DetectorFault("deadline", `the module did not answer within ${deadlineMs} ms`));
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
    const waiting = this.#waiting;
    try {
      waiting?.receive(message);
      clearTimeout(waiting?.timer);
      this.#waiting = undefined;
    } catch (error) {
      if (!(error instanceof DetectorFault)) throw error;
      this.fail(error);
    }
  }

  /** Ends the thread because of this fault; later ones are its consequences and are ignored. */
  fail(fault: DetectorFault): void {
    this.#failAs(fault, false);
  }

  /**
   * Starts another guest in this thread, whose engine is warm: a fraction of the time that a new thread takes.
   * @param onFault as for `begin`
   * @returns undefined when the thread had to be ended, or ended by itself
   */
  successor(onFault: (fault: DetectorFault) => void): DetectorThread | undefined {
    if (this.#fault === undefined || this.#released || this.#worker.threadId === GONE) return undefined;
    this.#released = true;
    for (const event of ["message", "error", "exit"]) this.#worker.removeAllListeners(event);
    const next = listenTo(this.#worker);
    next.#request = this.#request;
    next.#onFault = onFault;
    next.#order("again");
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
    clearTimeout(this.#waiting?.timer);
    this.#waiting?.reject(fault);
    this.#waiting = undefined;
    this.#ready.reject(fault);
  }

  async #terminate(): Promise<void> {
    this.#released = true;
    await this.#worker.terminate();
    this.#ended.resolve();
  }

  /** Ends the thread, unless it lives on in a successor; a frame in flight is rejected as `unavailable`. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#fault === undefined) this.#end(new DetectorFault("unavailable", "the detector was closed"));
    await (this.#released ? this.ended : this.#terminate());
  }
}

/** Node's number for a thread that is no more. */
const GONE = -1;

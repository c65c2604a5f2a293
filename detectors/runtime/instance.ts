import { setTimeout as sleep } from "node:timers/promises";
import { DetectorFault } from "../errors.ts";
import type { EngineSource } from "./engine-source.ts";
import { parseReply, type Reply } from "./reply.ts";
import type { ModuleRequest } from "./request.ts";
import { restartDelayMs } from "./restart-delay.ts";
import { bootThread, type DetectorThread } from "./thread.ts";

/** The first frame after a restart may take this many deadlines: the engine optimises its code meanwhile. */
const FIRST_FRAME_DEADLINES = 3;

/** V8 compiles and optimises during the first frame and finishes during the second. */
const WARM_UP_FRAMES = 2;

/** What a pool does with its module. */
export interface Task<Result> {
  /** Makes a request that warms up the engine. undefined: there is none that every module answers. */
  readonly blank: (() => ModuleRequest) | undefined;
  /** @throws DetectorFault `garbage` */
  readonly parse: (reply: Reply) => Result;
}

/** The answer to one request. */
export interface Answer<Result> {
  readonly result: Result;
  /** Time from the request to the reply, milliseconds. */
  readonly inferenceMs: number;
}

export interface InstanceOptions<Result> {
  readonly source: EngineSource;
  readonly task: Task<Result>;
  readonly deadlineMs: number;
  /** For the start of an engine and for its very first reply, which comes from code that V8 has not optimised yet. */
  readonly startDeadlineMs: number;
  /** Called immediately for every fault of this instance, even between two frames or during a restart. */
  readonly onFault: (fault: DetectorFault) => void;
  readonly onRestart: () => void;
  /** Called when a restarted instance is ready for a frame, and when it turns out not to be ready soon. */
  readonly onChange: () => void;
}

/**
 * `idle`: ready for a frame · `busy`: processing a frame · `starting`: restarting, ready soon · `down`: closed, failing
 * repeatedly, or restarting for longer than the deadline.
 */
export type InstanceState = "idle" | "busy" | "starting" | "down";

/** One copy of the module in the pool. Restarts after each fault until it is closed. */
export class Instance<Result> implements AsyncDisposable {
  readonly #options: InstanceOptions<Result>;
  readonly #closing = new AbortController();
  #thread: DetectorThread | undefined;
  /** Whether the thread accepts frames. */
  #ready = false;
  /** Whether the module has seen nothing but blank frames, which the first real one must not depend on. */
  #remembersBlanks = false;
  /** Deadline of the next reply. */
  #nextDeadlineMs: number;
  #failuresInRow = 0;
  /** Whether frames may wait for this instance while it restarts. */
  #startsSoon = true;
  #sequence = 0;
  #keptAlive: Promise<void> | undefined;

  constructor(options: InstanceOptions<Result>) {
    this.#options = options;
    this.#nextDeadlineMs = options.startDeadlineMs;
  }

  get state(): InstanceState {
    if (this.#thread === undefined || this.#thread.failed || !this.#ready) {
      return this.#startsSoon ? "starting" : "down";
    }
    return this.#thread.busy ? "busy" : "idle";
  }

  /**
   * Gives the first thread its task. From then on the instance restarts itself.
   * @param thread booted, without a task yet
   * @param warmUp true: resolve when blank frames have been processed. false: resolve immediately.
   * @throws DetectorFault when a blank frame got no reply; the instance must then be closed.
   */
  async start(thread: DetectorThread, warmUp: boolean): Promise<void> {
    this.#begin(thread);
    const { blank } = this.#options.task;
    if (warmUp && blank !== undefined) {
      const request = blank();
      // They warm up the engine, and so the deadline need not include the start.
      for (let frame = 0; frame < WARM_UP_FRAMES; frame++) {
        await this.#request(request, this.#options.startDeadlineMs);
      }
      this.#nextDeadlineMs = this.#options.deadlineMs;
      this.#remembersBlanks = this.#options.source.io.hasState;
    }
    this.#ready = true;
    this.#keptAlive = this.#keepAlive();
  }

  /** Runs one inference; only when idle. @throws DetectorFault */
  async infer(request: ModuleRequest): Promise<Answer<Result>> {
    const startMs = performance.now();
    const first = this.#remembersBlanks ? { ...request, reset: true } : request;
    this.#remembersBlanks = false;
    const result = await this.#request(first, this.#nextDeadlineMs);
    this.#nextDeadlineMs = this.#options.deadlineMs;
    this.#failuresInRow = 0;
    this.#startsSoon = true;
    return { result, inferenceMs: performance.now() - startMs };
  }

  async #keepAlive(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      await this.#thread?.ended;
      try {
        const delayMs = restartDelayMs(this.#failuresInRow, Math.random());
        if (delayMs > 0) this.#setStartsSoon(false);
        // The guest has not replied since its last start, so the thread is replaced as well.
        if (this.#failuresInRow > 0) await this.#thread?.[Symbol.asyncDispose]();
        await sleep(delayMs, undefined, { signal });
        signal.throwIfAborted();
        this.#options.onRestart();
        await this.#restart();
        this.#options.onChange();
      } catch (error) {
        // If the new thread failed as well, onFault has already been called, and the loop continues.
        if (!signal.aborted && !(error instanceof DetectorFault)) throw error;
      }
    }
  }

  /** Restarts without a blank frame, since it would delay the next real frame. */
  async #restart(): Promise<void> {
    const { deadlineMs, startDeadlineMs } = this.#options;
    this.#ready = false;
    this.#setStartsSoon(true);
    const timer = setTimeout(() => this.#setStartsSoon(false), deadlineMs);
    const thread = this.#nextThread();
    await thread.untilReady(startDeadlineMs).finally(() => clearTimeout(timer));
    this.#nextDeadlineMs = FIRST_FRAME_DEADLINES * deadlineMs;
    this.#ready = true;
  }

  /** The same thread if only its guest has ended; otherwise a new one. */
  #nextThread(): DetectorThread {
    const { source, onFault } = this.#options;
    this.#failuresInRow += 1;
    const next = this.#thread?.restartGuest(onFault);
    if (next === undefined) return this.#begin(bootThread(source.runtime));
    this.#thread = next;
    return next;
  }

  #setStartsSoon(soon: boolean): void {
    this.#startsSoon = soon;
    if (!soon) this.#options.onChange();
  }

  #begin(thread: DetectorThread): DetectorThread {
    const { source, onFault } = this.#options;
    this.#thread = thread;
    thread.begin(source, onFault);
    return thread;
  }

  #request(request: ModuleRequest, deadlineMs: number): Promise<Result> {
    if (this.#thread === undefined) throw new Error("expected a started instance");
    this.#sequence = (this.#sequence + 1) >>> 0;
    const sequence = this.#sequence;
    const { source, task } = this.#options;
    const parse = (reply: Uint8Array) => task.parse(parseReply(reply, sequence, source.io));
    return this.#thread.infer({ sequence, request, deadlineMs, parse });
  }

  /** Terminates the thread; a frame in flight is rejected as `unavailable`. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    this.#startsSoon = false;
    await this.#thread?.[Symbol.asyncDispose]();
    await this.#keptAlive;
  }
}

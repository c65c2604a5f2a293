import type { DetectorOptions, DetectorState, DetectorStats, ModuleInfo, Runtime } from "../contract.ts";
import { DetectorFault, ModelError } from "../errors.ts";
import { Counters } from "./counters.ts";
import { type EngineSource, prepareEngine } from "./engine-source.ts";
import { FaultLog } from "./fault-log.ts";
import { type Answer, Instance, type Task } from "./instance.ts";
import type { LoadedModule } from "./module.ts";
import type { ModuleRequest } from "./request.ts";
import { bootThread, type DetectorThread } from "./thread.ts";

/** Generous, since a camera's slow CPU compiles 4 MB of code and runs it unoptimised for the first frame. */
export const START_DEADLINE_MS = 30_000;

/** The detector is failing when every instance has had this many faults since its last reply. */
const FAULTS_UNTIL_FAILING = 3;

/**
 * Starts `options.instances` copies of a module, each in its own thread. Resolves when each of them has processed a blank
 * request, so that a module that cannot run is reported here; without a blank request, or with `warmUp: false`, when the file
 * has been checked.
 * @param loading the module, loaded or loading.
 * @param taskOf what to do with it
 * @param startDeadlineMs for each thread's first reply.
 * @param counters those of the previous pool when a module is replaced, so that they continue.
 * @throws ModelError when the file is not usable or fails on its first frame, or when several copies would each remember
 *   only their own requests.
 * @throws DetectorFault `deadline` when the first frame got no reply in time.
 */
export async function startPool<Info extends ModuleInfo, Result>(
  loading: LoadedModule<Info> | Promise<LoadedModule<Info>>,
  taskOf: (info: Info) => Task<Result>,
  options: DetectorOptions,
  startDeadlineMs: number,
  counters = new Counters(),
): Promise<Pool<Info, Result>> {
  const { instances, runtime } = options;
  if (!Number.isInteger(instances) || instances < 1) {
    throw new RangeError(`expected one instance or more, received ${instances}`);
  }
  // The threads load their engines while the file is being read.
  const threads = Array.from({ length: instances }, () => bootThread(runtime));
  await using stack = new AsyncDisposableStack();
  for (const thread of threads) stack.use(thread);
  const [{ info }, source] = await Promise.all([loading, prepareEngine(loading, runtime)]);
  requireOneMemory(info, instances);
  const pool = stack.use(new Pool(info, taskOf(info), source, options, startDeadlineMs, counters));
  try {
    await pool.start(threads, options.warmUp ?? true);
  } catch (error) {
    if (!(error instanceof DetectorFault) || error.kind === "deadline") throw error;
    throw new ModelError(
      `${info.name} failed on its first frame (${error.kind}): ${error.message}`,
      "Compile the model again with `sabrewing compile`.",
      { cause: error },
    );
  }
  stack.move();
  return pool;
}

/** Requests go to any copy, and a copy remembers only those that it answered. */
function requireOneMemory({ name, state }: ModuleInfo, instances: number): void {
  if (state !== true || instances === 1) return;
  throw new ModelError(
    `${name} remembers earlier inferences, so that it can run in one instance only; expected 1, received ${instances}.`,
    "Set instances: 1 in the section detector of the configuration.",
  );
}

interface Slot<Result> {
  readonly instance: Instance<Result>;
  readonly log: FaultLog;
  /** Since its last reply. */
  faults: number;
}

interface PendingRequest<Result> {
  request: ModuleRequest;
  readonly resolve: (answer: Answer<Result>) => void;
  readonly reject: (error: unknown) => void;
}

/** Copies of one module that answer requests. */
export class Pool<Info extends ModuleInfo, Result> implements AsyncDisposable {
  readonly info: Info;
  readonly runtime: Runtime;
  /** What its messages call the module. */
  readonly #what: "detector" | "module";
  readonly #slots: readonly Slot<Result>[];
  readonly #counters: Counters;
  readonly #options: DetectorOptions;
  /** Requests that wait for an instance, first in, first out. */
  readonly #queue: PendingRequest<Result>[] = [];
  #state: DetectorState = "working";
  #closed = false;

  constructor(
    info: Info,
    task: Task<Result>,
    source: EngineSource,
    options: DetectorOptions,
    startDeadlineMs: number,
    counters: Counters,
  ) {
    this.info = info;
    this.#what = info.task === "detect" ? "detector" : "module";
    this.runtime = source.runtime;
    this.#counters = counters;
    this.#options = options;
    const { deadlineMs, instances } = options;
    this.#slots = Array.from({ length: instances }, (_, index) => {
      const name = instances === 1 ? `The ${this.#what}` : `Detector ${index + 1} of ${instances}`;
      const log = new FaultLog(name, options.log ?? (() => undefined));
      const onFault = (fault: DetectorFault): void => {
        this.#counters.failed(fault.kind);
        log.failed(fault);
        slot.faults += 1;
        this.#updateState();
      };
      const onRestart = (): void => this.#counters.restarted();
      const onChange = (): void => this.#dispatch();
      const instance = new Instance({
        source,
        task,
        deadlineMs,
        startDeadlineMs,
        onFault,
        onRestart,
        onChange,
      });
      const slot: Slot<Result> = { instance, log, faults: 0 };
      return slot;
    });
  }

  /** Starts all instances. @param threads booted, one per instance */
  async start(threads: readonly DetectorThread[], warmUp: boolean): Promise<void> {
    const starts = this.#slots.flatMap(({ instance }, index) => {
      const thread = threads[index];
      return thread === undefined ? [] : [instance.start(thread, warmUp)];
    });
    await Promise.all(starts);
  }

  /**
   * Answers a request whose inputs and parameters fit the description. The inputs are copied before the call returns.
   * @throws DetectorFault when there is no answer.
   */
  infer(request: ModuleRequest): Promise<Answer<Result>> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer<Result>>();
    const pending: PendingRequest<Result> = { request, resolve, reject };
    this.#queue.push(pending);
    this.#dispatch();
    // A dispatched request has been copied already. A waiting one must not depend on the caller's buffers.
    if (this.#queue.includes(pending)) {
      pending.request = { ...request, inputs: request.inputs.map((input) => input.slice()) };
    }
    return promise;
  }

  stats(): DetectorStats {
    return { ...this.#counters.stats(), state: this.#state };
  }

  /** Reports when all instances fail repeatedly, and when one of them replies again. */
  #updateState(): void {
    const isFailing = this.#slots.every(({ faults }) => faults >= FAULTS_UNTIL_FAILING);
    const state = isFailing ? "failing" : "working";
    if (state === this.#state) return;
    this.#state = state;
    if (isFailing) {
      this.#options.log?.({
        level: "warn",
        message: `The ${this.#what} keeps failing: ${FAULTS_UNTIL_FAILING} faults without a reply in between. It restarts with delays of up to 30 s.`,
      });
    }
    this.#options.onState?.(state);
  }

  /**
   * Gives waiting requests to idle instances in order of arrival. When all instances are down, requests are refused: they
   * would be stale later.
   */
  #dispatch(): void {
    while (this.#queue.length > 0) {
      const idle = this.#slots.find(({ instance }) => instance.state === "idle");
      if (idle === undefined && this.#slots.some(({ instance }) => instance.state !== "down")) return;
      const pending = this.#queue.shift();
      if (pending === undefined) return;
      if (idle === undefined) this.#refuse(pending);
      else void this.#run(idle, pending);
    }
  }

  async #run(slot: Slot<Result>, { request, resolve, reject }: PendingRequest<Result>): Promise<void> {
    try {
      const answer = await slot.instance.infer(request);
      this.#counters.replied(answer.inferenceMs);
      slot.log.replied();
      slot.faults = 0;
      this.#updateState();
      resolve(answer);
    } catch (error) {
      reject(error);
    }
    this.#dispatch();
  }

  #refuse({ reject }: PendingRequest<Result>): void {
    const message = `the ${this.#what} is ${this.#closed ? "closed" : "restarting"}`;
    if (!this.#closed) this.#counters.failed("unavailable");
    reject(new DetectorFault("unavailable", message));
  }

  /** Terminates every thread; frames in flight and waiting frames are rejected as `unavailable`. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    const closing = this.#slots.map(({ instance }) => instance[Symbol.asyncDispose]());
    // Every instance is down now, so this refuses the waiting frames.
    this.#dispatch();
    await Promise.all(closing);
  }
}

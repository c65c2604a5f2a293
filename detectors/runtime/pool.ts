import type {
  Detector,
  DetectorOptions,
  DetectorState,
  DetectorStats,
  Inference,
  ModelInfo,
  Runtime,
  Thresholds,
} from "../contract.ts";
import { DetectorFault, ModelError } from "../errors.ts";
import { Counters } from "./counters.ts";
import { type EngineSource, prepareEngine } from "./engine-source.ts";
import { FaultLog } from "./fault-log.ts";
import { Instance } from "./instance.ts";
import { type LoadedModule, loadModule } from "./module.ts";
import { frameBytes } from "./request.ts";
import { bootThread, type DetectorThread } from "./thread.ts";

/** Generous, since a camera's slow CPU compiles 4 MB of code and runs it unoptimised for the first frame. */
export const START_DEADLINE_MS = 30_000;

/** The detector is failing when every instance has had this many faults since its last reply. */
const FAULTS_UNTIL_FAILING = 3;

/**
 * Opens a detector: `options.instances` copies of the module, each in its own thread. Resolves when each of them has
 * processed a blank frame, so that a module that cannot run is reported here. With `warmUp: false` it resolves when the
 * file has been checked.
 * @throws ModelError when the file is no usable detector or fails on its first frame.
 * @throws DetectorFault `deadline` when the first frame got no reply within 30 s.
 */
export async function openDetector(path: string, options: DetectorOptions): Promise<Detector> {
  return startPool(loadModule(path, options), options, START_DEADLINE_MS);
}

/**
 * Opens a detector from a module that is loaded or loading.
 * @param startDeadlineMs for each thread's first reply.
 * @param counters those of the previous pool when a module is replaced, so that they continue.
 */
export async function startPool(
  loading: LoadedModule | Promise<LoadedModule>,
  options: DetectorOptions,
  startDeadlineMs: number,
  counters = new Counters(),
): Promise<Detector> {
  const { instances, runtime } = options;
  if (!Number.isInteger(instances) || instances < 1) {
    throw new RangeError(`expected one instance or more, received ${instances}`);
  }
  // The threads load their engines while the file is being read.
  const threads = Array.from({ length: instances }, () => bootThread(runtime));
  await using stack = new AsyncDisposableStack();
  for (const thread of threads) stack.use(thread);
  const [{ info }, source] = await Promise.all([loading, prepareEngine(loading, runtime)]);
  const pool = stack.use(new Pool(info, source, options, startDeadlineMs, counters));
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

interface Slot {
  readonly instance: Instance;
  readonly log: FaultLog;
  /** Since its last reply. */
  faults: number;
}

interface PendingFrame {
  pixels: Uint8Array;
  readonly thresholds: Thresholds;
  readonly resolve: (inference: Inference) => void;
  readonly reject: (error: unknown) => void;
}

class Pool implements Detector {
  readonly model: ModelInfo;
  readonly runtime: Runtime;
  readonly #slots: readonly Slot[];
  readonly #frameBytes: number;
  readonly #counters: Counters;
  readonly #options: DetectorOptions;
  /** Frames that wait for an instance, first in, first out. */
  readonly #queue: PendingFrame[] = [];
  #state: DetectorState = "working";
  #closed = false;

  constructor(
    model: ModelInfo,
    source: EngineSource,
    options: DetectorOptions,
    startDeadlineMs: number,
    counters: Counters,
  ) {
    this.model = model;
    this.runtime = source.runtime;
    this.#counters = counters;
    this.#options = options;
    this.#frameBytes = frameBytes(model);
    const { deadlineMs, instances } = options;
    this.#slots = Array.from({ length: instances }, (_, index) => {
      const name = instances === 1 ? "The detector" : `Detector ${index + 1} of ${instances}`;
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
        model,
        deadlineMs,
        startDeadlineMs,
        onFault,
        onRestart,
        onChange,
      });
      const slot: Slot = { instance, log, faults: 0 };
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

  detect(pixels: Uint8Array, thresholds: Thresholds): Promise<Inference> {
    if (pixels.length !== this.#frameBytes) {
      const { width, height } = this.model.input;
      return Promise.reject(
        new RangeError(
          `expected ${width}×${height}×3 = ${this.#frameBytes} bytes, received ${pixels.length}`,
        ),
      );
    }
    const { promise, resolve, reject } = Promise.withResolvers<Inference>();
    const frame: PendingFrame = { pixels, thresholds, resolve, reject };
    this.#queue.push(frame);
    this.#dispatch();
    // A dispatched frame has been copied already. A waiting frame must not depend on the caller's buffer.
    if (this.#queue.includes(frame)) frame.pixels = pixels.slice();
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
        message: `The detector keeps failing: ${FAULTS_UNTIL_FAILING} faults without a reply in between. It restarts with delays of up to 30 s.`,
      });
    }
    this.#options.onState?.(state);
  }

  /**
   * Gives waiting frames to idle instances in order of arrival. When all instances are down, frames are refused: they would
   * be stale later.
   */
  #dispatch(): void {
    while (this.#queue.length > 0) {
      const idle = this.#slots.find(({ instance }) => instance.state === "idle");
      if (idle === undefined && this.#slots.some(({ instance }) => instance.state !== "down")) return;
      const frame = this.#queue.shift();
      if (frame === undefined) return;
      if (idle === undefined) this.#refuse(frame);
      else void this.#run(idle, frame);
    }
  }

  async #run(slot: Slot, { pixels, thresholds, resolve, reject }: PendingFrame): Promise<void> {
    try {
      const inference = await slot.instance.infer(pixels, thresholds);
      this.#counters.replied(inference.inferenceMs);
      slot.log.replied();
      slot.faults = 0;
      this.#updateState();
      resolve(inference);
    } catch (error) {
      reject(error);
    }
    this.#dispatch();
  }

  #refuse({ reject }: PendingFrame): void {
    const message = this.#closed ? "the detector is closed" : "the detector is restarting";
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

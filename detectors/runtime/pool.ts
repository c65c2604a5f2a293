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

/** Generous: a slow camera's CPU compiles 4 MB of code and runs it unoptimised for this one frame. */
export const START_DEADLINE_MS = 30_000;

/** Every instance has died so often since the last answer: the next frame will hardly fare better. */
const DEATHS_OF_FAILING = 3;

/**
 * Opens a detector: `options.instances` copies of the module, each in a thread of its own. Resolves when every one of
 * them has answered a frame, so that a module that cannot run is noticed here, or, with `warmUp: false`, as soon as
 * the file is found to be good.
 * @throws ModelError when the file is no usable detector or breaks down on its first frame.
 * @throws DetectorFault `deadline` when it has not answered its first frame within 30 s.
 */
export async function openDetector(path: string, options: DetectorOptions): Promise<Detector> {
  return startPool(loadModule(path, options), options, START_DEADLINE_MS);
}

/**
 * What `openDetector` does with the file it reads.
 * @param startDeadlineMs for each thread's first answer.
 * @param counters counts what happens.
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
      `${info.name} broke down on its first frame (${error.kind}): ${error.message}`,
      "Compile the model again with `sabrewing compile`.",
      { cause: error },
    );
  }
  stack.move();
  return pool;
}

interface Place {
  readonly instance: Instance;
  readonly log: FaultLog;
  /** Since it last answered a frame. */
  deaths: number;
}

interface Job {
  pixels: Uint8Array;
  readonly thresholds: Thresholds;
  readonly resolve: (inference: Inference) => void;
  readonly reject: (error: unknown) => void;
}

class Pool implements Detector {
  readonly model: ModelInfo;
  readonly runtime: Runtime;
  readonly #places: readonly Place[];
  readonly #frameBytes: number;
  readonly #counters: Counters;
  readonly #options: DetectorOptions;
  /** Frames that wait for an instance, first come, first served. */
  readonly #queue: Job[] = [];
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
    this.#places = Array.from({ length: instances }, (_, index) => {
      const name = instances === 1 ? "The detector" : `Detector ${index + 1} of ${instances}`;
      const log = new FaultLog(name, options.log ?? (() => undefined));
      const onFault = (fault: DetectorFault): void => {
        this.#counters.failed(fault.kind);
        log.failed(fault);
        place.deaths += 1;
        this.#judge();
      };
      const onRestart = (): void => this.#counters.restarted();
      const onChange = (): void => this.#serve();
      const instance = new Instance({
        source,
        model,
        deadlineMs,
        startDeadlineMs,
        onFault,
        onRestart,
        onChange,
      });
      const place: Place = { instance, log, deaths: 0 };
      return place;
    });
  }

  /** @param threads booted, one per instance */
  async start(threads: readonly DetectorThread[], warmUp: boolean): Promise<void> {
    const starts = this.#places.flatMap(({ instance }, index) => {
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
    const job: Job = { pixels, thresholds, resolve, reject };
    this.#queue.push(job);
    this.#serve();
    // Who is served at once has its pixels copied already; who waits must not depend on the caller's buffer.
    if (this.#queue.includes(job)) job.pixels = pixels.slice();
    return promise;
  }

  stats(): DetectorStats {
    return { ...this.#counters.stats(), state: this.#state };
  }

  /** Tells when all instances keep dying, and when one answers again. */
  #judge(): void {
    const isFailing = this.#places.every(({ deaths }) => deaths >= DEATHS_OF_FAILING);
    const state = isFailing ? "failing" : "working";
    if (state === this.#state) return;
    this.#state = state;
    if (isFailing) {
      this.#options.log?.({
        level: "warn",
        message: `The detector keeps failing: ${DEATHS_OF_FAILING} deaths without an answer in between. It is started again and again, at most every 30 s.`,
      });
    }
    this.#options.onState?.(state);
  }

  /**
   * Gives waiting frames to idle instances, the first ones to come. Where all are down, a frame is lost rather than stale
   * when it is looked at.
   */
  #serve(): void {
    while (this.#queue.length > 0) {
      const idle = this.#places.find(({ instance }) => instance.state === "idle");
      if (idle === undefined && this.#places.some(({ instance }) => instance.state !== "down")) return;
      const job = this.#queue.shift();
      if (job === undefined) return;
      if (idle === undefined) this.#refuse(job);
      else void this.#run(idle, job);
    }
  }

  async #run(place: Place, { pixels, thresholds, resolve, reject }: Job): Promise<void> {
    try {
      const inference = await place.instance.infer(pixels, thresholds);
      this.#counters.answered(inference.inferenceMs);
      place.log.answered();
      place.deaths = 0;
      this.#judge();
      resolve(inference);
    } catch (error) {
      reject(error);
    }
    this.#serve();
  }

  #refuse({ reject }: Job): void {
    const message = this.#closed ? "the detector is closed" : "the detector is being started again";
    if (!this.#closed) this.#counters.failed("unavailable");
    reject(new DetectorFault("unavailable", message));
  }

  /** Ends every thread; frames in flight and waiting are rejected as `unavailable`. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    const closing = this.#places.map(({ instance }) => instance[Symbol.asyncDispose]());
    // Every instance is down now, so whoever still waits is refused.
    this.#serve();
    await Promise.all(closing);
  }
}

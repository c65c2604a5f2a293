import type {
  Detector,
  DetectorOptions,
  DetectorState,
  DetectorStats,
  Inference,
  ModelInfo,
  ReplaceableDetector,
  ReplaceableOptions,
  Runtime,
  Thresholds,
} from "../contract.ts";
import { DetectorFault, ModelError } from "../errors.ts";
import { collectGarbage } from "./collect-garbage.ts";
import { Counters } from "./counters.ts";
import { detectorModel } from "./detector-model.ts";
import { loadDetector } from "./module.ts";
import { frameBytes, startDetector } from "./open-detector.ts";
import { START_DEADLINE_MS } from "./pool.ts";

/**
 * Opens a detector like `openDetector`. Its module can be replaced while it runs.
 * @throws the errors of `openDetector` and of `options.accept`.
 */
export async function openReplaceable(
  path: string,
  options: ReplaceableOptions,
): Promise<ReplaceableDetector> {
  const replaceable = new Replaceable(options);
  await replaceable.open(path);
  return replaceable;
}

/** A pool and its frames in flight. */
interface PoolInUse {
  readonly pool: Detector;
  readonly inFlight: Set<Promise<unknown>>;
}

/**
 * A detector that passes frames to its active pool. A new pool is on trial until it has replied to a real frame. Until then
 * the previous pool stays on standby, and becomes active again at the new pool's first fault.
 */
class Replaceable implements ReplaceableDetector {
  readonly #options: ReplaceableOptions;
  readonly #counters = new Counters();
  readonly #frameSizes = new Set<number>();
  #active: PoolInUse | undefined;
  #standby: PoolInUse | undefined;
  /** Inactive pools with frames in flight. */
  readonly #retiring = new Set<PoolInUse>();
  #reportedState: DetectorState = "working";
  #closed = false;

  constructor(options: ReplaceableOptions) {
    this.#options = options;
  }

  async open(path: string): Promise<void> {
    this.#activate(await this.#start(path));
    this.#options.onAccepted?.(this.model);
    // The garbage includes the file of the Wasmer SDK, 4.6 MB.
    collectGarbage();
  }

  get model(): ModelInfo {
    return this.#current.pool.model;
  }

  get runtime(): Runtime {
    return this.#current.pool.runtime;
  }

  get #current(): PoolInUse {
    if (this.#active === undefined) throw new Error("expected an opened detector");
    return this.#active;
  }

  async replace(path: string): Promise<ModelInfo> {
    const previous = this.#current;
    const next = await this.#start(path, previous.pool.model);
    if (next === undefined) return previous.pool.model;
    if (this.#closed) {
      await next.pool[Symbol.asyncDispose]();
      throw new DetectorFault("unavailable", "the detector is closed");
    }
    const proven = this.#standby ?? previous;
    this.#activate(next);
    this.#standby = proven;
    if (proven !== previous) void this.#retire(previous);
    this.#options.onAccepted?.(next.pool.model);
    return next.pool.model;
  }

  async detect(pixels: Uint8Array, thresholds: Thresholds): Promise<Inference> {
    const chosen = this.#poolFor(pixels);
    const pending = chosen.pool.detect(pixels, thresholds);
    chosen.inFlight.add(pending);
    try {
      const inference = await pending;
      if (chosen === this.#active) this.#passTrial();
      return inference;
    } catch (error) {
      if (chosen === this.#active && error instanceof DetectorFault) this.#failTrial(error);
      throw error;
    } finally {
      chosen.inFlight.delete(pending);
    }
  }

  stats(): DetectorStats {
    return this.#current.pool.stats();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    const pools = [this.#active, this.#standby, ...this.#retiring].filter((used) => used !== undefined);
    await Promise.all(pools.map(({ pool }) => pool[Symbol.asyncDispose]()));
  }

  /**
   * Starts a module.
   * @param running the module that the new one replaces, which must process a blank frame first
   * @returns undefined if the file holds the running module
   */
  async #start(path: string): Promise<PoolInUse>;
  async #start(path: string, running: ModelInfo): Promise<PoolInUse | undefined>;
  async #start(path: string, running?: ModelInfo): Promise<PoolInUse | undefined> {
    const loaded = await loadDetector(path, this.#options);
    const model = detectorModel(loaded.info);
    if (model.sha256 === running?.sha256) return undefined;
    await this.#options.accept?.(model);
    if (running !== undefined) requireDistinctSize(running, model);
    const isActive = (): boolean => started !== undefined && started === this.#active;
    const options: DetectorOptions = {
      ...this.#options,
      // The caller of `replace` reports the error of a module that fails before it becomes active.
      log: (event) => {
        if (running === undefined || isActive()) this.#options.log?.(event);
      },
      onState: (state) => {
        if (isActive()) this.#report(state);
      },
      warmUp: running !== undefined || (this.#options.warmUp ?? true),
    };
    let started: PoolInUse | undefined;
    started = {
      pool: await startDetector(loaded, options, START_DEADLINE_MS, this.#counters),
      inFlight: new Set(),
    };
    return started;
  }

  /** The active pool. A frame of the previous module's size goes to the previous pool while that is on standby. */
  #poolFor(pixels: Uint8Array): PoolInUse {
    const fits = ({ pool }: PoolInUse): boolean => frameBytes(pool.model) === pixels.length;
    const active = this.#current;
    if (fits(active)) return active;
    if (this.#standby !== undefined && fits(this.#standby)) return this.#standby;
    if (this.#frameSizes.has(pixels.length)) {
      throw new DetectorFault("unavailable", "the frame has the size of a module that was replaced");
    }
    return active;
  }

  #activate(next: PoolInUse): void {
    this.#active = next;
    this.#frameSizes.add(frameBytes(next.pool.model));
    this.#report(next.pool.stats().state);
  }

  #passTrial(): void {
    const previous = this.#standby;
    this.#standby = undefined;
    if (previous !== undefined) void this.#retire(previous);
  }

  #failTrial(fault: DetectorFault): void {
    const previous = this.#standby;
    if (previous === undefined || this.#closed) return;
    const failed = this.#current;
    this.#standby = undefined;
    this.#activate(previous);
    void this.#retire(failed);
    this.#options.onWithdrawn?.(failed.pool.model, previous.pool.model);
    const { name, sha256 } = failed.pool.model;
    this.#options.log?.({
      level: "warn",
      message: `The new module ${name} (${sha256.slice(0, 12)}) failed on its first frame (${fault.kind}: ${fault.message}). The previous module is active again.`,
    });
  }

  /** Closes a pool after its frames in flight, and frees its module's memory. */
  async #retire(retired: PoolInUse): Promise<void> {
    this.#retiring.add(retired);
    await Promise.allSettled(retired.inFlight);
    await retired.pool[Symbol.asyncDispose]();
    this.#retiring.delete(retired);
    // 13 MB for YOLOv5n. This thread allocates so little that V8 would keep those of eight modules before it collects.
    collectGarbage();
  }

  #report(state: DetectorState): void {
    if (state === this.#reportedState) return;
    this.#reportedState = state;
    this.#options.onState?.(state);
  }
}

/** The frames of two modules are distinguished by their length. */
function requireDistinctSize(running: ModelInfo, next: ModelInfo): void {
  const isSameShape = running.input.width === next.input.width;
  if (isSameShape || frameBytes(running) !== frameBytes(next)) return;
  const [from, to] = [running, next].map(({ input }) => `${input.width}×${input.height}`);
  throw new ModelError(
    `The module's input is ${to}, that of the running module ${from}: the same number of pixels in another shape.`,
    "Restart the agent: it cannot replace one of these modules by the other while it runs.",
  );
}

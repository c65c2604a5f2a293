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
import { loadModule } from "./module.ts";
import { START_DEADLINE_MS, startPool } from "./pool.ts";
import { frameBytes } from "./request.ts";

/**
 * Opens a detector, as `openDetector` does, whose module can be replaced while it runs.
 * @throws what `openDetector` throws, and what `options.accept` does.
 */
export async function openReplaceable(
  path: string,
  options: ReplaceableOptions,
): Promise<ReplaceableDetector> {
  const replaceable = new Replaceable(options);
  await replaceable.open(path);
  return replaceable;
}

/** A pool and the frames it has in hand. */
interface Duty {
  readonly pool: Detector;
  readonly inHand: Set<Promise<unknown>>;
}

/**
 * A detector in front of one pool after the other. A new pool is on trial until it has answered a real frame: so long the
 * one before stands by, and takes over again at the new one's first fault.
 */
class Replaceable implements ReplaceableDetector {
  readonly #options: ReplaceableOptions;
  readonly #counters = new Counters();
  readonly #frameSizes = new Set<number>();
  #onDuty: Duty | undefined;
  #standingBy: Duty | undefined;
  /** Off duty, with frames in hand. */
  readonly #retiring = new Set<Duty>();
  #told: DetectorState = "working";
  #closed = false;

  constructor(options: ReplaceableOptions) {
    this.#options = options;
  }

  async open(path: string): Promise<void> {
    this.#goOnDuty(await this.#start(path));
    this.#options.onAccepted?.(this.model);
    // Among it the file of the Wasmer SDK, 4.6 MB.
    collectGarbage();
  }

  get model(): ModelInfo {
    return this.#duty.pool.model;
  }

  get runtime(): Runtime {
    return this.#duty.pool.runtime;
  }

  get #duty(): Duty {
    if (this.#onDuty === undefined) throw new Error("expected an opened detector");
    return this.#onDuty;
  }

  async replace(path: string): Promise<ModelInfo> {
    const before = this.#duty;
    const next = await this.#start(path, before.pool.model);
    if (next === undefined) return before.pool.model;
    if (this.#closed) {
      await next.pool[Symbol.asyncDispose]();
      throw new DetectorFault("unavailable", "the detector is closed");
    }
    const proven = this.#standingBy ?? before;
    this.#goOnDuty(next);
    this.#standingBy = proven;
    if (proven !== before) void this.#retire(before);
    this.#options.onAccepted?.(next.pool.model);
    return next.pool.model;
  }

  async detect(pixels: Uint8Array, thresholds: Thresholds): Promise<Inference> {
    const duty = this.#dutyFor(pixels);
    const answer = duty.pool.detect(pixels, thresholds);
    duty.inHand.add(answer);
    try {
      const inference = await answer;
      if (duty === this.#onDuty) this.#passTrial();
      return inference;
    } catch (error) {
      if (duty === this.#onDuty && error instanceof DetectorFault) this.#failTrial(error);
      throw error;
    } finally {
      duty.inHand.delete(answer);
    }
  }

  stats(): DetectorStats {
    return this.#duty.pool.stats();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    const duties = [this.#onDuty, this.#standingBy, ...this.#retiring].filter((duty) => duty !== undefined);
    await Promise.all(duties.map(({ pool }) => pool[Symbol.asyncDispose]()));
  }

  /** Starts a module that has answered a blank frame; undefined where it is the very one that runs. */
  async #start(path: string): Promise<Duty>;
  async #start(path: string, before: ModelInfo): Promise<Duty | undefined>;
  async #start(path: string, before?: ModelInfo): Promise<Duty | undefined> {
    const loaded = await loadModule(path, this.#options);
    if (loaded.info.sha256 === before?.sha256) return undefined;
    await this.#options.accept?.(loaded.info);
    if (before !== undefined) requireTellableSize(before, loaded.info);
    const isOnDuty = (): boolean => duty !== undefined && duty === this.#onDuty;
    const options: DetectorOptions = {
      ...this.#options,
      // Of a module that is only tried, whoever tries it will tell.
      log: (event) => {
        if (before === undefined || isOnDuty()) this.#options.log?.(event);
      },
      onState: (state) => {
        if (isOnDuty()) this.#tell(state);
      },
      warmUp: before !== undefined || (this.#options.warmUp ?? true),
    };
    let duty: Duty | undefined;
    duty = { pool: await startPool(loaded, options, START_DEADLINE_MS, this.#counters), inHand: new Set() };
    return duty;
  }

  /** A picture that was made for the module before goes there, as long as it stands by. */
  #dutyFor(pixels: Uint8Array): Duty {
    const fits = ({ pool }: Duty): boolean => frameBytes(pool.model) === pixels.length;
    const duty = this.#duty;
    if (fits(duty)) return duty;
    if (this.#standingBy !== undefined && fits(this.#standingBy)) return this.#standingBy;
    if (this.#frameSizes.has(pixels.length)) {
      throw new DetectorFault("unavailable", "the picture was made for a module that is no more");
    }
    return duty;
  }

  #goOnDuty(duty: Duty): void {
    this.#onDuty = duty;
    this.#frameSizes.add(frameBytes(duty.pool.model));
    this.#tell(duty.pool.stats().state);
  }

  #passTrial(): void {
    const before = this.#standingBy;
    this.#standingBy = undefined;
    if (before !== undefined) void this.#retire(before);
  }

  #failTrial(fault: DetectorFault): void {
    const before = this.#standingBy;
    if (before === undefined || this.#closed) return;
    const failed = this.#duty;
    this.#standingBy = undefined;
    this.#goOnDuty(before);
    void this.#retire(failed);
    this.#options.onWithdrawn?.(failed.pool.model, before.pool.model);
    const { name, sha256 } = failed.pool.model;
    this.#options.log?.({
      level: "warn",
      message: `The new module ${name} (${sha256.slice(0, 12)}) did not answer its first frame (${fault.kind}: ${fault.message}). The one before goes on.`,
    });
  }

  /** Ends a pool once it has answered what it has in hand, and gives its module's memory back. */
  async #retire(duty: Duty): Promise<void> {
    this.#retiring.add(duty);
    await Promise.allSettled(duty.inHand);
    await duty.pool[Symbol.asyncDispose]();
    this.#retiring.delete(duty);
    // 13 MB for YOLOv5n; this thread allocates so little that V8 would keep those of eight modules before it looks.
    collectGarbage();
  }

  #tell(state: DetectorState): void {
    if (state === this.#told) return;
    this.#told = state;
    this.#options.onState?.(state);
  }
}

/** Pictures for one module are told from pictures for the other by their length. */
function requireTellableSize(before: ModelInfo, next: ModelInfo): void {
  const isSameShape = before.input.width === next.input.width;
  if (isSameShape || frameBytes(before) !== frameBytes(next)) return;
  const [from, to] = [before, next].map(({ input }) => `${input.width}×${input.height}`);
  throw new ModelError(
    `The module's input is ${to}, the running one's ${from}: as many pixels in another shape.`,
    "Restart the agent: these two cannot be exchanged while it runs.",
  );
}

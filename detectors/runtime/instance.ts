import { setTimeout as sleep } from "node:timers/promises";
import type { Inference, ModelInfo, Thresholds } from "../contract.ts";
import { DetectorFault } from "../errors.ts";
import type { EngineSource } from "./engine-source.ts";
import { parseReply } from "./reply.ts";
import { frameBytes } from "./request.ts";
import { restartDelayMs } from "./restart-delay.ts";
import { bootThread, type DetectorThread } from "./thread.ts";

/** Deadlines that the first frame after a restart may take: the engine optimises while it runs it. */
const FIRST_FRAME_PATIENCE = 3;

/** During the first one V8 compiles and optimises; what it is still at then is done by the end of the second. */
const WARM_UP_FRAMES = 2;

export interface InstanceOptions {
  readonly source: EngineSource;
  readonly model: ModelInfo;
  readonly deadlineMs: number;
  /** For starting an engine, and for the first answer of all, which comes from code that V8 has not optimised yet. */
  readonly startDeadlineMs: number;
  /** Called at once at every fault of this instance, also at one between two frames or during a restart. */
  readonly onFault: (fault: DetectorFault) => void;
  readonly onRestart: () => void;
  /** Called when a restarted instance can take a frame, and when it turns out that it will not soon. */
  readonly onChange: () => void;
}

/**
 * `idle` can take a frame, `busy` has one, `starting` is being started again and can take one soon, `down` cannot: it
 * keeps dying, takes longer than a frame may, or is closed.
 */
export type InstanceState = "idle" | "busy" | "starting" | "down";

/** One place in the pool: keeps a detector alive through its faults, until it is closed. */
export class Instance implements AsyncDisposable {
  readonly #options: InstanceOptions;
  readonly #closing = new AbortController();
  #thread: DetectorThread | undefined;
  /** True once the thread may be asked. */
  #ready = false;
  /** How long the next answer may take. */
  #patienceMs: number;
  #deathsInRow = 0;
  /** Whether frames may wait for an instance that has died. */
  #startsSoon = true;
  #sequence = 0;
  #keptAlive: Promise<void> | undefined;

  constructor(options: InstanceOptions) {
    this.#options = options;
    this.#patienceMs = options.startDeadlineMs;
  }

  get state(): InstanceState {
    if (this.#thread === undefined || this.#thread.failed || !this.#ready) {
      return this.#startsSoon ? "starting" : "down";
    }
    return this.#thread.busy ? "busy" : "idle";
  }

  /**
   * Gives the first thread its task; from then on the instance looks after itself.
   * @param thread booted, and waiting to be told what to run
   * @param warmUp resolve only when it has answered blank frames. Otherwise the first frame is its proof.
   * @throws DetectorFault when a blank frame got no answer; the instance must then be closed.
   */
  async start(thread: DetectorThread, warmUp: boolean): Promise<void> {
    this.#begin(thread);
    if (warmUp) {
      // Black, with nothing to be found on it: the engine starts, and the deadline need not allow for that.
      const black = new Uint8Array(frameBytes(this.#options.model));
      for (let frame = 0; frame < WARM_UP_FRAMES; frame++) {
        await this.#ask(black, { score: 1, iou: 1 }, this.#options.startDeadlineMs);
      }
      this.#patienceMs = this.#options.deadlineMs;
    }
    this.#ready = true;
    this.#keptAlive = this.#keepAlive();
  }

  /** Asks for one frame's detections; only when idle. @throws DetectorFault */
  async infer(pixels: Uint8Array, thresholds: Thresholds): Promise<Inference> {
    const handedOver = performance.now();
    const detections = await this.#ask(pixels, thresholds, this.#patienceMs);
    this.#patienceMs = this.#options.deadlineMs;
    this.#deathsInRow = 0;
    this.#startsSoon = true;
    return { detections, inferenceMs: performance.now() - handedOver };
  }

  async #keepAlive(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      await this.#thread?.ended;
      try {
        const delayMs = restartDelayMs(this.#deathsInRow, Math.random());
        if (delayMs > 0) this.#expectSoon(false);
        // Whatever its guest died of, it has not answered since the thread last began: this time nothing is kept.
        if (this.#deathsInRow > 0) await this.#thread?.[Symbol.asyncDispose]();
        await sleep(delayMs, undefined, { signal });
        signal.throwIfAborted();
        this.#options.onRestart();
        await this.#restart();
        this.#options.onChange();
      } catch (error) {
        // When the new thread failed as well, onFault knows already, and the loop goes on.
        if (!signal.aborted && !(error instanceof DetectorFault)) throw error;
      }
    }
  }

  /** The next frame is the new guest's first: a blank one before it would keep it waiting. */
  async #restart(): Promise<void> {
    const { deadlineMs, startDeadlineMs } = this.#options;
    this.#ready = false;
    this.#expectSoon(true);
    const tooLate = setTimeout(() => this.#expectSoon(false), deadlineMs);
    const thread = this.#nextThread();
    await thread.untilReady(startDeadlineMs).finally(() => clearTimeout(tooLate));
    this.#patienceMs = FIRST_FRAME_PATIENCE * deadlineMs;
    this.#ready = true;
  }

  /** The same thread where only its guest has ended; otherwise a new one. */
  #nextThread(): DetectorThread {
    const { source, onFault } = this.#options;
    this.#deathsInRow += 1;
    const successor = this.#thread?.successor(onFault);
    if (successor === undefined) return this.#begin(bootThread(source.runtime));
    this.#thread = successor;
    return successor;
  }

  #expectSoon(soon: boolean): void {
    this.#startsSoon = soon;
    if (!soon) this.#options.onChange();
  }

  #begin(thread: DetectorThread): DetectorThread {
    const { source, model, onFault } = this.#options;
    this.#thread = thread;
    thread.begin(source, frameBytes(model), onFault);
    return thread;
  }

  #ask(pixels: Uint8Array, thresholds: Thresholds, deadlineMs: number): Promise<Inference["detections"]> {
    if (this.#thread === undefined) throw new Error("expected a started instance");
    this.#sequence = (this.#sequence + 1) >>> 0;
    const sequence = this.#sequence;
    const parse = (reply: Uint8Array) => parseReply(reply, sequence, this.#options.model.labels);
    return this.#thread.ask({ sequence, thresholds, pixels, deadlineMs, parse });
  }

  /** Ends the thread; a frame in flight is rejected as `unavailable`. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    this.#startsSoon = false;
    await this.#thread?.[Symbol.asyncDispose]();
    await this.#keptAlive;
  }
}

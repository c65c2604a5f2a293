import { setTimeout as sleep } from "node:timers/promises";
import type { Inference, ModelInfo, Thresholds } from "../detector.ts";
import { DetectorFault } from "../errors.ts";
import type { EngineSource } from "./engine-source.ts";
import { parseReply } from "./reply.ts";
import { frameBytes } from "./request.ts";
import { restartDelayMs } from "./restart-delay.ts";
import { type DetectorThread, spawnThread } from "./thread.ts";

export interface InstanceOptions {
  readonly source: EngineSource;
  readonly model: ModelInfo;
  readonly deadlineMs: number;
  /** For the first answer of a thread: it includes starting the engine, and code that V8 has not optimised yet. */
  readonly startDeadlineMs: number;
  /** Called at once at every fault of this instance, also at one between two frames or during a restart. */
  readonly onFault: (fault: DetectorFault) => void;
  readonly onRestart: () => void;
  /** Called when a restarted instance can take a frame. */
  readonly onReady: () => void;
}

/** `idle` can take a frame, `busy` has one, `down` is being started again or closed. */
export type InstanceState = "idle" | "busy" | "down";

/** One place in the pool: keeps a detector thread alive through its faults, until it is closed. */
export class Instance implements AsyncDisposable {
  readonly #options: InstanceOptions;
  readonly #closing = new AbortController();
  #thread: DetectorThread | undefined;
  /** True once the thread has answered a frame. */
  #warm = false;
  #deathsInRow = 0;
  #sequence = 0;
  #keptAlive: Promise<void> | undefined;

  constructor(options: InstanceOptions) {
    this.#options = options;
  }

  get state(): InstanceState {
    if (this.#thread === undefined || this.#thread.failed || !this.#warm) return "down";
    return this.#thread.busy ? "busy" : "idle";
  }

  /**
   * Starts the first thread and resolves when it has answered a frame; from then on the instance looks after itself.
   * @throws DetectorFault when that frame got no answer; the instance must then be closed.
   */
  async start(): Promise<void> {
    await this.#startThread();
    this.#keptAlive = this.#keepAlive();
  }

  /** Asks for one frame's detections; only when idle. @throws DetectorFault */
  async infer(pixels: Uint8Array, thresholds: Thresholds): Promise<Inference> {
    const handedOver = performance.now();
    const detections = await this.#ask(pixels, thresholds, this.#options.deadlineMs);
    this.#deathsInRow = 0;
    return { detections, inferenceMs: performance.now() - handedOver };
  }

  async #keepAlive(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      await this.#thread?.ended;
      try {
        await sleep(restartDelayMs(this.#deathsInRow, Math.random()), undefined, { signal });
        signal.throwIfAborted();
        this.#deathsInRow += 1;
        this.#options.onRestart();
        await this.#startThread();
        this.#options.onReady();
      } catch (error) {
        // When the new thread failed as well, onFault knows already, and the loop goes on.
        if (!signal.aborted && !(error instanceof DetectorFault)) throw error;
      }
    }
  }

  async #startThread(): Promise<void> {
    const { source, model, onFault, startDeadlineMs } = this.#options;
    this.#warm = false;
    this.#thread = spawnThread(source, frameBytes(model), onFault);
    // A black frame on which nothing is to be found: the engine starts, and the deadline need not allow for that.
    const black = new Uint8Array(frameBytes(model));
    await this.#ask(black, { score: 1, iou: 1 }, startDeadlineMs);
    this.#warm = true;
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
    await this.#thread?.[Symbol.asyncDispose]();
    await this.#keptAlive;
  }
}

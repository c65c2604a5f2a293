import type { DetectorFaultKind, DetectorStats } from "../contract.ts";

/** Weight of the newest frame in the moving average, which follows a change within about ten frames. */
const NEWEST_WEIGHT = 0.1;

/** Counts the frames, faults and restarts of a detector. */
export class Counters {
  readonly #faults: Record<DetectorFaultKind, number> = {
    deadline: 0,
    trap: 0,
    exit: 0,
    garbage: 0,
    oversized: 0,
    unavailable: 0,
  };
  #frames = 0;
  #restarts = 0;
  #inferenceMs = 0;

  replied(inferenceMs: number): void {
    this.#inferenceMs =
      this.#frames === 0
        ? inferenceMs
        : this.#inferenceMs + (inferenceMs - this.#inferenceMs) * NEWEST_WEIGHT;
    this.#frames += 1;
  }

  failed(kind: DetectorFaultKind): void {
    this.#faults[kind] += 1;
  }

  restarted(): void {
    this.#restarts += 1;
  }

  stats(): Omit<DetectorStats, "state"> {
    return {
      frames: this.#frames,
      faults: { ...this.#faults },
      restarts: this.#restarts,
      inferenceMs: this.#inferenceMs,
    };
  }
}

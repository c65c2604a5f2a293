import { VARIANTS } from "../../detectors/detector.ts";
import type { ContestantChoice } from "./contestant.ts";
import type { Result } from "./race.ts";

/** One line of the benchmark: what `--json` prints. Times in milliseconds, memory in megabytes (10⁶). */
export interface Row {
  readonly name: string;
  readonly engine: string;
  readonly model: string;
  /** `640x640`: width × height of the model input. */
  readonly size: string;
  readonly precision: string;
  /** How ours was compiled: `i8`, `i16`, `f32-relaxed`, `f32`. */
  readonly variant: string;
  readonly threads: number | "default";
  readonly load_ms: number;
  readonly first_ms: number;
  readonly p50_ms: number;
  readonly p90_ms: number;
  readonly rss_mb: number;
  /** Multiplications and additions of the network's convolutions, computed the direct way, in 10⁹ per second. */
  readonly gflops: number;
  /** The same in percent of what the f32 peak loop reached between the rounds of this very race. */
  readonly simd128_percent: number;
  /** And of the i16 dot product's peak loop; for i16 rows. */
  readonly dot_percent?: number;
  /** From the start of a process to its first detection, the median of several. */
  readonly start_ms?: number;
  /** From a module in memory to a new detector's first detection, and the same in steady inferences. */
  readonly respawn_ms?: number;
  readonly respawn_inferences?: number;
  /** Answers per second with two instances, over those with one. */
  readonly two_instances?: number;
}

/** What is measured apart from the race. */
export interface Extras {
  readonly startMs: number | undefined;
  readonly respawnMs: number | undefined;
  readonly twoInstances: number | undefined;
}

/** What the peak loops reached, operations per second. */
export interface Peaks {
  readonly f32: number;
  readonly i16: number;
}

/** A contestant's result as a row. @param operations what one inference is credited with */
export function toRow(
  choice: ContestantChoice,
  result: Result,
  { startMs, respawnMs, twoInstances }: Extras,
  operations: number,
  peaks: Peaks,
): Row {
  const precision = VARIANTS.find(({ name }) => name === choice.variant)?.precision ?? "f32";
  const perSecond = operations / (result.p50Ms / 1000);
  return {
    name: choice.name,
    engine: choice.engine,
    model: choice.model,
    size: `${choice.width}x${choice.height}`,
    precision,
    variant: choice.variant,
    threads: choice.threads ?? "default",
    load_ms: rounded(result.loadMs),
    first_ms: rounded(result.firstMs),
    p50_ms: rounded(result.p50Ms),
    p90_ms: rounded(result.p90Ms),
    rss_mb: rounded(result.rssMb),
    gflops: rounded(perSecond / 1e9),
    simd128_percent: rounded((100 * perSecond) / peaks.f32),
    ...(precision === "i16" ? { dot_percent: rounded((100 * perSecond) / peaks.i16) } : {}),
    ...(startMs === undefined ? {} : { start_ms: rounded(startMs) }),
    ...(respawnMs === undefined
      ? {}
      : { respawn_ms: rounded(respawnMs), respawn_inferences: rounded(respawnMs / result.p50Ms) }),
    ...(twoInstances === undefined ? {} : { two_instances: rounded(twoInstances) }),
  };
}

/** The one that computes in WebAssembly on one thread as ours does, at the same size. */
export function webPeer(row: Row, rows: readonly Row[]): Row | undefined {
  return rows.find(
    ({ name, model, size, threads }) =>
      (name === "onnxruntime-web" || name === "tfjs-backend-wasm") &&
      threads === 1 &&
      model === row.model &&
      size === row.size,
  );
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}

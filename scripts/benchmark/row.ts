import { VARIANTS } from "../../detectors/detector.ts";
import type { ContestantChoice } from "./contestant.ts";
import type { Result } from "./race.ts";

/** One row of the benchmark, as `--json` prints it. Times in milliseconds, memory in megabytes (10⁶). */
export interface Row {
  readonly name: string;
  readonly engine: string;
  readonly model: string;
  /** `640x640`: width × height of the model input. */
  readonly size: string;
  readonly precision: string;
  /** Variant of our module: `i8`, `i16`, `f32-relaxed`, `f32`. */
  readonly variant: string;
  readonly threads: number | "default";
  readonly load_ms: number;
  readonly first_ms: number;
  readonly p50_ms: number;
  readonly p90_ms: number;
  readonly rss_mb: number;
  /** Multiplications and additions of the network's convolutions when computed directly, in 10⁹ per second. */
  readonly gflops: number;
  /** The same in percent of the f32 peak loop's rate in the same race. */
  readonly simd128_percent: number;
  /** The same in percent of the i16 peak loop's rate; for i16 rows. */
  readonly dot_percent?: number;
  /** From the start of a process to its first detection, median. */
  readonly start_ms?: number;
  /** From a loaded module to a new guest's first detection, in milliseconds and in median inferences. */
  readonly respawn_ms?: number;
  readonly respawn_inferences?: number;
  /** Throughput of two instances divided by that of one. */
  readonly two_instances?: number;
}

/** Measurements outside the race. */
export interface Extras {
  readonly startMs: number | undefined;
  readonly respawnMs: number | undefined;
  readonly twoInstances: number | undefined;
}

/** Operations per second of the peak loops. */
export interface Peaks {
  readonly f32: number;
  readonly i16: number;
}

/** A contestant's result as a row. @param operations of one inference */
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

/** The peer at the same size that also runs in WebAssembly on one thread. */
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

import { type Contestant, sizeName } from "./contestants.ts";
import { latencyFigures } from "./latency.ts";
import type { Observation } from "./measure.ts";

/** One row of the benchmark, as `--json` prints it. */
export interface Row {
  /** The cameras' clips: `person+street`. */
  readonly scene: string;
  readonly cameras: number;
  readonly name: Contestant["name"];
  /** Ours: wasmer or v8; scripts: wasm or native. */
  readonly engine?: "wasmer" | "v8" | "wasm" | "native";
  readonly variant?: string;
  /** Size of the model's input: `640x640`. */
  readonly size?: string;
  readonly seconds: number;
  /** Seconds of CPU time per minute of one camera: in total, of the program, and of the ffmpeg processes it started. */
  readonly cpu_per_camera_minute: number;
  readonly cpu_own: number;
  readonly cpu_children: number;
  /** The total divided by that of decoding alone, if that was measured. */
  readonly vs_ffmpeg?: number;
  /** Frames of all cameras: `seen` = `gated` + `inferred` + `dropped`. */
  readonly seen: number;
  readonly gated: number;
  readonly inferred: number;
  readonly dropped: number;
  /** Frames that were not read because the reader was too slow. */
  readonly missed: number;
  /** Dropped and missed frames in percent of the frames that the cameras sent. */
  readonly lost_percent: number;
  readonly inferred_per_second: number;
  readonly regions: number;
  /** Messages with a known latency, and the latency from a frame's arrival to its message's. */
  readonly messages: number;
  readonly latency_p50_ms?: number;
  readonly latency_p95_ms?: number;
  /** Resident memory of all its processes, 10⁶ bytes. */
  readonly rss_mb: number;
  /** CPU utilisation of the machine, including cameras and broker. */
  readonly machine_busy_percent: number;
}

/** An observation as a row. @param decoding the row of decoding alone, for the same streams */
export function toRow(
  contestant: Contestant,
  { scene, cameras }: { readonly scene: string; readonly cameras: number },
  observed: Observation,
  decoding?: Row,
): Row {
  const { seconds, totals } = observed;
  const perCameraMinute = (cpuSeconds: number) => (cpuSeconds * 60) / (seconds * cameras);
  const [own, children] = [observed.ownCpuSeconds, observed.childCpuSeconds].map(perCameraMinute);
  const cpu = (own ?? 0) + (children ?? 0);
  const lost = totals.skipped + totals.missed;
  const latency = latencyFigures(observed.latenciesMs);
  return {
    scene,
    cameras,
    ...nameOf(contestant),
    seconds: tenths(seconds),
    cpu_per_camera_minute: hundredths(cpu),
    cpu_own: hundredths(own ?? 0),
    cpu_children: hundredths(children ?? 0),
    ...(decoding === undefined ? {} : { vs_ffmpeg: hundredths(cpu / decoding.cpu_per_camera_minute) }),
    seen: totals.seen,
    gated: totals.gated,
    inferred: totals.looked,
    dropped: totals.skipped,
    missed: totals.missed,
    lost_percent: lost === 0 ? 0 : hundredths((100 * lost) / (totals.seen + totals.missed)),
    inferred_per_second: tenths(totals.looked / seconds),
    regions: totals.regions,
    messages: observed.latenciesMs.length,
    ...(observed.latenciesMs.length === 0
      ? {}
      : { latency_p50_ms: Math.round(latency.p50), latency_p95_ms: Math.round(latency.p95) }),
    rss_mb: Math.round(observed.rssBytes / 1e6),
    machine_busy_percent: Math.round(100 * observed.machineBusy),
  };
}

/** What distinguishes a contestant from the others. */
export type ContestantName = Pick<Row, "name" | "engine" | "variant" | "size">;

/** The name of a contestant in a row. */
export function nameOf(contestant: Contestant): ContestantName {
  switch (contestant.name) {
    case "ffmpeg":
      return { name: contestant.name };
    case "sabrewing": {
      const { name, runtime, variant, size } = contestant;
      return { name, engine: runtime, variant, size: sizeName(size) };
    }
    case "onnxruntime-web":
      return { name: contestant.name, engine: "wasm", size: sizeName(contestant.size) };
    case "onnxruntime-node":
      return { name: contestant.name, engine: "native", size: sizeName(contestant.size) };
  }
}

function tenths(value: number): number {
  return Math.round(value * 10) / 10;
}

function hundredths(value: number): number {
  return Math.round(value * 100) / 100;
}

import type { Row } from "../../../../scripts/benchmark/pipeline/row.ts";

/** A row of our agent, with the given fields replaced. */
export function row(over: Partial<Row> = {}): Row {
  return {
    scene: "person",
    cameras: 1,
    name: "sabrewing",
    engine: "wasmer",
    variant: "i8",
    size: "320x320",
    seconds: 60,
    cpu_per_camera_minute: 3,
    cpu_own: 2,
    cpu_children: 1,
    seen: 300,
    gated: 200,
    inferred: 100,
    dropped: 0,
    missed: 0,
    lost_percent: 0,
    inferred_per_second: 1.7,
    regions: 120,
    messages: 2,
    latency_p50_ms: 40,
    latency_p95_ms: 60,
    rss_mb: 250,
    machine_busy_percent: 30,
    ...over,
  };
}

/** A row of decoding alone, which has fewer fields. */
export function decodingRow(): Row {
  const { engine, variant, size, latency_p50_ms, latency_p95_ms, ...rest } = row({ name: "ffmpeg" });
  return { ...rest, cpu_per_camera_minute: 2 };
}

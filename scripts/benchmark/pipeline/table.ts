import { alignColumns } from "../align-columns.ts";
import type { Capacity } from "./capacity.ts";
import type { ContestantName, Row } from "./row.ts";

interface Column<Line> {
  readonly heading: string;
  readonly cell: (line: Line) => string;
}

const NAME: readonly Column<ContestantName>[] = [
  { heading: "", cell: ({ name }) => name },
  { heading: "engine", cell: ({ engine }) => engine ?? "" },
  { heading: "variant", cell: ({ variant }) => variant ?? "" },
  { heading: "size", cell: ({ size }) => size ?? "" },
];

const FIGURES: readonly Column<Row>[] = [
  { heading: "cameras", cell: ({ cameras }) => `${cameras}` },
  { heading: "CPU s/min", cell: ({ cpu_per_camera_minute }) => cpu_per_camera_minute.toFixed(1) },
  { heading: "own", cell: ({ cpu_own }) => cpu_own.toFixed(1) },
  {
    heading: "vs ffmpeg",
    cell: ({ vs_ffmpeg }) => (vs_ffmpeg === undefined ? "" : `${vs_ffmpeg.toFixed(2)}×`),
  },
  { heading: "seen", cell: ({ seen }) => `${seen}` },
  { heading: "gated", cell: frames("gated") },
  { heading: "inferred", cell: frames("inferred") },
  { heading: "dropped", cell: frames("dropped") },
  { heading: "missed", cell: frames("missed") },
  { heading: "messages", cell: frames("messages") },
  { heading: "p50 ms", cell: ({ latency_p50_ms }) => `${latency_p50_ms ?? ""}` },
  { heading: "p95 ms", cell: ({ latency_p95_ms }) => `${latency_p95_ms ?? ""}` },
  { heading: "RSS MB", cell: ({ rss_mb }) => `${rss_mb}` },
  { heading: "busy", cell: ({ machine_busy_percent }) => `${machine_busy_percent} %` },
];

/** ffmpeg does not report these. */
function frames(key: "gated" | "inferred" | "dropped" | "missed" | "messages"): (row: Row) => string {
  return (row) => (row.name === "ffmpeg" ? "" : `${row[key]}`);
}

/** Formats the rows as a table. */
export function table(rows: readonly Row[]): string {
  return toTable<Row>(rows, [...NAME, ...FIGURES]);
}

/** A line about a row, printed while the others are measured. */
export function progressLine(row: Row): string {
  const { cameras, lost_percent: lost, latency_p95_ms: ms } = row;
  const who = NAME.map(({ cell }) => cell(row)).filter((word) => word !== "");
  const latency = ms === undefined ? "" : `, p95 ${ms} ms`;
  return `${cameras} × ${who.join(" ")}: ${row.cpu_per_camera_minute} CPU s/min, ${lost} % lost${latency}`;
}

/** Formats the capacities as a table, relative to those of the scripts in WebAssembly. */
export function capacityTable(capacities: readonly Capacity[]): string {
  return toTable<Capacity>(capacities, [
    ...NAME,
    { heading: "cameras", cell: ({ capacity, limited }) => `${limited ? "≥ " : ""}${capacity}` },
    { heading: "inferred/s", cell: ({ most_inferred_per_second: most }) => most.toFixed(1) },
    ...["640x640", "320x320"].map((size) => ({
      heading: `vs web ${size}`,
      cell: (ours: Capacity) => timesAsMany(ours, capacities, size),
    })),
  ]);
}

function timesAsMany(ours: Capacity, all: readonly Capacity[], size: string): string {
  const theirs = all.find((other) => other.name === "onnxruntime-web" && other.size === size);
  if (theirs === undefined) return "";
  if (theirs.capacity === 0) return ours.capacity === 0 ? "" : `${ours.capacity} : 0`;
  return `${(ours.capacity / theirs.capacity).toFixed(2)}×`;
}

function toTable<Line>(lines: readonly Line[], columns: readonly Column<Line>[]): string {
  const cells = lines.map((line) => columns.map(({ cell }) => cell(line)));
  return alignColumns([columns.map(({ heading }) => heading), ...cells], NAME.length);
}

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
  readonly threads: number;
  readonly load_ms: number;
  readonly first_ms: number;
  readonly p50_ms: number;
  readonly p90_ms: number;
  readonly rss_mb: number;
}

/** A contestant's result as a row; all contestants compute on one thread. */
export function toRow(choice: ContestantChoice, precision: string, result: Result): Row {
  return {
    name: choice.name,
    engine: choice.engine,
    model: choice.model,
    size: `${choice.width}x${choice.height}`,
    precision,
    threads: 1,
    load_ms: rounded(result.loadMs),
    first_ms: rounded(result.firstMs),
    p50_ms: rounded(result.p50Ms),
    p90_ms: rounded(result.p90Ms),
    rss_mb: rounded(result.rssMb),
  };
}

/** Those that compute in WebAssembly as ours does. */
const WEB_PEERS = ["onnxruntime-web", "tfjs-backend-wasm"];

const COLUMNS = [
  "",
  "engine",
  "model",
  "size",
  "precision",
  "load",
  "first",
  "p50",
  "p90",
  "RSS MB",
  "vs web",
];

/** The rows as a table for people; its last column: how many times as fast as the WebAssembly peer at the same size. */
export function table(rows: readonly Row[]): string {
  const cells = [COLUMNS, ...rows.map((row) => cellsOf(row, rows))];
  const widths = COLUMNS.map((_, column) => Math.max(...cells.map((line) => line[column]?.length ?? 0)));
  return cells
    .map((line) =>
      line
        .map((cell, column) =>
          column < 5 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
        )
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

function cellsOf(row: Row, rows: readonly Row[]): string[] {
  const web = rows.find(
    ({ name, model, size }) => WEB_PEERS.includes(name) && model === row.model && size === row.size,
  );
  const times = [row.load_ms, row.first_ms, row.p50_ms, row.p90_ms].map((ms) => ms.toFixed(1));
  const ratio = web === undefined ? "" : `${(web.p50_ms / row.p50_ms).toFixed(2)}×`;
  return [row.name, row.engine, row.model, row.size, row.precision, ...times, row.rss_mb.toFixed(0), ratio];
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}

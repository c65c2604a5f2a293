import { alignColumns } from "./align-columns.ts";
import { type Row, webPeer } from "./row.ts";

interface Column {
  readonly heading: string;
  readonly cell: (row: Row, rows: readonly Row[]) => string;
}

const WORDS: readonly Column[] = [
  { heading: "", cell: ({ name }) => name },
  { heading: "engine", cell: ({ engine }) => engine },
  { heading: "size", cell: ({ size }) => size },
  { heading: "variant", cell: ({ variant }) => variant },
  { heading: "threads", cell: ({ threads }) => `${threads}` },
];

const FIGURES: readonly Column[] = [
  { heading: "p50", cell: ({ p50_ms }) => p50_ms.toFixed(1) },
  { heading: "p90", cell: ({ p90_ms }) => p90_ms.toFixed(1) },
  { heading: "vs web", cell: (row, rows) => times(webPeer(row, rows)?.p50_ms, row.p50_ms) },
  { heading: "GFLOP/s", cell: ({ gflops }) => gflops.toFixed(1) },
  { heading: "of SIMD128", cell: ({ simd128_percent }) => `${simd128_percent.toFixed(0)} %` },
  { heading: "load", cell: ({ load_ms }) => load_ms.toFixed(0) },
  { heading: "first", cell: ({ first_ms }) => first_ms.toFixed(0) },
  { heading: "start", cell: ({ start_ms }) => start_ms?.toFixed(0) ?? "" },
  { heading: "vs web", cell: (row, rows) => times(webPeer(row, rows)?.start_ms, row.start_ms) },
  {
    heading: "respawn",
    cell: ({ respawn_inferences }) =>
      respawn_inferences === undefined ? "" : `${respawn_inferences.toFixed(1)} inf`,
  },
  {
    heading: "2 inst.",
    cell: ({ two_instances }) => (two_instances === undefined ? "" : `${two_instances.toFixed(2)}×`),
  },
  { heading: "RSS MB", cell: ({ rss_mb }) => rss_mb.toFixed(0) },
];

/** Formats the rows as a table. */
export function table(rows: readonly Row[]): string {
  const columns = [...WORDS, ...FIGURES];
  const lines = rows.map((row) => columns.map(({ cell }) => cell(row, rows)));
  return alignColumns([columns.map(({ heading }) => heading), ...lines], WORDS.length);
}

/** The speed-up, `2.41×`; empty when one of the two was not measured. */
function times(theirs: number | undefined, ours: number | undefined): string {
  return theirs === undefined || ours === undefined ? "" : `${(theirs / ours).toFixed(2)}×`;
}

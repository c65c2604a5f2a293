import type { Layer } from "../../../detectors/detector.ts";

const BAR_CELLS = 20;

/** A table of layers in execution order with their cost; the bar shows the share of the time. */
export function describeLayers(layers: readonly Layer[]): string {
  const longest = Math.max(...layers.map(({ share }) => share));
  const rows = layers.map(({ output, op, kernel, shape, flops, ms, share }) => [
    output,
    op,
    kernel,
    shape.join("×"),
    flops === 0 ? "" : (flops / 1e6).toFixed(1),
    ms.toFixed(2),
    flops === 0 ? "" : (flops / ms / 1e6).toFixed(0),
    `${(100 * share).toFixed(1)} %`,
    "█".repeat(Math.round((BAR_CELLS * share) / longest)),
  ]);
  const table = [["layer", "operator", "kernel", "output", "MFLOP", "ms", "GFLOP/s", "share", ""], ...rows];
  const widths =
    table[0]?.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0))) ?? [];
  const isNumber = (column: number): boolean => column >= 4 && column <= 7;
  const lines = table.map((row) =>
    row
      .map((cell, column) =>
        isNumber(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join("  ")
      .trimEnd(),
  );
  const totalMs = layers.reduce((sum, { ms }) => sum + ms, 0);
  const totalFlops = layers.reduce((sum, { flops }) => sum + flops, 0);
  return [
    ...lines,
    `total ${totalMs.toFixed(1)} ms, ${(totalFlops / 1e9).toFixed(2)} GFLOP, ${(totalFlops / totalMs / 1e6).toFixed(0)} GFLOP/s (measured in V8 on this machine; FLOPs of each layer's plain definition)`,
    "",
  ].join("\n");
}

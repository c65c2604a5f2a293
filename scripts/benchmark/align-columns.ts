/**
 * Formats cells as a table with two spaces between columns.
 * @param words number of columns, from the left, that hold words; the others hold figures and are right-aligned
 */
export function alignColumns(lines: readonly (readonly string[])[], words: number): string {
  const count = Math.max(0, ...lines.map((line) => line.length));
  const widths = Array.from({ length: count }, (_, at) =>
    Math.max(...lines.map((line) => line[at]?.length ?? 0)),
  );
  const pad = (cell: string, at: number): string =>
    at < words ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0);
  return lines.map((line) => line.map(pad).join("  ").trimEnd()).join("\n");
}

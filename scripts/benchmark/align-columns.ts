/**
 * Cells as a table for people: columns two spaces apart.
 * @param words how many columns from the left hold words; the others hold figures and are set to the right
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

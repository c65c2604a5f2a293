/** One row paired with one column. */
export interface Pair {
  readonly row: number;
  readonly column: number;
}

/**
 * Pairs rows with columns, each at most once: as many pairs as possible, at the lowest total cost.
 *
 * The Hungarian method by shortest augmenting paths (Jonker and Volgenant 1987, "A shortest augmenting path algorithm
 * for dense and sparse linear assignment problems"), cubic in the larger side.
 * @param costs one array per row, all of the same length; each cost is 0 or more, Infinity for a forbidden pair.
 * @returns pairs in the order of their rows.
 */
export function assign(costs: readonly (readonly number[])[]): readonly Pair[] {
  const rows = costs.length;
  const columns = costs[0]?.length ?? 0;
  const size = Math.max(rows, columns);
  const costOf = (row: number, column: number) => costs[row]?.[column] ?? Infinity;

  // The method needs a square matrix and pairs every row. Missing and forbidden cells get one price above the sum of all
  // allowed costs: one more allowed pair always beats a lower sum, and pairs at that price are removed afterwards.
  let highest = 0;
  for (const cost of costs.flat()) if (cost !== Infinity) highest = Math.max(highest, cost);
  const forbidden = (highest + 1) * (size + 1);

  const rowOfColumn = pairAll(size, (row, column) => Math.min(costOf(row, column), forbidden));
  return rowOfColumn
    .map((row, column) => ({ row, column }))
    .filter(({ row, column }) => costOf(row, column) !== Infinity)
    .sort((a, b) => a.row - b.row);
}

/**
 * Pairs every row of a square matrix with a column, row by row. The prices of rows and columns (the dual variables) keep
 * every reduced cost `cost − rowPrice − columnPrice` at 0 or more, and at exactly 0 for pairs, which proves that the sum
 * is minimal.
 * @returns the row paired with each column.
 */
function pairAll(size: number, costOf: (row: number, column: number) => number): readonly number[] {
  const rowPrices = new Float64Array(size);
  const columnPrices = new Float64Array(size);
  const rowOfColumn = new Int32Array(size).fill(-1);

  for (let newRow = 0; newRow < size; newRow++) {
    // Dijkstra over reduced costs, from the new row to the nearest free column.
    const distances = new Float64Array(size).fill(Infinity);
    const cameFrom = new Int32Array(size).fill(-1);
    const visited = new Uint8Array(size);
    let row = newRow;
    let through = -1;
    let travelled = 0;
    let end = -1;
    while (end < 0) {
      let nearest = -1;
      for (let column = 0; column < size; column++) {
        if (visited[column] === 1) continue;
        const distance = travelled + costOf(row, column) - at(rowPrices, row) - at(columnPrices, column);
        if (distance < at(distances, column)) {
          distances[column] = distance;
          cameFrom[column] = through;
        }
        if (nearest < 0 || at(distances, column) < at(distances, nearest)) nearest = column;
      }
      travelled = at(distances, nearest);
      visited[nearest] = 1;
      through = nearest;
      if (at(rowOfColumn, nearest) < 0) end = nearest;
      else row = at(rowOfColumn, nearest);
    }

    rowPrices[newRow] = at(rowPrices, newRow) + travelled;
    for (let column = 0; column < size; column++) {
      if (visited[column] === 0) continue;
      const slack = travelled - at(distances, column);
      columnPrices[column] = at(columnPrices, column) - slack;
      const owner = at(rowOfColumn, column);
      if (owner >= 0) rowPrices[owner] = at(rowPrices, owner) + slack;
    }

    // Along the path, each column moves to the row that reached it, and the first column to the new row.
    for (let column = end; column >= 0; ) {
      const previous = at(cameFrom, column);
      rowOfColumn[column] = previous < 0 ? newRow : at(rowOfColumn, previous);
      column = previous;
    }
  }
  return [...rowOfColumn];
}

/** An element whose index is known to be in range. */
function at(values: Float64Array | Int32Array, index: number): number {
  return values[index] ?? Number.NaN;
}

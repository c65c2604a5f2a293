import { writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { plot } from "./plot.ts";
import type { Row } from "./row.ts";

/** Pixels of the PNG per unit of the drawing: sharp on screens of twice the density. */
const SCALE = 2;

/** Draws the rows as `benchmark.svg` and `benchmark.png` in a folder. */
export async function writePlot(rows: readonly Row[], folder: string): Promise<void> {
  const cpu = cpus()[0]?.model.trim() ?? "unknown CPU";
  const svg = plot(rows, `${cpu}, Node ${process.versions.node}`);
  await writeFile(join(folder, "benchmark.svg"), svg);
  const png = sharp(Buffer.from(svg), { density: 72 * SCALE }).png({ palette: true, compressionLevel: 9 });
  await png.toFile(join(folder, "benchmark.png"));
}

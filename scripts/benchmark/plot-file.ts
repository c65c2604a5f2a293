import { mkdir, writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import { join } from "node:path";
import sharp from "sharp";

/** Pixels of the PNG per unit of the drawing, for high-density screens. */
const SCALE = 2;

/** Writes a drawing as `<name>.svg` and `<name>.png` in a folder. */
export async function writePlot(svg: string, folder: string, name: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, `${name}.svg`), svg);
  const png = sharp(Buffer.from(svg), { density: 72 * SCALE }).png({ palette: true, compressionLevel: 9 });
  await png.toFile(join(folder, `${name}.png`));
}

/** CPU and Node, for a footnote. */
export function thisMachine(): string {
  return `${cpus()[0]?.model.trim() ?? "unknown CPU"}, Node ${process.versions.node}`;
}

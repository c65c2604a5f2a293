import { writeFile } from "node:fs/promises";
import sharp, { type OverlayOptions } from "sharp";
import type { Box } from "../../../detectors/detector.ts";
import type { RgbImage } from "../../base/rgb-image.ts";
import { drawMarks, type Mark } from "../../view/marks.ts";
import { charactersIn, drawText, textWidth } from "../../view/text.ts";

/** Thumbnails of many images, arranged on a few pages. */
export interface ContactSheets {
  /** @param caption the image's name and its objects */
  add(image: RgbImage, marks: readonly Mark[], caption: string): Promise<void>;
  /** Writes the last page. A single image does not give a page. @returns the files written. */
  finish(): Promise<readonly string[]>;
}

const COLUMNS = 4;
const ROWS = 5;
const TILE = { width: 480, height: 300 };
const CAPTION_PX = 15;
const CAPTION_HEIGHT = 24;
const GAP = 8;
const PAPER = "#16181c";

/** RGB pixels, at most the size of a tile. */
interface Tile extends RgbImage {
  readonly caption: string;
}

/**
 * Collects images on pages of 4 × 5. Holds the thumbnails of one page at most.
 * @param fileFor file name of a page, counted from 1
 */
export function contactSheets(fileFor: (page: number) => string): ContactSheets {
  const written: string[] = [];
  let tiles: Tile[] = [];
  let images = 0;

  async function writePage(): Promise<void> {
    const file = fileFor(written.length + 1);
    await writeFile(file, await drawPage(tiles));
    written.push(file);
    tiles = [];
  }

  return {
    async add(image, marks, caption) {
      if (tiles.length === COLUMNS * ROWS) await writePage();
      tiles.push({ ...(await drawSmall(image, marks)), caption });
      images++;
    },
    async finish() {
      if (images > 1) await writePage();
      return written;
    },
  };
}

/** @returns a JPEG, only as wide as its tiles. */
async function drawPage(tiles: readonly Tile[]): Promise<Buffer> {
  const columns = Math.min(COLUMNS, tiles.length);
  const rows = Math.ceil(tiles.length / columns);
  const cell = { width: TILE.width + GAP, height: TILE.height + CAPTION_HEIGHT + GAP };
  const layers = tiles.flatMap((tile, index) => {
    const left = GAP + (index % columns) * cell.width;
    const top = GAP + Math.floor(index / columns) * cell.height;
    return layersOf(tile, left, top);
  });
  const size = { width: GAP + columns * cell.width, height: GAP + rows * cell.height };
  return sharp({ create: { ...size, channels: 3, background: PAPER } })
    .composite(layers)
    .jpeg({ quality: 88, chromaSubsampling: "4:4:4" })
    .toBuffer();
}

/** Scales down before drawing, so that lines and letters stay crisp. */
async function drawSmall({ width, height, pixels }: RgbImage, marks: readonly Mark[]): Promise<RgbImage> {
  const scale = Math.min(1, TILE.width / width, TILE.height / height);
  const size = { width: Math.round(width * scale), height: Math.round(height * scale) };
  const small = await sharp(pixels, { raw: { width, height, channels: 3 } })
    .resize({ ...size, fit: "fill" })
    .raw()
    .toBuffer();
  const drawing = drawMarks(
    size.width,
    size.height,
    marks.map((mark) => ({ ...mark, box: scaled(mark.box, scale) })),
  );
  const drawn = await sharp(small, { raw: { ...size, channels: 3 } })
    .composite([{ input: Buffer.from(drawing) }])
    .removeAlpha()
    .raw()
    .toBuffer();
  return { ...size, pixels: drawn };
}

function scaled([x1, y1, x2, y2]: Box, scale: number): Box {
  return [x1 * scale, y1 * scale, x2 * scale, y2 * scale];
}

/** Centres the image in its tile, with the caption below. */
function layersOf({ width, height, pixels, caption }: Tile, left: number, top: number): OverlayOptions[] {
  const most = charactersIn(TILE.width, CAPTION_PX);
  const shown = caption.length <= most ? caption : `${caption.slice(0, most - 1)}…`;
  const textLeft = (TILE.width - textWidth(shown, CAPTION_PX)) / 2;
  const text = drawText(textLeft, CAPTION_PX + 2, shown, { fontPx: CAPTION_PX, fill: "#e8e8e8" });
  const size = `width="${TILE.width}" height="${CAPTION_HEIGHT}"`;
  return [
    {
      input: Buffer.from(pixels),
      raw: { width, height, channels: 3 },
      left: left + Math.floor((TILE.width - width) / 2),
      // Aligned to the bottom, next to the caption.
      top: top + TILE.height - height,
    },
    {
      input: Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" ${size}>${text}</svg>`),
      left,
      top: top + TILE.height,
    },
  ];
}

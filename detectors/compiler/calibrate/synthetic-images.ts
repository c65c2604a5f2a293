import type { ImageSize } from "../graph/graph.ts";

/**
 * Images for calibration without a camera's frames, of enough kinds to drive a network's activations about as far as
 * photographs do. 16-bit arithmetic has headroom for the difference; 8-bit arithmetic needs real frames.
 */

type Random = () => number;
type Colour = readonly [red: number, green: number, blue: number];
/** Writes a pixel; ignores pixels outside the image. */
type PaintPixel = (x: number, y: number, colour: Colour) => void;
type Draw = (paint: PaintPixel, size: ImageSize, random: Random) => void;

/** Images of each kind. */
const ROUNDS = 2;

/** RGB, row by row; each is drawn when it is asked for. The same size always gives the same images. */
export function* syntheticImages(size: ImageSize): Generator<Uint8Array, void> {
  const random = randomNumbers(20_170_508);
  for (let round = 0; round < ROUNDS; round++) for (const draw of kinds) yield drawImage(size, draw, random);
}

/** All kinds, in order. Scenes of shapes over a gradient come closest to photographs; noise covers the band of every filter. */
const kinds: readonly Draw[] = [
  (paint, size, random) => noise(paint, size, random, 1),
  (paint, size, random) => noise(paint, size, random, 6),
  (paint, size, random) => noise(paint, size, random, 24),
  (paint, size, random) => noise(paint, size, random, 96),
  (paint, size, random) => gradient(paint, size, random),
  (paint, size, random) => checkers(paint, size, random),
  (paint, size, random) => scene(paint, size, random, 12),
  (paint, size, random) => scene(paint, size, random, 60),
  (paint, size, random) => figures(paint, size, random),
  (paint, size, random) => text(paint, size, random),
];

/** The number of images that `syntheticImages` draws. */
export const SYNTHETIC_IMAGES = ROUNDS * kinds.length;

function drawImage(size: ImageSize, draw: Draw, random: Random): Uint8Array {
  const { width, height } = size;
  const pixels = new Uint8ClampedArray(width * height * 3);
  draw(
    (x, y, colour) => {
      if (x >= 0 && x < width && y >= 0 && y < height) pixels.set(colour, (y * width + x) * 3);
    },
    size,
    random,
  );
  return new Uint8Array(pixels.buffer);
}

/** Value noise: random colours on a lattice of `cell` pixels, interpolated bilinearly. Its spectrum falls off above 1 / cell. */
function noise(paint: PaintPixel, { width, height }: ImageSize, random: Random, cell: number): void {
  const columns = Math.ceil(width / cell) + 1;
  const rows = Math.ceil(height / cell) + 1;
  const lattice = Array.from({ length: columns * rows }, () => anyColour(random));
  const at = (column: number, row: number): Colour => lattice[row * columns + column] ?? BLACK;
  for (let y = 0; y < height; y++) {
    const row = Math.floor(y / cell);
    const down = y / cell - row;
    for (let x = 0; x < width; x++) {
      const column = Math.floor(x / cell);
      const right = x / cell - column;
      const above = mix(at(column, row), at(column + 1, row), right);
      const below = mix(at(column, row + 1), at(column + 1, row + 1), right);
      paint(x, y, mix(above, below, down));
    }
  }
}

/** A gradient between two colours in a random direction. */
function gradient(paint: PaintPixel, { width, height }: ImageSize, random: Random): void {
  const from = anyColour(random);
  const to = anyColour(random);
  const angle = random() * Math.PI * 2;
  const [alongX, alongY] = [Math.cos(angle) / width, Math.sin(angle) / height];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      paint(x, y, mix(from, to, clampToUnit(0.5 + (x - width / 2) * alongX + (y - height / 2) * alongY)));
    }
  }
}

/** Black and white fields of 1, 2, 4, … pixels, one size per strip: edges of the highest contrast. */
function checkers(paint: PaintPixel, { width, height }: ImageSize, random: Random): void {
  const strips = 6;
  const phase = Math.floor(random() * 64);
  for (let y = 0; y < height; y++) {
    const side = 2 ** Math.floor((y * strips) / height);
    for (let x = 0; x < width; x++) {
      const isWhite = (Math.floor((x + phase) / side) + Math.floor(y / side)) % 2 === 0;
      paint(x, y, isWhite ? WHITE : BLACK);
    }
  }
}

/** Shaded boxes and ellipses of all sizes that overlap in front of a gradient. */
function scene(paint: PaintPixel, size: ImageSize, random: Random, shapes: number): void {
  gradient(paint, size, random);
  const { width, height } = size;
  for (let shape = 0; shape < shapes; shape++) {
    const halfWidth = (0.01 + 0.25 * random() ** 2) * width;
    const halfHeight = (0.01 + 0.25 * random() ** 2) * height;
    const draw = random() < 0.5 ? ellipse : box;
    draw(paint, random() * width, random() * height, halfWidth, halfHeight, anyColour(random), random);
  }
}

/** Upright figures with head, trunk and legs, and vehicles, on a ground below a sky. */
function figures(paint: PaintPixel, size: ImageSize, random: Random): void {
  const { width, height } = size;
  const horizon = (0.3 + 0.3 * random()) * height;
  box(paint, width / 2, horizon / 2, width / 2, horizon / 2, anyColour(random), random);
  box(paint, width / 2, (height + horizon) / 2, width / 2, (height - horizon) / 2, anyColour(random), random);
  for (let figure = 0; figure < 10; figure++) {
    const tall = (0.08 + 0.5 * random() ** 2) * height;
    const foot = horizon + random() * (height - horizon);
    const x = random() * width;
    if (figure % 2 === 0) {
      const skin = mix([96, 64, 48], [240, 200, 170], random());
      const trousers = anyColour(random);
      for (const side of [-0.07, 0.07]) {
        box(paint, x + side * tall, foot - 0.22 * tall, 0.05 * tall, 0.24 * tall, trousers, random);
      }
      box(paint, x, foot - 0.62 * tall, 0.14 * tall, 0.2 * tall, anyColour(random), random);
      ellipse(paint, x, foot - 0.91 * tall, 0.07 * tall, 0.09 * tall, skin, random);
    } else {
      const paintwork = anyColour(random);
      box(paint, x, foot - 0.25 * tall, 0.8 * tall, 0.2 * tall, paintwork, random);
      box(paint, x, foot - 0.55 * tall, 0.4 * tall, 0.14 * tall, mix(paintwork, WHITE, 0.4), random);
      for (const side of [-0.5, 0.5]) {
        ellipse(paint, x + side * tall, foot - 0.1 * tall, 0.14 * tall, 0.14 * tall, [20, 20, 24], random);
      }
    }
  }
}

/** Lines of glyphs, each a few strokes on a grid: the edge density of print. */
function text(paint: PaintPixel, { width, height }: ImageSize, random: Random): void {
  const paper = mix(WHITE, anyColour(random), 0.2);
  const ink = mix(BLACK, anyColour(random), 0.2);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) paint(x, y, paper);
  let top = 4;
  while (top < height) {
    const glyph = 4 + Math.floor(random() ** 2 * 40);
    const stroke = Math.max(1, Math.round(glyph / 7));
    for (let left = 4; left < width - glyph; left += glyph) {
      if (random() < 0.18) continue;
      for (let part = 0; part < 4; part++) {
        const across = random() < 0.5;
        const fixed = Math.floor(random() * 3) * Math.floor((glyph * 0.35) | 0);
        for (let along = 0; along < glyph * 0.75; along++) {
          for (let thick = 0; thick < stroke; thick++) {
            paint(left + (across ? along : fixed + thick), top + (across ? fixed + thick : along), ink);
          }
        }
      }
    }
    top += Math.ceil(glyph * 1.4);
  }
}

function box(
  paint: PaintPixel,
  x: number,
  y: number,
  halfWidth: number,
  halfHeight: number,
  colour: Colour,
  random: Random,
): void {
  shade(paint, x, y, halfWidth, halfHeight, colour, random, () => true);
}

function ellipse(
  paint: PaintPixel,
  x: number,
  y: number,
  halfWidth: number,
  halfHeight: number,
  colour: Colour,
  random: Random,
): void {
  shade(paint, x, y, halfWidth, halfHeight, colour, random, (u, v) => u * u + v * v <= 1);
}

/** A shape in [−1, 1]² around (x, y), darker towards one side and grainy, like a lit object. */
function shade(
  paint: PaintPixel,
  x: number,
  y: number,
  halfWidth: number,
  halfHeight: number,
  colour: Colour,
  random: Random,
  isInside: (u: number, v: number) => boolean,
): void {
  const [slope, grain] = [random() - 0.5, random() * 0.2];
  for (let py = Math.round(y - halfHeight); py <= y + halfHeight; py++) {
    for (let px = Math.round(x - halfWidth); px <= x + halfWidth; px++) {
      const [u, v] = [(px - x) / halfWidth, (py - y) / halfHeight];
      if (!isInside(u, v)) continue;
      paint(px, py, mix(colour, BLACK, clampToUnit(0.25 + slope * (u + v) * 0.5 + grain * (random() - 0.5))));
    }
  }
}

const BLACK: Colour = [0, 0, 0];
const WHITE: Colour = [255, 255, 255];

function anyColour(random: Random): Colour {
  return [255 * random(), 255 * random(), 255 * random()];
}

function mix(a: Colour, b: Colour, share: number): Colour {
  return [a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share, a[2] + (b[2] - a[2]) * share];
}

function clampToUnit(value: number): number {
  return Math.min(Math.max(value, 0), 1);
}

/** Numbers in [0, 1) that depend only on the seed (Mulberry32 by Tommy Ettinger, public domain). */
function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

import type { Size } from "../../../agent/base/box.ts";
import { seeded } from "../../support/base/seeded.ts";

export const SIZE: Size = { width: 768, height: 432 };
const PIXELS = SIZE.width * SIZE.height;

/** The brightness of a scene, 0..255 per pixel, before light and noise. */
export type Ground = Float32Array;

/** Gravel and grass in sun and shade: smooth random patches of several sizes. @param contrast grey levels of the small ones */
export function drawGround(seed: number, contrast: number): Ground {
  const random = seeded(seed);
  const ground = new Float32Array(PIXELS).fill(115);
  for (const [cell, levels] of [
    [4, contrast],
    [8, contrast],
    [16, contrast],
    [150, 110],
  ] as const) {
    const across = Math.ceil(SIZE.width / cell) + 1;
    const knots = Float32Array.from({ length: across * (Math.ceil(SIZE.height / cell) + 1) }, () => {
      return levels * (2 * random() - 1);
    });
    for (let index = 0; index < PIXELS; index++) {
      const x = (index % SIZE.width) / cell;
      const y = Math.floor(index / SIZE.width) / cell;
      const at = Math.floor(y) * across + Math.floor(x);
      const upper = mix(knots[at], knots[at + 1], x % 1);
      const lower = mix(knots[at + across], knots[at + across + 1], x % 1);
      ground[index] = (ground[index] ?? 0) + mix(upper, lower, y % 1);
    }
  }
  return ground;
}

/** The ground between pixels, as a camera sees it that has moved by this many pixels. */
export function shifted(ground: Ground, dx: number, dy: number): Ground {
  return warped(ground, () => [dx, dy]);
}

/** A scene in which each pixel shows the ground at an offset. @param offsetAt pixels, or undefined where nothing moves */
export function warped(
  ground: Ground,
  offsetAt: (x: number, y: number) => readonly [dx: number, dy: number] | undefined,
): Ground {
  const { width, height } = SIZE;
  const seen = ground.slice();
  for (let y = 3; y < height - 4; y++) {
    for (let x = 3; x < width - 4; x++) {
      const offset = offsetAt(x, y);
      if (offset === undefined) continue;
      const [fromX, fromY] = [x + offset[0], y + offset[1]];
      const at = Math.floor(fromY) * width + Math.floor(fromX);
      const [shareX, shareY] = [fromX - Math.floor(fromX), fromY - Math.floor(fromY)];
      const upper = mix(ground[at], ground[at + 1], shareX);
      const lower = mix(ground[at + width], ground[at + width + 1], shareX);
      seen[y * width + x] = mix(upper, lower, shareY);
    }
  }
  return seen;
}

export interface Walker {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** Grey levels by which the walker is darker than the ground. */
  readonly contrast: number;
}

export function withWalker(ground: Ground, { x, y, width, height, contrast }: Walker): Ground {
  const seen = ground.slice();
  for (let row = y; row < y + height; row++) {
    for (let column = x; column < x + width; column++) {
      const index = row * SIZE.width + column;
      seen[index] = (ground[index] ?? 0) - contrast;
    }
  }
  return seen;
}

/** Streaks of rain. */
export function withRain(ground: Ground, random: () => number, streaks: number): Ground {
  const seen = ground.slice();
  for (let streak = 0; streak < streaks; streak++) {
    const [x, y, length] = [random() * SIZE.width, random() * SIZE.height, 10 + random() * 20];
    for (let step = 0; step < length; step++) {
      const [column, row] = [Math.floor(x - step / 4), Math.floor(y + step)];
      if (column < 1 || column > SIZE.width - 2 || row > SIZE.height - 1) continue;
      const index = row * SIZE.width + column;
      for (const [at, light] of [
        [index - 1, 15],
        [index, 30],
        [index + 1, 15],
      ] as const) {
        seen[at] = (seen[at] ?? 0) + light;
      }
    }
  }
  return seen;
}

/** Flakes of snow. */
export function withSnow(ground: Ground, random: () => number, flakes: number): Ground {
  const seen = ground.slice();
  for (let flake = 0; flake < flakes; flake++) {
    const radius = 1 + random() * 3;
    const [x, y] = [5 + random() * (SIZE.width - 10), 5 + random() * (SIZE.height - 10)];
    for (let row = Math.ceil(y - radius); row < y + radius; row++) {
      for (let column = Math.ceil(x - radius); column < x + radius; column++) {
        if (Math.hypot(column - x, row - y) > radius) continue;
        const index = row * SIZE.width + column;
        seen[index] = (seen[index] ?? 0) + 60;
      }
    }
  }
  return seen;
}

/** The noise of a sensor: the same sequence for the same seed. */
export function openSensor(seed: number): (scene: Ground, noise: number) => Uint8ClampedArray {
  const random = seeded(seed);
  // The sum of twelve uniformly distributed numbers is approximately normal.
  const dice = Float32Array.from({ length: 2 ** 16 }, () => {
    let sum = -6;
    for (let throws = 0; throws < 12; throws++) sum += random();
    return sum;
  });
  return (scene, noise) => {
    const seen = new Uint8ClampedArray(PIXELS);
    let die = Math.floor(random() * dice.length);
    for (let index = 0; index < PIXELS; index++) {
      // Rows begin elsewhere in the sequence, so that it does not repeat in the image.
      die = (die + (index % SIZE.width === 0 ? Math.floor(random() * dice.length) : 1)) & (dice.length - 1);
      seen[index] = (scene[index] ?? 0) + noise * (dice[die] ?? 0);
    }
    return seen;
  };
}

function mix(from = 0, to = 0, share = 0): number {
  return from + share * (to - from);
}

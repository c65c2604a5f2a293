import type { Size } from "../base/box.ts";
import { clamp } from "../base/numbers.ts";
import { type Component, findWeighedComponents } from "./components.ts";
import { gradientAt } from "./filters.ts";
import { weightOf } from "./weight.ts";

/**
 * Small or faint motion: a distant walker, or one as grey as the ground. Its pixels may differ by only half the threshold, or
 * be too few for the area. It counts if its pixels together differ as much as `contour_area` pixels at the threshold. Rain,
 * leaves and a trembling camera differ as much. Therefore each pixel must stand out from its own unrest and from the camera's
 * tremor, and a group from the other groups.
 */
export interface FaintMotion {
  /** How much each pixel usually differs from the background, grey levels: leaves, water, the digits of a clock. */
  readonly unrest: Float32Array;
  /** When `unrest` was learnt, milliseconds; it fades since then. */
  readonly learntMs: Float64Array;
  /** Of the pixels that moved faintly in the newest frame: `FULL_WEIGHT` at the threshold. */
  readonly weights: Uint8Array;
  /** The indices of the pixels of the newest frame that differ notably, row by row, then of those that moved faintly. */
  readonly notable: Uint32Array;
}

/** The newest frame's difference from the background, and what is known about it. */
export interface Difference {
  readonly size: Size;
  /** Smoothed, grey levels per pixel. */
  readonly difference: Float32Array;
  /** Grey levels per pixel. */
  readonly background: Float32Array;
  /** The difference that a faint pixel exceeds, grey levels. */
  readonly level: number;
  /** The number of pixels in `notable`. */
  readonly count: number;
  readonly timeMs: number;
  /** The nominal interval of frames, milliseconds. */
  readonly intervalMs: number;
  /** Frame intervals since the last frame. */
  readonly frames: number;
}

/** The weight of a pixel that differs by the threshold. */
const FULL_WEIGHT = 64;
/** A larger difference weighs no more than this: a bright insect is no walker. */
const MOST_WEIGHT = 1.5 * FULL_WEIGHT;
/** The share of the threshold that a faint pixel must reach. */
const FAINT_SHARE = 0.5;
/** Grey levels. In fog, where the contrast is stretched most, half the threshold would be noise and rain. */
const FAINTEST = 9;
/** A pixel moved if it differs by more than this multiple of its unrest. */
const UNREST_MARGIN = 4;
/** The share of a faint pixel's level from which unrest is learnt. */
const NOTABLE_SHARE = 0.15;
/** Per frame interval. Unrest is learnt faster than it is forgotten: gusts come and go. */
const UNREST_RISE = 0.12;
const UNREST_FALL = 0.02;
/** The share of unrest that remains after so many frame intervals. */
const FADED = Float32Array.from({ length: 300 }, (_, frames) => (1 - UNREST_FALL) ** frames);
/** A shift changes pixels at edges across it by several times the mean of all pixels with gradient. */
const TREMOR_MARGIN = 4;
/** No camera stands quite still. In gradients, as `gradientAt` gives them. */
const LEAST_TREMOR = 0.03;
/** Grey levels per two pixels. Less gradient says nothing about the tremor. */
const LEAST_GRADIENT = 8;
/** Where the sampled gradients add up to less than this, the usual tremor of a mast in the wind is assumed. */
const FEW_GRADIENTS = 400;
const USUAL_TREMOR = 0.2;
/** Every so many rows and columns are sampled for the tremor: about 600 pixels. */
const ROW_STEP = 4;
const COLUMN_STEP = 7;
/** If more groups than this are alike, they are rain or snow. */
const MOST_ALIKE = 3;
/** A group must weigh this multiple of a group of rain or snow more than the area asks for. */
const STAND_OUT = 3;
/** Nothing is known about the scene yet. */
export function startFaintMotion(pixels: number): FaintMotion {
  return {
    unrest: new Float32Array(pixels),
    learntMs: new Float64Array(pixels),
    weights: new Uint8Array(pixels),
    notable: new Uint32Array(pixels),
  };
}

/** Differences of a pixel from the background, grey levels. */
export interface FaintLevels {
  /** A faint pixel exceeds this. */
  readonly level: number;
  /** Less tells nothing about the unrest of a pixel. */
  readonly notableLevel: number;
}

/**
 * @param tolerance the difference at which a pixel is motion by itself, grey levels.
 * @param noiseLevel the difference that noise does not reach, grey levels.
 */
export function faintLevels(tolerance: number, noiseLevel: number): FaintLevels {
  const level = Math.max(FAINT_SHARE * tolerance, FAINTEST, noiseLevel);
  return { level, notableLevel: Math.max(NOTABLE_SHARE * level, noiseLevel / 2) };
}

/**
 * Finds groups of notable pixels that moved faintly, and learns the unrest of all notable pixels.
 * @param area the least weight of a group, in pixels at the threshold.
 * @param tile as `findComponents` takes it.
 */
export function findFaint(
  faint: FaintMotion,
  frame: Difference,
  area: number,
  tile: number,
): readonly Component[] {
  const marked = markFaint(faint, frame);
  if (marked * MOST_WEIGHT < area * FULL_WEIGHT) return [];
  return outstanding(
    findWeighedComponents(faint.notable.subarray(0, marked), faint.weights, frame.size, tile),
    area,
  );
}

/** @returns the number of pixels that moved faintly; `notable` begins with them, and `weights` has their weights */
function markFaint(faint: FaintMotion, frame: Difference): number {
  const { unrest, learntMs, weights, notable } = faint;
  const { size, difference, background, level, count, timeMs, intervalMs, frames } = frame;
  const full = level / FAINT_SHARE;
  const scale = FULL_WEIGHT / full;
  const rise = weightOf(UNREST_RISE, frames);
  let tremor: number | undefined;
  let marked = 0;
  for (let at = 0; at < count; at++) {
    const index = notable[at] ?? 0;
    const differs = Math.abs(difference[index] ?? 0);
    const elapsed = Math.round((timeMs - (learntMs[index] ?? 0)) / intervalMs);
    const usual = (unrest[index] ?? 0) * (FADED[clamp(elapsed, 0, FADED.length - 1)] ?? 0);
    // Limited, so that a place recovers soon after a person has passed by.
    unrest[index] = usual + Math.max(Math.min(differs, full) - usual, 0) * rise;
    learntMs[index] = timeMs;
    if (differs <= level || differs <= UNREST_MARGIN * usual) continue;
    tremor ??= tremorOf(frame);
    if (differs <= level + tremor * gradientAt(background, size, index)) continue;
    weights[index] = Math.min(differs * scale, MOST_WEIGHT);
    notable[marked++] = index;
  }
  return marked;
}

/** How far the camera trembles now: the change of brightness per gradient that its shift may cause in any pixel. */
function tremorOf({ size: { width, height }, size, difference, background }: Difference): number {
  let [change, gradients] = [0, 0];
  for (let y = ROW_STEP >> 1; y < height; y += ROW_STEP) {
    for (let index = y * width + (COLUMN_STEP >> 1); index < (y + 1) * width; index += COLUMN_STEP) {
      const gradient = gradientAt(background, size, index);
      if (gradient < LEAST_GRADIENT) continue;
      change += Math.abs(difference[index] ?? 0);
      gradients += gradient;
    }
  }
  const tremor = (TREMOR_MARGIN * change + USUAL_TREMOR * FEW_GRADIENTS) / (gradients + FEW_GRADIENTS);
  return Math.max(tremor, LEAST_TREMOR);
}

/**
 * The groups that weigh as much as `area` pixels at the threshold, and stand out from the others.
 * @param groups their areas are sums of weights.
 */
function outstanding(groups: readonly Component[], area: number): readonly Component[] {
  const alike = groups.map((group) => group.area).sort((a, b) => b - a)[MOST_ALIKE] ?? 0;
  const least = area * FULL_WEIGHT + STAND_OUT * alike;
  return groups.filter((group) => group.area >= least);
}

import { type Box, type Size, sharedArea } from "../base/box.ts";
import { elapsedFrames } from "../base/intervals.ts";
import { type Polygon, polygonContains } from "../base/polygon.ts";
import type { RawFrame } from "../camera/frame.ts";
import type { MotionConfig } from "../config/schema.ts";
import { adoptAppearance, type Background, learn, relight, retone, startBackground } from "./background.ts";
import { findComponents } from "./components.ts";
import { countBrightness, stretchOf } from "./contrast.ts";
import { type Difference, type FaintMotion, faintLevels, findFaint, startFaintMotion } from "./faint.ts";
import { blur, gradientAt } from "./filters.ts";
import { planShrinking, type Shrinking, shrinkToGrey } from "./grey.ts";
import { findLightChange } from "./light.ts";
import { findToneCurve } from "./tone.ts";
import { weightOf } from "./weight.ts";

/** The motion in a frame. */
export interface Motion {
  /** Where something moved, pixels of the frame. */
  readonly boxes: readonly Box[];
  /** The whole frame changed (lightning, infrared lamp, exposure) or watching just began: motion is unknown. */
  readonly calibrating: boolean;
}

/** The state of one camera's gate. `detectMotion` changes its arrays in place: only the newest gate is valid. */
export interface Gate {
  readonly config: MotionConfig;
  readonly frame: Size;
  /** The nominal interval of frames, milliseconds: the weights in `config` are for one frame per interval. */
  readonly intervalMs: number;
  readonly shrinking: Shrinking;
  /** 1 for each pixel that no mask covers. */
  readonly unmasked: Uint8Array;
  readonly unmaskedPixels: number;
  readonly background: Background;
  /** The newest frame as a small image, grey levels. */
  readonly grey: Float32Array;
  /** Its difference from the background, smoothed, grey levels. */
  readonly difference: Float32Array;
  /** 1 for each pixel that moved in the newest frame; never under a mask. */
  readonly moved: Uint8Array;
  /** 1 for each unmasked pixel that did not move. */
  readonly still: Uint8Array;
  readonly faint: FaintMotion;
  readonly rowAbove: Float32Array;
  readonly histogram: Uint32Array;
  /** The factor of the contrast stretch, smoothed over time; undefined before the first frame. */
  readonly stretch: number | undefined;
  /** The share of the last frame that gain and offset of the light explained, 0..1. */
  readonly explained: number;
  /** The mean difference where nothing moves, grey levels, smoothed over time. */
  readonly noise: number;
  /** Calibrating until then. */
  readonly settledMs: number;
  /** When the last frame was taken. */
  readonly timeMs: number;
}

/** No motion is reported for this long after a change of light: exposure and infrared lamps need a few frames to settle. */
const SETTLE_MS = 600;
/** In frame intervals. The contrast of a scene changes with the weather. */
const STRETCH_MEMORY = 50;
const NOISE_MEMORY = 50;
/** A single pixel's noise exceeds its mean by this factor once in a hundred thousand frames (4.5 σ). */
const NOISE_MARGIN = 5.6;

/** If a frame is lighter or darker by this many grey levels at once, the light has changed. */
const JUMP = 1.5;
/** A change by this many grey levels loses detail that no curve can restore: clipped lamps, black shadows. */
const VIOLENT_JUMP = 15;
/** The tone curve may have changed if gain and offset explain less of the frame, by this share, than before. */
const SURPRISE = 0.03;
/** How far a camera may tremble, in pixels of the small image: a mast in the wind, an active stabiliser. */
const TREMOR = 0.2;
/** Moved pixels form one group across gaps of up to this share of the image's height. */
const JOIN_SHARE = 0.03;

/**
 * Prepares a camera's gate.
 * @param size pixels of its frames.
 * @param intervalMs the interval of frames at `detect.fps`, milliseconds. Frames may come more rarely: what the gate learns
 * depends on the time between them.
 */
export function startGate(size: Size, config: MotionConfig, intervalMs: number): Gate {
  const shrinking = planShrinking(size, config.frame_height);
  const pixels = shrinking.size.width * shrinking.size.height;
  const unmasked = unmaskedIn(shrinking.size, config.mask);
  return {
    config,
    frame: size,
    intervalMs,
    shrinking,
    unmasked,
    unmaskedPixels: unmasked.reduce((sum, one) => sum + one, 0),
    background: startBackground(pixels),
    grey: new Float32Array(pixels),
    difference: new Float32Array(pixels),
    moved: new Uint8Array(pixels),
    still: new Uint8Array(pixels),
    faint: startFaintMotion(pixels),
    rowAbove: new Float32Array(shrinking.size.width),
    histogram: new Uint32Array(256),
    stretch: undefined,
    explained: 1,
    noise: 0,
    settledMs: Number.POSITIVE_INFINITY,
    timeMs: Number.NEGATIVE_INFINITY,
  };
}

/** The same gate with other settings. It learns the scene again only if the height of the small image changes. */
export function reconfigureGate(gate: Gate, config: MotionConfig): Gate {
  if (config === gate.config) return gate;
  if (config.frame_height !== gate.config.frame_height) return startGate(gate.frame, config, gate.intervalMs);
  const unmasked = unmaskedIn(gate.shrinking.size, config.mask);
  return { ...gate, config, unmasked, unmaskedPixels: unmasked.reduce((sum, one) => sum + one, 0) };
}

/** 1 for each pixel of the small image that counts, 0 where its centre lies in a mask. */
export function unmaskedIn({ width, height }: Size, masks: readonly Polygon[]): Uint8Array {
  return Uint8Array.from({ length: width * height }, (_, index) => {
    const centre = [((index % width) + 0.5) / width, (Math.floor(index / width) + 0.5) / height] as const;
    return masks.some((mask) => polygonContains(mask, centre)) ? 0 : 1;
  });
}

/**
 * Detects motion in a camera's next frame.
 * @param timeMs when it was taken, on any clock. A frame at the time of the last one, or before it, teaches nothing.
 */
export function detectMotion(before: Gate, frame: RawFrame, timeMs: number): { gate: Gate; motion: Motion } {
  const { config, background, grey, moved, still } = before;
  const frames = elapsedFrames(before.timeMs, timeMs, before.intervalMs);
  const gate = { ...before, timeMs: Math.max(before.timeMs, timeMs) };
  shrinkToGrey(gate.shrinking, frame, grey);
  const stretch = nextStretch(gate, frames);
  // The configured threshold refers to the stretched image; everything here is in unstretched grey levels.
  const tolerance = config.threshold / stretch;

  if (gate.stretch === undefined) return begin({ ...gate, stretch }, moved, timeMs);
  const light = findLightChange(background.current, grey, still, tolerance / 2);
  relight(background, light);
  const jumped = light.shift > JUMP;
  if (jumped || light.explained < gate.explained - SURPRISE) {
    retone(background, findToneCurve(background.current, grey, still));
  }
  const next = { ...gate, stretch, explained: light.explained };
  if (light.shift > VIOLENT_JUMP) return begin(next, moved, timeMs);

  compare(gate);
  const noiseLevel = NOISE_MARGIN * gate.noise;
  const { level, notableLevel } = faintLevels(tolerance, noiseLevel);
  const { movedPixels, notable, unrest } = markMoved(gate, Math.max(tolerance, noiseLevel), notableLevel);
  const lightning = config.lightning_threshold * gate.unmaskedPixels;
  if (movedPixels > (jumped ? lightning / 2 : lightning)) {
    return begin(next, moved.fill(0), timeMs);
  }
  const calibrating = timeMs < gate.settledMs;
  const boxes = calibrating ? [] : movedBoxes(gate, movedPixels, { level, count: notable, frames });
  learn(background, grey, moved, {
    rate: weightOf(calibrating ? config.delta_alpha : config.frame_alpha, frames),
    tolerance,
    frames,
    settleFrames: Math.ceil(1 / config.frame_alpha),
    returnFrames: Math.ceil(1 / config.delta_alpha),
  });
  const noise = gate.noise + (unrest - gate.noise) * weightOf(1 / NOISE_MEMORY, frames);
  return {
    gate: { ...next, noise },
    motion: { calibrating, boxes },
  };
}

/** Starts again with the newest frame as the background, except where something was `moving`. */
function begin(gate: Gate, moving: Uint8Array, timeMs: number): { gate: Gate; motion: Motion } {
  const { unmasked, still } = gate;
  adoptAppearance(gate.background, gate.grey, moving);
  for (let index = 0; index < still.length; index++) {
    still[index] = (unmasked[index] ?? 0) & (1 - (moving[index] ?? 0));
  }
  return { gate: { ...gate, settledMs: timeMs + SETTLE_MS }, motion: { boxes: [], calibrating: true } };
}

function nextStretch({ config, grey, unmasked, histogram, stretch }: Gate, frames: number): number {
  if (!config.improve_contrast) return 1;
  countBrightness(grey, unmasked, histogram);
  const now = stretchOf(histogram);
  return stretch === undefined ? now : stretch + (now - stretch) * weightOf(1 / STRETCH_MEMORY, frames);
}

/** Computes the difference from the background, smoothed. */
function compare({ shrinking, background, grey, difference, rowAbove }: Gate) {
  const { current } = background;
  for (let index = 0; index < grey.length; index++) {
    difference[index] = (grey[index] ?? 0) - (current[index] ?? 0);
  }
  blur(difference, shrinking.size, rowAbove);
}

/**
 * Marks pixels that differ by more than `level` grey levels as moved, and the other unmasked pixels as still. Notes pixels
 * that differ by more than `notableLevel`: they may have moved faintly.
 * @returns the numbers of moved and of noted pixels, and the mean difference of pixels that did not move, grey levels.
 */
function markMoved(gate: Gate, level: number, notableLevel: number) {
  const { shrinking, background, unmasked, unmaskedPixels, difference, moved, still } = gate;
  const { notable } = gate.faint;
  let count = 0;
  let noted = 0;
  let sum = 0;
  for (let index = 0; index < difference.length; index++) {
    const size = Math.abs(difference[index] ?? 0);
    const inView = unmasked[index] ?? 0;
    if (size > notableLevel && inView === 1) notable[noted++] = index;
    const differs =
      size > level && size > level + TREMOR * gradientAt(background.current, shrinking.size, index);
    const isMoved = differs ? inView : 0;
    moved[index] = isMoved;
    still[index] = inView - isMoved;
    count += isMoved;
    sum += (inView - isMoved) * size;
  }
  return { movedPixels: count, notable: noted, unrest: sum / Math.max(unmaskedPixels - count, 1) };
}

/** The boxes of groups of moved pixels, in pixels of the frame. */
function movedBoxes(gate: Gate, movedPixels: number, levels: Levels): readonly Box[] {
  const { config, frame, shrinking, background, difference, moved, faint, timeMs, intervalMs } = gate;
  const { size } = shrinking;
  const area = config.contour_area;
  const reach = Math.max(1, Math.round(size.height * JOIN_SHARE));
  const clear =
    movedPixels < area ? [] : findComponents(moved, size, reach).filter((group) => group.area >= area);
  const seen = { size, difference, background: background.current, timeMs, intervalMs, ...levels };
  // Around an object that is clearly in motion, its shadow is faintly so.
  const apart = findFaint(faint, seen, area, reach).filter(({ box }) => {
    return clear.every((group) => sharedArea(group.box, box) === 0);
  });
  const across = frame.width / size.width;
  const down = frame.height / size.height;
  return [...clear, ...apart].map(({ box: [x1, y1, x2, y2] }): Box => {
    return [x1 * across, y1 * down, x2 * across, y2 * down];
  });
}

type Levels = Pick<Difference, "level" | "count" | "frames">;

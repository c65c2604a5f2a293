import type { Box } from "../../detectors/detector.ts";
import type { VideoPicture } from "../camera/frame.ts";
import type { MotionConfig } from "../config/schema.ts";
import type { Size } from "../preprocess/letterbox-geometry.ts";
import { adoptLook, type Background, learn, relight, retone, startBackground } from "./background.ts";
import { blur } from "./blur.ts";
import { findComponents } from "./components.ts";
import { countBrightness, stretchOf } from "./contrast.ts";
import { steepnessAt } from "./edges.ts";
import { planShrinking, type Shrinking, shrinkToGrey } from "./grey.ts";
import { findLightChange } from "./light.ts";
import { drawWatched } from "./mask.ts";
import { findToneCurve } from "./tone.ts";

/** What a frame says of motion. */
export interface Motion {
  /** Areas that moved, pixels of the frame. */
  readonly boxes: readonly Box[];
  /** The whole picture changed (lightning, infrared lamp, exposure) or watching just began: nothing can be said. */
  readonly calibrating: boolean;
}

/** One camera's state. Its arrays are changed in place by `lookForMotion`: of two gates, only the newer one is good. */
export interface Gate {
  readonly config: MotionConfig;
  readonly frame: Size;
  readonly shrinking: Shrinking;
  /** 1 for each pixel that no mask covers. */
  readonly watched: Uint8Array;
  readonly watchedPixels: number;
  readonly background: Background;
  /** The newest picture, grey levels. */
  readonly grey: Float32Array;
  /** How it differs from the background, smoothed, grey levels. */
  readonly difference: Float32Array;
  /** 1 for each pixel that moved in the newest picture; never where a mask lies. */
  readonly moved: Uint8Array;
  /** 1 for each watched pixel that did not. */
  readonly still: Uint8Array;
  readonly rowAbove: Float32Array;
  readonly histogram: Uint32Array;
  /** How often the brightness is stretched, smoothed over time; undefined before the first frame. */
  readonly stretch: number | undefined;
  /** Share of the last picture that gain and offset of the light explained, 0..1. */
  readonly explained: number;
  /** Mean difference where nothing moves, grey levels, smoothed over time. */
  readonly noise: number;
  /** Calibrating until then. */
  readonly settledMs: number;
}

/** So long after a change of light nothing is said: exposure and infrared lamps take some pictures to settle. */
const SETTLE_MS = 600;
/** The contrast of a scene changes with the weather. */
const STRETCH_MEMORY = 50;
const NOISE_MEMORY = 50;
/** Noise this many times its mean is one pixel's in a hundred thousand frames (4.5 σ). */
const NOISE_MARGIN = 5.6;

/** A picture that is lighter or darker by so many grey levels at once is in another light. */
const JUMP = 1.5;
/** One that is by so many has lost what gain, offset and curve cannot bring back: clipped lamps, drowned shadows. */
const VIOLENT_JUMP = 15;
/** When so much more of the picture, 0..1, than in the last frame needs another explanation, it may be a bent curve. */
const SURPRISE = 0.03;
/** How far a camera may tremble, in pixels of the small picture: a mast in the wind, a stabiliser at work. */
const TREMOR = 0.2;
/** Moved pixels are one thing up to this share of the picture's height apart. */
const JOIN_SHARE = 0.03;

/** Prepares a camera's gate; `size` in pixels of its frames. */
export function startGate(size: Size, config: MotionConfig): Gate {
  const shrinking = planShrinking(size, config.frame_height);
  const pixels = shrinking.size.width * shrinking.size.height;
  const watched = drawWatched(shrinking.size, config.mask);
  return {
    config,
    frame: size,
    shrinking,
    watched,
    watchedPixels: watched.reduce((sum, one) => sum + one, 0),
    background: startBackground(pixels),
    grey: new Float32Array(pixels),
    difference: new Float32Array(pixels),
    moved: new Uint8Array(pixels),
    still: new Uint8Array(pixels),
    rowAbove: new Float32Array(shrinking.size.width),
    histogram: new Uint32Array(256),
    stretch: undefined,
    explained: 1,
    noise: 0,
    settledMs: Number.POSITIVE_INFINITY,
  };
}

/** Looks at a camera's next frame; `timeMs` on any clock that goes forward. */
export function lookForMotion(
  gate: Gate,
  picture: VideoPicture,
  timeMs: number,
): { gate: Gate; motion: Motion } {
  const { config, background, grey, moved, still } = gate;
  shrinkToGrey(gate.shrinking, picture, grey);
  const stretch = nextStretch(gate);
  // What the user calls a threshold is meant for the stretched picture; everything here is in grey levels as they came.
  const tolerance = config.threshold / stretch;

  if (gate.stretch === undefined) return begin({ ...gate, stretch }, moved, timeMs);
  const light = findLightChange(background.look, grey, still, tolerance / 2);
  relight(background, light);
  const jumped = light.shift > JUMP;
  if (jumped || light.explained < gate.explained - SURPRISE) {
    retone(background, findToneCurve(background.look, grey, still));
  }
  const next = { ...gate, stretch, explained: light.explained };
  if (light.shift > VIOLENT_JUMP) return begin(next, moved, timeMs);

  compare(gate);
  const { movedPixels, unrest } = markMoved(gate, Math.max(tolerance, NOISE_MARGIN * gate.noise));
  const lightning = config.lightning_threshold * gate.watchedPixels;
  if (movedPixels > (jumped ? lightning / 2 : lightning)) {
    return begin(next, moved.fill(0), timeMs);
  }
  const calibrating = timeMs < gate.settledMs;
  learn(background, grey, moved, {
    rate: calibrating ? config.delta_alpha : config.frame_alpha,
    tolerance,
    settleFrames: Math.ceil(1 / config.frame_alpha),
    returnFrames: Math.ceil(1 / config.delta_alpha),
  });
  const noise = gate.noise + (unrest - gate.noise) / NOISE_MEMORY;
  return {
    gate: { ...next, noise },
    motion: { calibrating, boxes: calibrating || movedPixels < config.contour_area ? [] : movedBoxes(gate) },
  };
}

/** Begins anew with the newest picture as the background, except where something was `moving`. */
function begin(gate: Gate, moving: Uint8Array, timeMs: number): { gate: Gate; motion: Motion } {
  const { watched, still } = gate;
  adoptLook(gate.background, gate.grey, moving);
  for (let index = 0; index < still.length; index++) {
    still[index] = (watched[index] ?? 0) & (1 - (moving[index] ?? 0));
  }
  return { gate: { ...gate, settledMs: timeMs + SETTLE_MS }, motion: { boxes: [], calibrating: true } };
}

function nextStretch({ config, grey, watched, histogram, stretch }: Gate): number {
  if (!config.improve_contrast) return 1;
  countBrightness(grey, watched, histogram);
  const now = stretchOf(histogram);
  return stretch === undefined ? now : stretch + (now - stretch) / STRETCH_MEMORY;
}

/** Picture less background, smoothed. */
function compare({ shrinking, background, grey, difference, rowAbove }: Gate) {
  const { look } = background;
  for (let index = 0; index < grey.length; index++) {
    difference[index] = (grey[index] ?? 0) - (look[index] ?? 0);
  }
  blur(difference, shrinking.size, rowAbove);
}

/**
 * Marks what differs by more than `level` grey levels as moved, the rest of what is watched as still.
 * @returns how many pixels moved, and the mean difference of those that did not, grey levels.
 */
function markMoved(gate: Gate, level: number) {
  const { shrinking, background, watched, watchedPixels, difference, moved, still } = gate;
  let count = 0;
  let sum = 0;
  for (let index = 0; index < difference.length; index++) {
    const size = Math.abs(difference[index] ?? 0);
    const inView = watched[index] ?? 0;
    const isOther =
      size > level && size > level + TREMOR * steepnessAt(background.look, shrinking.size, index);
    const isMoved = isOther ? inView : 0;
    moved[index] = isMoved;
    still[index] = inView - isMoved;
    count += isMoved;
    sum += (inView - isMoved) * size;
  }
  return { movedPixels: count, unrest: sum / Math.max(watchedPixels - count, 1) };
}

/** Everything that moved and is large enough, in pixels of the frame. */
function movedBoxes({ config, frame, shrinking, moved }: Gate): readonly Box[] {
  const { size } = shrinking;
  const across = frame.width / size.width;
  const down = frame.height / size.height;
  const reach = Math.max(1, Math.round(size.height * JOIN_SHARE));
  return findComponents(moved, size, reach)
    .filter(({ area }) => area >= config.contour_area)
    .map(({ box: [x1, y1, x2, y2] }): Box => [x1 * across, y1 * down, x2 * across, y2 * down]);
}

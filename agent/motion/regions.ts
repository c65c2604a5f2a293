import type { Box } from "../../detectors/detector.ts";
import { boxArea, enlarged, sharedArea, shareInside } from "../base/box.ts";
import type { Motion } from "./gate.ts";
import { regionsFor, wholePicture } from "./region-geometry.ts";
import {
  forgetVainLooks,
  isWorthALook,
  NO_VAIN_LOOKS,
  rememberVainLook,
  type VainLooks,
} from "./vain-looks.ts";

/** An object that is followed. */
export interface Expected {
  readonly id: number;
  /** Where it should be in this frame, pixels, cut off at the picture's edges. */
  readonly box: Box;
  /** false: by now it should have left the picture, where nobody can look. */
  readonly visible: boolean;
  /** Detected often enough to be an object at all. */
  readonly confirmed: boolean;
  readonly stationary: boolean;
  /** When it was last found. */
  readonly seenMs: number;
  /** Not found when it was last looked for. */
  readonly missed: boolean;
  /** Surely detected, and moves slowly enough to be found again when a frame is left out. */
  readonly steady: boolean;
}

/** What planning looks needs to know of a camera. */
export interface LookRules {
  readonly frame: { readonly width: number; readonly height: number };
  /** Of the model. */
  readonly input: { readonly width: number; readonly height: number };
  /** Milliseconds from frame to frame. */
  readonly frameMs: number;
  /** A stationary object is looked at this often where nothing moves, milliseconds. */
  readonly stationaryIntervalMs: number;
  /** Regions a frame may cost. */
  readonly budget: number;
}

/** What is remembered of earlier looks. */
export interface Attention {
  /** The whole picture must be looked at: nothing is known of it, or all that was known is no longer true. */
  readonly blind: boolean;
  /** When the whole picture was last looked at, or began to change as a whole; undefined: before the first frame. */
  readonly wholeLookMs: number | undefined;
  /** What is remembered of each object that is followed, by id. */
  readonly objects: ReadonlyMap<number, Regard>;
  readonly vain: VainLooks;
}

interface Regard {
  /** When it was last looked for. */
  readonly lookedMs: number;
  /** Whether anything ever moved at it. */
  readonly stirred: boolean;
}

/** Before the first frame. */
export const NOTHING_SEEN: Attention = {
  blind: true,
  wholeLookMs: undefined,
  objects: new Map(),
  vain: NO_VAIN_LOOKS,
};

/** What one frame shows before anything is detected in it. */
export interface Glance {
  readonly timeMs: number;
  /** undefined: nobody watches for motion, so that anything may have moved. */
  readonly motion: Motion | undefined;
  readonly expected: readonly Expected[];
}

/** Where to look in one frame: regions in pixels of it, none where there is nothing to see. */
export interface Look {
  readonly regions: readonly Box[];
}

/**
 * While anything moves the whole picture is looked at this often: for what crept in, or moves too little to be seen. So it is
 * while the light keeps changing, under a sign that flashes say, and motion can tell nothing.
 */
const WHOLE_LOOK_MS = 10_000;
/** A sure object that moves smoothly is found again after a frame without a look. */
const STEADY_FRAMES = 2;
/** An object that nothing moves at, but that is not known to stay: it may just stand still, or hide. */
const QUIET_LOOK_MS = 1_000;
/** A stationary object that something moves at (rain and shadows do all day), or that was not found. */
const STATIONARY_CHECK_MS = 1_000;
/** Motion that lies in an object, enlarged by this share, to this part or more is that object's. */
const OBJECT_MARGIN = 0.3;
const EXPLAINED = 0.7;
/** Motion touches an object that it shares this part of the smaller of the two with. */
const TOUCHES = 0.1;
/** Motion that reaches out of a stationary object's box, enlarged by this share, by more than this: it may be leaving. */
const PLACE_MARGIN = 0.2;
const STAYS = 0.9;
/** What lies in a region to this part was looked at. */
const LOOKED_AT = 0.8;

/**
 * Decides where to look in a frame: everywhere at first and after a calibration, then at new motion at once, at objects
 * that move at every frame or every second one, and at the others now and then.
 *
 * The order in which things are wanted decides what waits for the next frame where the budget is short: new motion comes
 * first, then whatever has waited longest for its turn.
 */
export function planRegions(attention: Attention, glance: Glance, rules: LookRules): Look {
  const { timeMs } = glance;
  const { frame, input, budget } = rules;
  const moving = movingBoxes(glance);
  const wholeDue = timeMs - (attention.wholeLookMs ?? timeMs) >= WHOLE_LOOK_MS;
  const whole = wholePicture(frame);
  if (glance.motion === undefined) return { regions: [whole] };
  const isBlindEnough = attention.blind && (wholeDue || !glance.motion.calibrating);
  const isWholeWanted = isBlindEnough || (wholeDue && moving.length > 0);

  const fresh = unexplained(glance)
    .filter((box) => isWorthALook(attention.vain, box, timeMs, rules.frameMs))
    .map((box) => ({ box, turn: Number.POSITIVE_INFINITY }));
  const turns = glance.expected
    .filter(({ visible }) => visible)
    .map((object) => {
      const everyMs = lookEveryMs(object, moving, rules);
      const sinceMs = timeMs - (attention.objects.get(object.id)?.lookedMs ?? object.seenMs);
      // Frames come a little early or late: half a frame decides which one was meant.
      const turn = (sinceMs + rules.frameMs / 2) / everyMs;
      return { box: object.box, turn, keepsStep: everyMs === STEADY_FRAMES * rules.frameMs };
    });
  // What is looked at every second frame is looked at in the same ones, so that there are frames without any look.
  const isStep = turns.some(({ turn, keepsStep }) => keepsStep && turn >= 1);
  const due = turns.filter(({ turn, keepsStep }) => turn >= 1 || (isStep && keepsStep));
  const wanted = [...fresh, ...due].toSorted((a, b) => b.turn - a.turn).map(({ box }) => box);

  const regions = regionsFor(wanted, frame, input, isWholeWanted ? budget - 1 : budget);
  return { regions: isWholeWanted && !includes(regions, whole) ? [whole, ...regions] : regions };
}

/**
 * Keeps what a look taught.
 * @param looked the regions that the detector answered.
 * @param found the boxes of what it found in them.
 */
export function rememberLook(
  attention: Attention,
  glance: Glance,
  looked: readonly Box[],
  found: readonly Box[],
  rules: LookRules,
): Attention {
  const { timeMs, motion, expected } = glance;
  const sawAll = includes(looked, wholePicture(rules.frame));
  const isIn = (box: Box) => looked.some((region) => shareInside(box, region) >= LOOKED_AT);
  const moving = movingBoxes(glance);
  const objects = expected.map(({ id, box, seenMs }) => {
    const before = attention.objects.get(id);
    const lookedMs = isIn(box) ? timeMs : (before?.lookedMs ?? seenMs);
    const stirred =
      before?.stirred === true || motion === undefined || moving.some((one) => touches(one, box));
    return [id, { lookedMs, stirred }] as const;
  });
  const answered = unexplained(glance).filter(isIn);
  const calibrating = motion?.calibrating === true;
  return {
    blind: calibrating || (attention.blind && !sawAll),
    wholeLookMs: sawAll || (calibrating && !attention.blind) ? timeMs : (attention.wholeLookMs ?? timeMs),
    objects: new Map(objects),
    vain: answered.reduce(
      (vain, box) =>
        isExplained(box, found) ? forgetVainLooks(vain, box) : rememberVainLook(vain, box, timeMs),
      attention.vain,
    ),
  };
}

/**
 * Whether anything ever moved at an object. What stood there before anybody looked, and still does, is in the picture
 * but nothing that happened: a statue, a poster, the car that is parked there since last week.
 */
export function hasStirred(attention: Attention, id: number): boolean {
  return attention.objects.get(id)?.stirred ?? false;
}

function touches(motion: Box, object: Box): boolean {
  return sharedArea(motion, object) >= TOUCHES * Math.min(boxArea(motion), boxArea(object));
}

function lookEveryMs(object: Expected, moving: readonly Box[], rules: LookRules): number {
  const touching = moving.filter((box) => touches(box, object.box));
  const touched = touching.length > 0;
  if (!object.confirmed) return touched ? rules.frameMs : rules.stationaryIntervalMs;
  if (object.stationary) {
    const place = enlarged(object.box, PLACE_MARGIN);
    if (touching.some((box) => shareInside(box, place) < STAYS)) return rules.frameMs;
    return touched || object.missed ? STATIONARY_CHECK_MS : rules.stationaryIntervalMs;
  }
  if (!touched) return QUIET_LOOK_MS;
  return object.steady && !object.missed ? STEADY_FRAMES * rules.frameMs : rules.frameMs;
}

/** While everything changes, nothing can be said of what moves. */
function movingBoxes({ motion }: Glance): readonly Box[] {
  return motion === undefined || motion.calibrating ? [] : motion.boxes;
}

/** Motion that is not that of an object known already. */
function unexplained(glance: Glance): readonly Box[] {
  const known = glance.expected.map(({ box }) => box);
  return movingBoxes(glance).filter((box) => !isExplained(box, known));
}

function isExplained(motion: Box, objects: readonly Box[]): boolean {
  return objects.some((box) => shareInside(motion, enlarged(box, OBJECT_MARGIN)) >= EXPLAINED);
}

function includes(regions: readonly Box[], wanted: Box): boolean {
  return regions.some((region) => region.every((edge, index) => edge === wanted[index]));
}

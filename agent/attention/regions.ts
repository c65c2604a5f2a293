import { type Box, boxArea, enlarged, type Size, sharedArea, shareInside, wholeFrame } from "../base/box.ts";
import type { Motion } from "../motion/gate.ts";
import type { ExpectedObject } from "./expected-objects.ts";
import { regionsFor } from "./region-geometry.ts";
import {
  clearUnproductive,
  isWorthDetecting,
  NO_UNPRODUCTIVE_MOTION,
  recordUnproductive,
  type UnproductiveMotion,
} from "./unproductive-motion.ts";

/** A camera's settings for planning regions. */
export interface RegionRules {
  readonly frame: Size;
  /** Of the model. */
  readonly input: Size;
  /** Milliseconds from frame to frame. */
  readonly frameMs: number;
  /** How often a stationary object without motion is examined, milliseconds. */
  readonly stationaryIntervalMs: number;
  /** The most regions per frame. */
  readonly budget: number;
}

/** The results of earlier frames and detection passes. */
export interface Attention {
  /** Nothing is known about the frame, or its content has changed as a whole: the whole frame must be examined. */
  readonly blind: boolean;
  /** When the whole frame was last examined, or began to change as a whole; undefined: before the first frame. */
  readonly wholeFrameMs: number | undefined;
  /** By the id of the tracked object. */
  readonly objects: ReadonlyMap<number, ObjectAttention>;
  readonly unproductive: UnproductiveMotion;
}

interface ObjectAttention {
  /** When a detection pass last covered it. */
  readonly examinedMs: number;
  /** Whether motion ever touched it. */
  readonly hasMoved: boolean;
}

/** Before the first frame. */
export const INITIAL_ATTENTION: Attention = {
  blind: true,
  wholeFrameMs: undefined,
  objects: new Map(),
  unproductive: NO_UNPRODUCTIVE_MOTION,
};

/** The data about a frame before detection. */
export interface Observation {
  readonly timeMs: number;
  /** undefined: motion detection is off, so that anything may have moved. */
  readonly motion: Motion | undefined;
  readonly expected: readonly ExpectedObject[];
}

/**
 * While anything moves, the whole frame is examined this often, for objects whose motion is too slow or too small for the
 * gate. The same holds while the light keeps changing, for example under a flashing sign, and the gate reports nothing.
 */
const WHOLE_FRAME_MS = 10_000;
/** A steady object is examined in every second frame. */
const STEADY_FRAMES = 2;
/** An object without motion that is not yet stationary: it may stand still, or be hidden. */
const QUIET_MS = 1_000;
/** A stationary object that motion touches (rain and shadows do so all day), or that was missed. */
const STATIONARY_CHECK_MS = 1_000;
/** Motion belongs to an object if at least this share of it lies inside the object's box, enlarged by the margin. */
const OBJECT_MARGIN = 0.3;
const EXPLAINED = 0.7;
/** Motion touches an object if both share at least this part of the smaller one. */
const TOUCHES = 0.1;
/** A stationary object may be leaving if less than this share of the motion lies inside its box, enlarged by the margin. */
const STATIONARY_MARGIN = 0.2;
const STAYS = 0.9;
/** A region covers a box if it contains at least this share of it. */
const COVERED = 0.8;

/**
 * Plans the regions of a frame: the whole frame at first and after a calibration; then new motion at once, moving objects
 * in every frame or every second one, and other objects at intervals. No regions where there is nothing to examine.
 *
 * Where the budget is too small, new motion comes first, then the objects that have waited longest. The rest waits for the
 * next frame.
 */
export function planRegions(
  attention: Attention,
  observation: Observation,
  rules: RegionRules,
): readonly Box[] {
  const { timeMs } = observation;
  const { frame, input, budget } = rules;
  const moving = movingBoxes(observation);
  const isWholeDue = timeMs - (attention.wholeFrameMs ?? timeMs) >= WHOLE_FRAME_MS;
  const whole = wholeFrame(frame);
  if (observation.motion === undefined) return [whole];
  const isBlindEnough = attention.blind && (isWholeDue || !observation.motion.calibrating);
  const needsWhole = isBlindEnough || (isWholeDue && moving.length > 0);

  const fresh = unexplainedMotion(observation)
    .filter((box) => isWorthDetecting(attention.unproductive, box, timeMs, rules.frameMs))
    .map((box) => ({ box, urgency: Number.POSITIVE_INFINITY }));
  const objects = observation.expected
    .filter(({ visible }) => visible)
    .map((object) => {
      const intervalMs = intervalFor(object, moving, rules);
      const sinceMs = timeMs - (attention.objects.get(object.id)?.examinedMs ?? object.seenMs);
      // Frames may arrive slightly early or late: half a frame of tolerance.
      const urgency = (sinceMs + rules.frameMs / 2) / intervalMs;
      return { box: object.box, urgency, isSteady: intervalMs === STEADY_FRAMES * rules.frameMs };
    });
  // All steady objects are examined in the same frames, so that the frames between need no detection pass.
  const isSteadyDue = objects.some(({ urgency, isSteady }) => isSteady && urgency >= 1);
  const due = objects.filter(({ urgency, isSteady }) => urgency >= 1 || (isSteadyDue && isSteady));
  const boxes = [...fresh, ...due].toSorted((a, b) => b.urgency - a.urgency).map(({ box }) => box);

  const regions = regionsFor(boxes, frame, input, needsWhole ? budget - 1 : budget);
  return needsWhole && !includes(regions, whole) ? [whole, ...regions] : regions;
}

/**
 * Records the results of the detection passes on a frame.
 * @param examined the regions that the detector answered.
 * @param found the boxes of the objects in them.
 */
export function recordPasses(
  attention: Attention,
  observation: Observation,
  examined: readonly Box[],
  found: readonly Box[],
  rules: RegionRules,
): Attention {
  const { timeMs, motion, expected } = observation;
  const sawWhole = includes(examined, wholeFrame(rules.frame));
  const isExamined = (box: Box) => examined.some((region) => shareInside(box, region) >= COVERED);
  const moving = movingBoxes(observation);
  const objects = expected.map(({ id, box, seenMs }) => {
    const before = attention.objects.get(id);
    const examinedMs = isExamined(box) ? timeMs : (before?.examinedMs ?? seenMs);
    const hasMoved =
      before?.hasMoved === true || motion === undefined || moving.some((one) => touches(one, box));
    return [id, { examinedMs, hasMoved }] as const;
  });
  const answered = unexplainedMotion(observation).filter(isExamined);
  const calibrating = motion?.calibrating === true;
  return {
    blind: calibrating || (attention.blind && !sawWhole),
    wholeFrameMs: sawWhole || (calibrating && !attention.blind) ? timeMs : (attention.wholeFrameMs ?? timeMs),
    objects: new Map(objects),
    unproductive: answered.reduce(
      (unproductive, box) =>
        isExplained(box, found)
          ? clearUnproductive(unproductive, box)
          : recordUnproductive(unproductive, box, timeMs),
      attention.unproductive,
    ),
  };
}

/**
 * Whether motion ever touched an object. An object that stood there from the beginning and still does is in view, but no
 * event: a statue, a poster, a car parked last week.
 */
export function hasEverMoved(attention: Attention, id: number): boolean {
  return attention.objects.get(id)?.hasMoved ?? false;
}

function touches(motion: Box, object: Box): boolean {
  return sharedArea(motion, object) >= TOUCHES * Math.min(boxArea(motion), boxArea(object));
}

/** How often an object is examined, milliseconds. */
function intervalFor(object: ExpectedObject, moving: readonly Box[], rules: RegionRules): number {
  const touching = moving.filter((box) => touches(box, object.box));
  const touched = touching.length > 0;
  if (!object.confirmed) return touched ? rules.frameMs : rules.stationaryIntervalMs;
  if (object.stationary) {
    const surroundings = enlarged(object.box, STATIONARY_MARGIN);
    if (touching.some((box) => shareInside(box, surroundings) < STAYS)) return rules.frameMs;
    return touched || object.missed ? STATIONARY_CHECK_MS : rules.stationaryIntervalMs;
  }
  if (!touched) return QUIET_MS;
  return object.steady && !object.missed ? STEADY_FRAMES * rules.frameMs : rules.frameMs;
}

/** None while the whole frame changes, because the gate cannot tell which parts move. */
function movingBoxes({ motion }: Observation): readonly Box[] {
  return motion === undefined || motion.calibrating ? [] : motion.boxes;
}

/** Motion that belongs to no expected object. */
function unexplainedMotion(observation: Observation): readonly Box[] {
  const known = observation.expected.map(({ box }) => box);
  return movingBoxes(observation).filter((box) => !isExplained(box, known));
}

function isExplained(motion: Box, objects: readonly Box[]): boolean {
  return objects.some((box) => shareInside(motion, enlarged(box, OBJECT_MARGIN)) >= EXPLAINED);
}

function includes(regions: readonly Box[], wanted: Box): boolean {
  return regions.some((region) => region.every((edge, index) => edge === wanted[index]));
}

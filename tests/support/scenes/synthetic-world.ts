import { boxArea, intersectionOverUnion, sharedArea } from "../../../agent/base/box.ts";
import { ReviewSchema } from "../../../agent/config/review-schema.ts";
import { DetectSchema, ObjectsSchema } from "../../../agent/config/schema.ts";
import { ZonesSchema } from "../../../agent/config/zones-schema.ts";
import type { FrameDetection } from "../../../agent/detection/detect-regions.ts";
import type { EventMessage } from "../../../agent/events/event.ts";
import { eventIds, seededRandom } from "../../../agent/events/event-id.ts";
import { advanceLifecycle, endAll, type Lifecycle, NO_OBJECTS } from "../../../agent/events/lifecycle.ts";
import { passesFilter } from "../../../agent/tracking/object-filter.ts";
import { NO_TRACKS, type Tracker, trackerOptions, updateTracks } from "../../../agent/tracking/tracker.ts";
import type { Box, Detection } from "../../../detectors/detector.ts";

export const WIDTH = 768;
export const HEIGHT = 432;

/** An object in front of the camera. */
export interface Actor {
  readonly label: string;
  /** Its box at a second of the story; undefined: absent. */
  readonly at: (second: number) => Box | undefined;
  /** The detector's mean score. Default: 0.85. */
  readonly score?: number;
  /** The detector's label at a second, if that varies. */
  readonly called?: (second: number) => string;
}

/** The quality of the detector. */
export interface Eyesight {
  readonly seed: number;
  /** Standard deviation of a box's edges, in box heights. */
  readonly jitter: number;
  /** Standard deviation of a score. */
  readonly flicker: number;
  /** Share of detection passes that miss an object. */
  readonly blinks: number;
}

export const GOOD_EYES: Eyesight = { seed: 1, jitter: 0.02, flicker: 0.05, blinks: 0.02 };
export const POOR_EYES: Eyesight = { seed: 1, jitter: 0.05, flicker: 0.12, blinks: 0.15 };

export interface Story {
  readonly seconds: number;
  readonly actors: readonly Actor[];
  readonly eyes?: Eyesight;
  /** A camera's settings as in the configuration. Default: every label of the story is tracked. */
  readonly detect?: Readonly<Record<string, unknown>>;
  readonly objects?: Readonly<Record<string, unknown>>;
  readonly zones?: Readonly<Record<string, unknown>>;
  /** The examined regions of a frame. Default: the whole frame. */
  readonly regions?: (frame: number, second: number, tracker: Tracker) => readonly Box[];
}

export interface Told {
  readonly messages: readonly EventMessage[];
  readonly tracker: Tracker;
}

const WHOLE: Box = [0, 0, WIDTH, HEIGHT];
/** An actor is hidden when another in front of it covers this share of it. */
const HIDDEN = 0.65;
const NMS_IOU = 0.45;

/** The events of a story: tracker and lifecycle at 5 frames a second, behind a detector with random errors. */
export function tell(story: Story): Told {
  const { seconds, actors, eyes = GOOD_EYES, regions = () => [WHOLE] } = story;
  const detect = DetectSchema.parse(story.detect ?? {});
  const track = [...new Set(actors.map(({ label }) => label))];
  const objects = ObjectsSchema.parse({ track, ...story.objects });
  const zones = ZonesSchema.parse(story.zones ?? {});
  const frameSize = { width: WIDTH, height: HEIGHT };
  const options = trackerOptions({ detect, objects }, frameSize, []);
  const random = seededRandom(eyes.seed);
  const newId = eventIds(seededRandom(1));
  const review = ReviewSchema.parse({});
  const context = { camera: "street", ...frameSize, zones, review, hasSnapshot: false, detector: DETECTOR };
  const messages: EventMessage[] = [];
  let tracker = NO_TRACKS;
  let lifecycle: Lifecycle = NO_OBJECTS;
  for (let frame = 0; frame < seconds * detect.fps; frame++) {
    const second = frame / detect.fps;
    const examined = regions(frame, second, tracker);
    const detections = examined
      .flatMap((region) => found(actors, second, region, eyes, random))
      .filter((detection) => passesFilter(detection, objects, frameSize));
    tracker = updateTracks(tracker, suppressed(detections), second * 1000, options, examined);
    const confirmed = tracker.tracks.filter((track) => track.confirmed);
    const step = advanceLifecycle(lifecycle, confirmed, second * 1000, context, newId);
    lifecycle = step.lifecycle;
    messages.push(...step.messages);
  }
  return { messages: [...messages, ...endAll(lifecycle, { reason: "shutdown" })], tracker };
}

const DETECTOR = {
  name: "chance",
  sha256: "00",
  licence: "none",
  precision: "f32",
  runtime: "v8",
  inference_ms: 0,
} as const;

/** The detections in a region: objects that are not hidden and of which enough is inside. */
function found(
  actors: readonly Actor[],
  second: number,
  region: Box,
  { jitter, flicker, blinks }: Eyesight,
  random: () => number,
): readonly FrameDetection[] {
  const there = actors.flatMap((actor) => {
    const box = actor.at(second);
    return box === undefined ? [] : [{ actor, box }];
  });
  return there.flatMap(({ actor, box }): FrameDetection[] => {
    const inFront = there.filter((other) => other.box[3] > box[3]);
    const isHidden = inFront.some((other) => sharedArea(box, other.box) > HIDDEN * boxArea(box));
    const shown = cut(box, region);
    if (isHidden || random() < blinks || boxArea(shown) < 0.3 * boxArea(box)) return [];
    const noise = () => gaussian(random) * jitter * (box[3] - box[1]);
    const seen = cut([box[0] + noise(), box[1] + noise(), box[2] + noise(), box[3] + noise()], region);
    const score = Math.min(0.99, (actor.score ?? 0.85) + gaussian(random) * flicker);
    return score < 0.1 ? [] : [{ label: actor.called?.(second) ?? actor.label, score, box: seen, region }];
  });
}

/** Class-wise non-maximum suppression, as in the module and across regions. */
function suppressed(detections: readonly FrameDetection[]): readonly FrameDetection[] {
  const kept: FrameDetection[] = [];
  for (const detection of detections.toSorted((a, b) => b.score - a.score)) {
    const isAgain = (one: Detection) =>
      one.label === detection.label && intersectionOverUnion(one.box, detection.box) > NMS_IOU;
    if (!kept.some(isAgain)) kept.push(detection);
  }
  return kept;
}

function cut(box: Box, region: Box): Box {
  return [
    Math.max(box[0], region[0]),
    Math.max(box[1], region[1]),
    Math.min(box[2], region[2]),
    Math.min(box[3], region[3]),
  ];
}

/** Box and Muller 1958. */
function gaussian(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** A person who walks in a line from `from`: 45 × 120 pixels; speed in pixels per second. */
export function walker(
  from: { readonly x: number; readonly y: number },
  speed: { readonly x: number; readonly y: number },
  during: { readonly start: number; readonly end: number },
): Actor {
  return {
    label: "person",
    at(second) {
      if (second < during.start || second > during.end) return undefined;
      const x = from.x + speed.x * (second - during.start);
      const y = from.y + speed.y * (second - during.start);
      const isInFrame = x + 45 > 8 && x < WIDTH - 8 && y + 120 > 8 && y < HEIGHT - 8;
      return isInFrame ? [x, y, x + 45, y + 120] : undefined;
    },
  };
}

/** A car that enters from the left, stops at x 300 from second 4, and leaves to the right at `leavesAt`. */
export function parkingCar(leavesAt = Infinity): Actor {
  return {
    label: "car",
    at(second) {
      const braking = Math.min(second, 4);
      const leaving = Math.max(0, second - leavesAt);
      const x = -160 + 230 * braking - 28.75 * braking ** 2 + 20 * leaving ** 2;
      return x < WIDTH - 20 ? [x, 220, x + 160, 310] : undefined;
    },
  };
}

/** The ids with a message of this type. */
export function idsOf({ messages }: Told, type: EventMessage["type"], label?: string): readonly string[] {
  return messages
    .filter((message) => message.type === type && (label === undefined || message.after.label === label))
    .map(({ after }) => after.id);
}

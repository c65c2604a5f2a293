import { boxArea, intersectionOverUnion, sharedArea } from "../../../agent/base/box.ts";
import { DetectSchema, ObjectsSchema } from "../../../agent/config/schema.ts";
import { ZonesSchema } from "../../../agent/config/zones-schema.ts";
import type { EventMessage } from "../../../agent/events/event.ts";
import { eventIds, seededRandom } from "../../../agent/events/event-id.ts";
import { advanceLifecycle, endAll, type Lifecycle, NOTHING_TOLD } from "../../../agent/events/lifecycle.ts";
import type { Finding } from "../../../agent/tracking/finding.ts";
import { trackerOptions } from "../../../agent/tracking/rules.ts";
import { NO_TRACKS, type Tracker, updateTracks } from "../../../agent/tracking/tracker.ts";
import { isWanted } from "../../../agent/tracking/wanted.ts";
import type { Box, Detection } from "../../../detectors/detector.ts";

export const WIDTH = 768;
export const HEIGHT = 432;

/** Something that a camera might see. */
export interface Actor {
  readonly label: string;
  /** Where it is at a second of the story; undefined: not there. */
  readonly at: (second: number) => Box | undefined;
  /** What the detector thinks of it on average. Default: 0.85. */
  readonly score?: number;
  /** What the detector calls it at a second, where that is not always its label. */
  readonly called?: (second: number) => string;
}

/** How well the detector sees. */
export interface Eyesight {
  readonly seed: number;
  /** Standard deviation of a box's edges, in its height. */
  readonly jitter: number;
  /** Standard deviation of a score. */
  readonly flicker: number;
  /** Share of looks that find nothing at all where something is. */
  readonly blinks: number;
}

export const GOOD_EYES: Eyesight = { seed: 1, jitter: 0.02, flicker: 0.05, blinks: 0.02 };
export const POOR_EYES: Eyesight = { seed: 1, jitter: 0.05, flicker: 0.12, blinks: 0.15 };

export interface Story {
  readonly seconds: number;
  readonly actors: readonly Actor[];
  readonly eyes?: Eyesight;
  /** A camera's settings, as a user writes them. Default: every label of the story is tracked. */
  readonly detect?: Readonly<Record<string, unknown>>;
  readonly objects?: Readonly<Record<string, unknown>>;
  readonly zones?: Readonly<Record<string, unknown>>;
  /** The regions looked at in a frame. Default: all of the picture. */
  readonly looks?: (frame: number, second: number, tracker: Tracker) => readonly Box[];
}

export interface Told {
  readonly messages: readonly EventMessage[];
  readonly tracker: Tracker;
}

const WHOLE: Box = [0, 0, WIDTH, HEIGHT];
/** An actor is hidden when others in front of it cover this much of it. */
const HIDDEN = 0.65;
const NMS_IOU = 0.45;

/** What a camera tells of a story: detector, tracker and lifecycle at 5 frames a second, the detector played by chance. */
export function tell(story: Story): Told {
  const { seconds, actors, eyes = GOOD_EYES, looks = () => [WHOLE] } = story;
  const detect = DetectSchema.parse(story.detect ?? {});
  const track = [...new Set(actors.map(({ label }) => label))];
  const objects = ObjectsSchema.parse({ track, ...story.objects });
  const zones = ZonesSchema.parse(story.zones ?? {});
  const picture = { width: WIDTH, height: HEIGHT };
  const options = trackerOptions({ detect, objects }, picture);
  const random = seededRandom(eyes.seed);
  const newId = eventIds(seededRandom(1));
  const scene = { camera: "street", ...picture, zones, hasSnapshot: false, detector: DETECTOR };
  const messages: EventMessage[] = [];
  let tracker = NO_TRACKS;
  let lifecycle: Lifecycle = NOTHING_TOLD;
  for (let frame = 0; frame < seconds * detect.fps; frame++) {
    const second = frame / detect.fps;
    const looked = looks(frame, second, tracker);
    const findings = looked
      .flatMap((region) => found(actors, second, region, eyes, random))
      .filter((finding) => isWanted(finding, objects, picture));
    tracker = updateTracks(tracker, suppressed(findings), second * 1000, options, looked);
    const confirmed = tracker.tracks.filter((track) => track.confirmed);
    const step = advanceLifecycle(lifecycle, confirmed, second * 1000, scene, newId);
    lifecycle = step.lifecycle;
    messages.push(...step.messages);
  }
  return { messages: [...messages, ...endAll(lifecycle, "shutdown")], tracker };
}

const DETECTOR = {
  name: "chance",
  sha256: "00",
  licence: "none",
  precision: "f32",
  runtime: "v8",
  inference_ms: 0,
} as const;

/** What the detector finds in one region: what is there, not hidden, and enough of it inside. */
function found(
  actors: readonly Actor[],
  second: number,
  region: Box,
  { jitter, flicker, blinks }: Eyesight,
  random: () => number,
): readonly Finding[] {
  const there = actors.flatMap((actor) => {
    const box = actor.at(second);
    return box === undefined ? [] : [{ actor, box }];
  });
  return there.flatMap(({ actor, box }): Finding[] => {
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

/** Class-wise non-maximum suppression, as in the module and over the regions. */
function suppressed(findings: readonly Finding[]): readonly Finding[] {
  const kept: Finding[] = [];
  for (const finding of findings.toSorted((a, b) => b.score - a.score)) {
    const isAgain = (one: Detection) =>
      one.label === finding.label && intersectionOverUnion(one.box, finding.box) > NMS_IOU;
    if (!kept.some(isAgain)) kept.push(finding);
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

/** Somebody who walks in a line: 45 × 120 pixels, first at `from`, pixels per second. */
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
      const isInPicture = x + 45 > 8 && x < WIDTH - 8 && y + 120 > 8 && y < HEIGHT - 8;
      return isInPicture ? [x, y, x + 45, y + 120] : undefined;
    },
  };
}

/** A car that drives in from the left, stops at x 300 from second 4, and leaves to the right at a second, if it does. */
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

/** The ids that had a message of this type. */
export function idsOf({ messages }: Told, type: EventMessage["type"], label?: string): readonly string[] {
  return messages
    .filter((message) => message.type === type && (label === undefined || message.after.label === label))
    .map(({ after }) => after.id);
}

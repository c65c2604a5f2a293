import type { Box } from "./base/box.ts";
import type { Frame } from "./camera/frame.ts";
import type { FrameDetection } from "./detection/detect-regions.ts";
import type { EventMessage } from "./events/event.ts";
import type { Lifecycle } from "./events/lifecycle.ts";
import type { ReviewMessage } from "./events/review.ts";
import type { DebouncedMotion } from "./motion/debounce.ts";
import type { Message } from "./mqtt/message.ts";
import { eventMessage, motionMessage, reviewMessage, snapshotMessage } from "./mqtt/topics.ts";
import { rgbOf } from "./preprocess/rgb.ts";
import type { Track } from "./tracking/track.ts";
import { annotate } from "./view/annotate.ts";

/** The result of a frame, of a pause, or of the end of the frames. */
export interface Outcome {
  readonly timeMs: number;
  /** Valid only until the next outcome is requested. */
  readonly frame?: Frame;
  readonly events: readonly EventMessage[];
  /** Everything to publish, including the events, in order. */
  readonly messages: readonly Message[];
  /** How the events came about, for drawing; present if `frame` is. */
  readonly seen?: Seen;
}

/** The steps between a frame and its events. Boxes in pixels of the frame. */
export interface Seen {
  /** Where something moved. */
  readonly motion: readonly Box[];
  /** The regions that the detector examined; empty: it did not run. */
  readonly regions: readonly Box[];
  /** All detections, before any filter. */
  readonly detections: readonly FrameDetection[];
  readonly tracks: readonly Track[];
  /** The descriptions of the confirmed tracks. */
  readonly lifecycle: Lifecycle;
}

/** What a frame, a pause or the end of the frames brings. */
export interface Results {
  readonly events?: readonly EventMessage[];
  readonly reviews?: readonly ReviewMessage[];
  readonly motionMessages?: readonly Message[];
  readonly snapshots?: readonly Message[];
  readonly frame?: Frame;
  readonly seen?: Seen;
}

/** Puts all messages in order. @param prefix first level of every topic @param counts messages with the counts that changed */
export function outcomeOf(
  timeMs: number,
  { events = [], reviews = [], motionMessages = [], snapshots = [], ...drawing }: Results,
  counts: readonly Message[],
  prefix: string,
): Outcome {
  const messages = [
    ...motionMessages,
    ...events.map((event) => eventMessage(prefix, event)),
    ...reviews.map((review) => reviewMessage(prefix, review)),
    ...snapshots,
    ...counts,
  ];
  return { timeMs, events, messages, ...drawing };
}

/** The message of a change of motion, if there is one. */
export function motionMessagesOf(
  { message }: DebouncedMotion,
  camera: string,
  prefix: string,
): readonly Message[] {
  return message === undefined ? [] : [motionMessage(prefix, camera, message)];
}

/** A snapshot of each object that is new or has its best frame so far. */
export async function snapshotMessages(
  events: readonly EventMessage[],
  frame: Frame,
  camera: string,
  prefix: string,
): Promise<readonly Message[]> {
  const due = events.filter(({ type, after }) => {
    return type === "new" || (type === "update" && after.snapshot?.frame_time === frame.timeMs / 1000);
  });
  return Promise.all(
    due.map(async ({ after }) => {
      return snapshotMessage(prefix, camera, after.label, await annotate(rgbOf(frame), [after]));
    }),
  );
}

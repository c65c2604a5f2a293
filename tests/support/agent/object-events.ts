import { CONSTANT_FIELDS, type EventMessage, type ObjectEvent } from "../../../agent/events/event.ts";
import type { Review, ReviewMessage } from "../../../agent/events/review.ts";
import type { Message } from "../../../agent/mqtt/message.ts";

/** An object as in an event. Fields that do not matter for delivery are constant. */
export function objectEvent(id: string, revision: number): ObjectEvent {
  return {
    id,
    camera: "door",
    label: "person",
    frame_time: 1000 + revision,
    start_time: 1000,
    end_time: null,
    score: 0.8,
    top_score: 0.9,
    false_positive: false,
    box: [10, 20, 110, 220],
    area: 20_000,
    ratio: 0.5,
    region: [0, 0, 640, 480],
    current_zones: [],
    entered_zones: [],
    max_severity: "alert",
    pending_loitering: false,
    active: true,
    stationary: false,
    motionless_count: 0,
    position_changes: 1,
    has_snapshot: false,
    snapshot: {
      frame_time: 1001,
      box: [10, 20, 110, 220],
      area: 20_000,
      region: [0, 0, 640, 480],
      score: 0.9,
      attributes: [],
    },
    ...CONSTANT_FIELDS,
    detector: {
      name: "fake",
      sha256: "0".repeat(64),
      licence: "Apache-2.0",
      precision: "f32",
      runtime: "wasmer",
      inference_ms: 12.3,
    },
    revision,
  };
}

/** A message about an object: `new` is revision 1. */
export function aboutObject(id: string, type: EventMessage["type"], revision: number): Message {
  const event: EventMessage = {
    type,
    before: objectEvent(id, revision - 1),
    after: { ...objectEvent(id, revision), end_time: type === "end" ? 1000 + revision : null },
  };
  return { topic: "sabrewing/events", payload: JSON.stringify(event), retain: false, qos: 1 };
}

/** A message about a review of these objects: `new` is revision 1. */
export function aboutReview(
  id: string,
  objects: readonly string[],
  type: ReviewMessage["type"],
  revision: number,
): Message {
  const review = (of: number): Review => ({
    id,
    camera: "door",
    start_time: 1000,
    end_time: null,
    severity: "alert",
    thumb_path: "",
    data: {
      detections: objects,
      objects: ["person"],
      zones: [],
      sub_labels: [],
      verified_objects: [],
      audio: [],
      thumb_time: null,
      metadata: null,
    },
    frame_time: 1000 + of,
    revision: of,
  });
  const message: ReviewMessage = {
    type,
    before: review(revision - 1),
    after: { ...review(revision), end_time: type === "end" ? 1000 + revision : null },
  };
  return { topic: "sabrewing/reviews", payload: JSON.stringify(message), retain: false, qos: 1 };
}

/** Summary of a message: `ann new 1`, with `(from 1)` when its `before` is not the previous revision. */
export function inShort(payload: string | Uint8Array): string {
  const { type, before, after, reason } = JSON.parse(String(payload));
  const gap = before.revision === after.revision - 1 ? "" : ` (from ${before.revision})`;
  return `${after.id} ${type} ${after.revision}${gap}${reason === undefined ? "" : ` ${reason}`}`;
}

import type { ReviewConfig } from "../config/review-schema.ts";
import type { Ending, EndingSwitch, EndReason, ObjectEvent, Severity } from "./event.ts";

/** The payload of `<prefix>/reviews`: a review as last published, and as it is now. */
export interface ReviewMessage {
  readonly type: "new" | "update" | "end";
  readonly before: Review;
  readonly after: Review;
  /** Only in `end` messages. */
  readonly reason?: EndReason;
  /** Only with the reason `switched_off`. */
  readonly switch?: EndingSwitch;
}

/**
 * A period in which objects were active in front of one camera. Frigate's names and meanings, plus `frame_time` and
 * `revision`. Times are Unix seconds.
 */
export interface Review {
  /** `<start time>-<6 characters>`, the same in all messages about this review. */
  readonly id: string;
  readonly camera: string;
  readonly start_time: number;
  /** The last activity of the review's severity; null while it lasts. */
  readonly end_time: number | null;
  /** Rises from `detection` to `alert`, and never falls. */
  readonly severity: Severity;
  /** Path of a thumbnail on Frigate's disk: there is none. */
  readonly thumb_path: "";
  readonly data: ReviewData;
  /** When the message was due. */
  readonly frame_time: number;
  /** Counts the messages about this review, from 1: a consumer can drop duplicates. */
  readonly revision: number;
}

export interface ReviewData {
  /** The ids of its objects in their events, in the order in which they became active. */
  readonly detections: readonly string[];
  /** Their labels, each once. */
  readonly objects: readonly string[];
  /** The zones in which they were, in the order in which they entered them. */
  readonly zones: readonly string[];
  /** Nothing recognises faces or number plates, listens, makes thumbnails or writes summaries. */
  readonly sub_labels: readonly [];
  readonly verified_objects: readonly [];
  readonly audio: readonly [];
  readonly thumb_time: null;
  readonly metadata: null;
}

/** A review that has not ended. */
export interface OpenReview {
  /** In its last message. */
  readonly published: Review;
  /** When an object was last active that counts for its severity. */
  readonly activeTime: number;
}

export interface ReviewStep {
  /** Undefined: nothing is under review. */
  readonly review: OpenReview | undefined;
  readonly messages: readonly ReviewMessage[];
}

export interface ReviewContext {
  readonly camera: string;
  readonly settings: ReviewConfig;
  /** Makes the id of a review that begins at this Unix time in milliseconds. */
  readonly newId: (startTimeMs: number) => string;
}

/** The active objects of a frame, by the severity of a review with them. */
interface Activity {
  readonly alerts: readonly ObjectEvent[];
  readonly detections: readonly ObjectEvent[];
}

/**
 * Begins, continues or ends the review of a camera after a frame, by Frigate's rules. A camera has at most one review at a
 * time, with all objects that are active meanwhile:
 * - `new` when an object is active;
 * - `update` when the review becomes an alert, or another object or zone belongs to it;
 * - `end` when no object has been active for the cut-off time; an alert ends when no object has been active for that time that
 *   makes an alert. If other objects are still active, a detection begins where the alert ended.
 */
export function advanceReview(
  open: OpenReview | undefined,
  objects: readonly ObjectEvent[],
  timeMs: number,
  context: ReviewContext,
): ReviewStep {
  const time = timeMs / 1000;
  const activity = activityIn(objects, time, context.settings);
  if (open === undefined) return begin(activity, time, time, context);
  if (!isOver(open, time, context.settings)) return advance(open, activity, time);
  const end = endReview(open, { reason: "gone" });
  const starts = activity.detections.map(({ start_time }) => start_time);
  const startTime = activity.alerts.length > 0 ? time : Math.max(open.activeTime, Math.min(...starts));
  const { review, messages } = begin(activity, startTime, time, context);
  return { review, messages: [end, ...messages] };
}

/** The `end` message of a review. */
export function endReview({ published, activeTime }: OpenReview, ending: Ending): ReviewMessage {
  const after = {
    ...published,
    end_time: activeTime,
    frame_time: activeTime,
    revision: published.revision + 1,
  };
  return { type: "end", before: published, after, ...ending };
}

/** The severity of a review with an object of this label that is, or was, in these zones; null: it makes no review. */
export function severityOf(
  label: string,
  zones: readonly string[],
  { alerts, detections }: ReviewConfig,
): Severity | null {
  const isIn = (required: readonly string[]) =>
    required.length === 0 || required.some((zone) => zones.includes(zone));
  if (alerts.enabled && alerts.labels.includes(label) && isIn(alerts.required_zones)) return "alert";
  const isListed = detections.labels?.includes(label) ?? true;
  return detections.enabled && isListed && isIn(detections.required_zones) ? "detection" : null;
}

function activityIn(objects: readonly ObjectEvent[], time: number, settings: ReviewConfig): Activity {
  const active = objects.filter((object) => isActive(object, time));
  const of = (severity: Severity) =>
    active.filter(({ label, current_zones }) => severityOf(label, current_zones, settings) === severity);
  return { alerts: of("alert"), detections: of("detection") };
}

/** Whether an object was detected in this frame and is active: it has moved and is not stationary, or it loiters. */
function isActive(object: ObjectEvent, time: number): boolean {
  if (object.false_positive || object.frame_time !== time || object.position_changes === 0) return false;
  return object.active || object.pending_loitering;
}

function isOver({ published, activeTime }: OpenReview, time: number, settings: ReviewConfig): boolean {
  const { cutoff_time } = published.severity === "alert" ? settings.alerts : settings.detections;
  return time > activeTime + cutoff_time;
}

function begin(
  { alerts, detections }: Activity,
  startTime: number,
  time: number,
  { camera, newId }: ReviewContext,
): ReviewStep {
  if (alerts.length + detections.length === 0) return { review: undefined, messages: [] };
  const after: Review = {
    id: newId(startTime * 1000),
    camera,
    start_time: startTime,
    end_time: null,
    severity: alerts.length > 0 ? "alert" : "detection",
    thumb_path: "",
    data: withObjects(NO_DATA, [...alerts, ...detections]),
    frame_time: time,
    revision: 1,
  };
  const message: ReviewMessage = { type: "new", before: { ...after, revision: 0 }, after };
  return { review: { published: after, activeTime: time }, messages: [message] };
}

function advance(open: OpenReview, { alerts, detections }: Activity, time: number): ReviewStep {
  const { published } = open;
  const severity = alerts.length > 0 ? "alert" : published.severity;
  const counted = severity === "alert" ? alerts : detections;
  const activeTime = counted.length > 0 ? time : open.activeTime;
  const data = withObjects(published.data, [...alerts, ...detections]);
  const isSame =
    severity === published.severity &&
    data.detections.length === published.data.detections.length &&
    data.zones.length === published.data.zones.length;
  if (isSame) return { review: { published, activeTime }, messages: [] };
  const after = { ...published, severity, data, frame_time: time, revision: published.revision + 1 };
  return {
    review: { published: after, activeTime },
    messages: [{ type: "update", before: published, after }],
  };
}

const NO_DATA: ReviewData = {
  detections: [],
  objects: [],
  zones: [],
  sub_labels: [],
  verified_objects: [],
  audio: [],
  thumb_time: null,
  metadata: null,
};

function withObjects(data: ReviewData, objects: readonly ObjectEvent[]): ReviewData {
  return {
    ...data,
    detections: union(
      data.detections,
      objects.map(({ id }) => id),
    ),
    objects: union(
      data.objects,
      objects.map(({ label }) => label),
    ),
    zones: union(
      data.zones,
      objects.flatMap(({ current_zones }) => current_zones),
    ),
  };
}

function union(before: readonly string[], more: readonly string[]): readonly string[] {
  return [...new Set([...before, ...more])];
}

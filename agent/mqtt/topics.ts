import { topicLevel } from "../config/topic-name.ts";
import type { Count, Counts } from "../events/counts.ts";
import type { EventMessage } from "../events/event.ts";
import type { ReviewMessage } from "../events/review.ts";
import type { Message } from "./message.ts";

export type OnlineState = "online" | "offline";

/** The topic that reports whether the agent is online. */
export function availabilityTopic(prefix: string): string {
  return `${prefix}/available`;
}

/** Reports whether the agent is online: published on every connect, and by the broker as the agent's last will. */
export function availability(prefix: string, state: OnlineState): Message {
  return { topic: availabilityTopic(prefix), payload: state, retain: true, qos: 1 };
}

/** The topic of a camera's motion. */
export function motionTopic(prefix: string, camera: string): string {
  return `${prefix}/${camera}/motion`;
}

/** Reports whether a camera sees motion. */
export function motionMessage(prefix: string, camera: string, state: "ON" | "OFF"): Message {
  return { topic: motionTopic(prefix, camera), payload: state, retain: true, qos: 0 };
}

/** Reports an event. */
export function eventMessage(prefix: string, event: EventMessage): Message {
  return { topic: `${prefix}/events`, payload: JSON.stringify(event), retain: false, qos: 1 };
}

/** The topic of the reviews of all cameras. */
export function reviewsTopic(prefix: string): string {
  return `${prefix}/reviews`;
}

/** Reports a review. */
export function reviewMessage(prefix: string, review: ReviewMessage): Message {
  return { topic: reviewsTopic(prefix), payload: JSON.stringify(review), retain: false, qos: 1 };
}

/** The topic that reports whether a camera delivers frames. */
export function cameraStatusTopic(prefix: string, camera: string): string {
  return `${prefix}/${camera}/status`;
}

/** Reports whether a camera delivers frames; `motion_only`: it does, but the detector fails, so no objects are detected. */
export function cameraStatus(prefix: string, camera: string, state: OnlineState | "motion_only"): Message {
  return { topic: cameraStatusTopic(prefix, camera), payload: state, retain: true, qos: 1 };
}

/** The topic that counts the objects of a label in a camera or zone (`place`); its subtopic `active` counts active ones. */
export function countTopic(prefix: string, place: string, label: string): string {
  return `${prefix}/${place}/${topicLevel(label)}`;
}

/**
 * Reports the counts that changed, and 0 for those that no longer exist because the settings changed: the objects of each label (and of `all`) in view of a camera and in its zones, and the
 * active ones among them. Spaces in a label become underscores, as in Frigate: `teddy bear` is counted on `…/teddy_bear`.
 */
export function changedCounts(prefix: string, before: Counts, now: Counts): readonly Message[] {
  const state = (topic: string, value: number): Message => {
    return { topic, payload: String(value), retain: true, qos: 0 };
  };
  return [...new Set([...before.keys(), ...now.keys()])].flatMap((place) => {
    const labels = new Set([...(before.get(place)?.keys() ?? []), ...(now.get(place)?.keys() ?? [])]);
    return [...labels].flatMap((label) => {
      const count = now.get(place)?.get(label) ?? NONE;
      const topic = countTopic(prefix, place, label);
      const earlier = before.get(place)?.get(label);
      return [
        ...(earlier?.inView === count.inView ? [] : [state(topic, count.inView)]),
        ...(earlier?.active === count.active ? [] : [state(`${topic}/active`, count.active)]),
      ];
    });
  });
}

const NONE: Count = { inView: 0, active: 0 };

/** The topic of the snapshots of a camera's objects of a label. */
export function snapshotTopic(prefix: string, camera: string, label: string): string {
  return `${prefix}/${camera}/${topicLevel(label)}/snapshot`;
}

/** Publishes the best snapshot of an object so far, as JPEG. Only for cameras with snapshots turned on. */
export function snapshotMessage(prefix: string, camera: string, label: string, jpeg: Uint8Array): Message {
  return { topic: snapshotTopic(prefix, camera, label), payload: jpeg, retain: true, qos: 0 };
}

/** The topic of the figures of all cameras and detectors. */
export function statsTopic(prefix: string): string {
  return `${prefix}/stats`;
}

import { topicLevel } from "../config/topic-name.ts";
import type { Counts } from "../events/counts.ts";
import type { EventMessage } from "../events/event.ts";
import type { Stats } from "../health/stats.ts";
import type { Message } from "./message.ts";

export type OnlineState = "online" | "offline";

/** Where it is told whether the agent is there. */
export function availabilityTopic(prefix: string): string {
  return `${prefix}/available`;
}

/** Whether the agent is there: told on every connect, and by the broker as the last will when it no longer is. */
export function availability(prefix: string, state: OnlineState): Message {
  return { topic: availabilityTopic(prefix), payload: state, retain: true, qos: 1 };
}

/** Where a camera's motion is told. */
export function motionTopic(prefix: string, camera: string): string {
  return `${prefix}/${camera}/motion`;
}

/** Whether something moves in front of a camera. */
export function motionMessage(prefix: string, camera: string, state: "ON" | "OFF"): Message {
  return { topic: motionTopic(prefix, camera), payload: state, retain: true, qos: 0 };
}

/** What happened to an object. */
export function eventMessage(prefix: string, event: EventMessage): Message {
  return { topic: `${prefix}/events`, payload: JSON.stringify(event), retain: false, qos: 1 };
}

/** Where it is told whether a camera delivers pictures. */
export function cameraStatusTopic(prefix: string, camera: string): string {
  return `${prefix}/${camera}/status`;
}

/** Whether a camera delivers pictures; `motion_only`: it does, but the detector fails, so that no objects are found. */
export function cameraStatus(prefix: string, camera: string, state: OnlineState | "motion_only"): Message {
  return { topic: cameraStatusTopic(prefix, camera), payload: state, retain: true, qos: 1 };
}

/** Where the objects of a label in a place (a camera or a zone) are counted; below it, on `active`, those that move. */
export function countTopic(prefix: string, place: string, label: string): string {
  return `${prefix}/${place}/${topicLevel(label)}`;
}

/**
 * How many objects of each label (and of `all`) are in view of a camera and in its zones, and how many of them are active,
 * where that changed. A label's spaces become underscores: `teddy bear` is counted on `…/teddy_bear`, as at Frigate.
 */
export function changedCounts(prefix: string, before: Counts, now: Counts): readonly Message[] {
  const state = (topic: string, value: number): Message => {
    return { topic, payload: String(value), retain: true, qos: 0 };
  };
  return [...now].flatMap(([place, labels]) =>
    [...labels].flatMap(([label, count]) => {
      const topic = countTopic(prefix, place, label);
      const earlier = before.get(place)?.get(label);
      return [
        ...(earlier?.inView === count.inView ? [] : [state(topic, count.inView)]),
        ...(earlier?.active === count.active ? [] : [state(`${topic}/active`, count.active)]),
      ];
    }),
  );
}

/** Where the pictures of a camera's objects of a label appear. */
export function snapshotTopic(prefix: string, camera: string, label: string): string {
  return `${prefix}/${camera}/${topicLevel(label)}/snapshot`;
}

/** The best picture of an object so far, as JPEG. Only for cameras whose owner turned snapshots on. */
export function snapshotMessage(prefix: string, camera: string, label: string, jpeg: Uint8Array): Message {
  return { topic: snapshotTopic(prefix, camera, label), payload: jpeg, retain: true, qos: 0 };
}

/** Where the figures appear. */
export function statsTopic(prefix: string): string {
  return `${prefix}/stats`;
}

/** Figures of every camera and detector. */
export function statsMessage(prefix: string, stats: Stats): Message {
  return { topic: statsTopic(prefix), payload: JSON.stringify(stats), retain: false, qos: 0 };
}

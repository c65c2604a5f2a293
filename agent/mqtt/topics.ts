import type { Counts } from "../events/counts.ts";
import type { EventMessage } from "../events/event.ts";
import type { Stats } from "../health/stats.ts";
import type { Message } from "./message.ts";

export type OnlineState = "online" | "offline";

/** Whether the agent is there: told on every connect, and by the broker as the last will when it no longer is. */
export function availability(prefix: string, state: OnlineState): Message {
  return { topic: `${prefix}/available`, payload: state, retain: true, qos: 1 };
}

/** Whether something moves in front of a camera. */
export function motionMessage(prefix: string, camera: string, state: "ON" | "OFF"): Message {
  return { topic: `${prefix}/${camera}/motion`, payload: state, retain: true, qos: 0 };
}

/** What happened to an object. */
export function eventMessage(prefix: string, event: EventMessage): Message {
  return { topic: `${prefix}/events`, payload: JSON.stringify(event), retain: false, qos: 1 };
}

/** Whether a camera delivers pictures. */
export function cameraStatus(prefix: string, camera: string, state: OnlineState): Message {
  return { topic: `${prefix}/${camera}/status`, payload: state, retain: true, qos: 1 };
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
      const topic = `${prefix}/${place}/${topicLevel(label)}`;
      const earlier = before.get(place)?.get(label);
      return [
        ...(earlier?.inView === count.inView ? [] : [state(topic, count.inView)]),
        ...(earlier?.active === count.active ? [] : [state(`${topic}/active`, count.active)]),
      ];
    }),
  );
}

/** The best picture of an object so far, as JPEG. Only for cameras whose owner turned snapshots on. */
export function snapshotMessage(prefix: string, camera: string, label: string, jpeg: Uint8Array): Message {
  return { topic: `${prefix}/${camera}/${topicLevel(label)}/snapshot`, payload: jpeg, retain: true, qos: 0 };
}

/** Figures of every camera and detector. */
export function statsMessage(prefix: string, stats: Stats): Message {
  return { topic: `${prefix}/stats`, payload: JSON.stringify(stats), retain: false, qos: 0 };
}

function topicLevel(label: string): string {
  return label.replaceAll(/[\s/+#]+/g, "_");
}

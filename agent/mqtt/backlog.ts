import type { EventMessage } from "../events/event.ts";
import type { StoreChanges, StoredMessage } from "../state/message-store.ts";
import { mergeUpdates, readEvent } from "./event-payload.ts";
import type { Message } from "./message.ts";

/** How much may wait for the broker. */
export interface BacklogLimits {
  /** Of all payloads together. */
  readonly bytes: number;
  /** In milliseconds of service time: the time an agent ran, which no change of the machine's clock touches. */
  readonly ageMs: number;
}

/** A message that is kept. */
export interface Entry {
  /** Counts up in the order of `add`. */
  readonly sequence: number;
  readonly message: Message;
}

/**
 * The messages that the broker has not acknowledged, and the last one of every object in view, acknowledged or not: an
 * agent that dies leaves it to the next one, which ends the object.
 */
export interface Backlog {
  /**
   * @param nowMs service time
   * @returns what kind of event the message carries, if any
   */
  add(message: Message, nowMs: number): EventMessage["type"] | undefined;
  /** The oldest message that waits and is not held back, if its sequence is at most `last`. It is under way from now on. */
  take(last: number): Entry | undefined;
  /** The oldest message that waits and was held back until now or earlier. It is under way from now on. */
  takeHeldBack(nowMs: number): Entry | undefined;
  /** Lets all other messages pass this one, and with it the rest of its event, until `untilMs` of service time. */
  holdBack(sequence: number, untilMs: number): void;
  /** Gives a message that was held back, and the rest of its event, its old place again. */
  release(sequence: number): void;
  /** Messages that are held back. */
  heldBack(): number;
  /**
   * The broker has it.
   * @returns what kind of event the message carries, if any
   */
  acknowledge(sequence: number): EventMessage["type"] | undefined;
  /** What is under way waits again. */
  putBack(): void;
  /** The last message of every object that came from an earlier process and has not ended. */
  unfinished(): readonly Entry[];
  /** Of the newest message. */
  lastSequence(): number;
  /** Messages without an acknowledgement. */
  size(): number;
  /** Messages given up because there was no room. */
  dropped(): number;
  /** Whether `takeChanges` would say anything. */
  hasChanges(): boolean;
  /** What has changed since the last call. */
  takeChanges(): StoreChanges;
  everything(): readonly StoredMessage[];
  /** Takes in what an earlier process left. */
  restore(messages: readonly StoredMessage[]): void;
}

interface Kept extends Entry {
  readonly addedMs: number;
  /** Undefined where the message carries no event. */
  readonly event: (Pick<EventMessage, "type"> & { readonly id: string }) | undefined;
  /** Left by an earlier process. */
  readonly inherited: boolean;
  state: "waiting" | "under way" | "delivered";
}

/**
 * An empty backlog.
 *
 * An update takes the place of an earlier one of the same object that still waits. Where there is no room the oldest
 * updates go first, then whole events from `new` to `end`, oldest first. What remains then cannot be given up: of objects
 * in view, and the `end` of what the broker knows; there is little of it.
 */
export function emptyBacklog(limits: BacklogLimits): Backlog {
  // A Map iterates in the order of insertion, which is that of the sequence.
  const kept = new Map<number, Kept>();
  /** Of each event, oldest first. */
  const ofEvent = new Map<string, Kept[]>();
  const changed = new Set<number>();
  /** Until when, by event. */
  const heldBack = new Map<string, number>();
  let last = 0;
  let bytes = 0;
  let delivered = 0;
  let dropped = 0;

  function keep(entry: Kept): void {
    kept.set(entry.sequence, entry);
    last = Math.max(last, entry.sequence);
    bytes += entry.message.payload.length;
    if (entry.state === "delivered") delivered++;
    if (entry.event === undefined) return;
    ofEvent.set(entry.event.id, [...(ofEvent.get(entry.event.id) ?? []), entry]);
  }

  function remove(entry: Kept): void {
    kept.delete(entry.sequence);
    changed.add(entry.sequence);
    bytes -= entry.message.payload.length;
    if (entry.state === "delivered") delivered--;
    if (entry.event === undefined) return;
    const others = (ofEvent.get(entry.event.id) ?? []).filter((other) => other !== entry);
    if (others.length > 0) {
      ofEvent.set(entry.event.id, others);
    } else {
      ofEvent.delete(entry.event.id);
      heldBack.delete(entry.event.id);
    }
  }

  /** What is held back together: consumers get the messages of an event in order, or none of them. */
  const keyOf = ({ event, sequence }: Kept) => event?.id ?? `message ${sequence}`;
  const keyOfSequence = (sequence: number) => {
    const entry = kept.get(sequence);
    return entry === undefined ? undefined : keyOf(entry);
  };

  function firstWaiting(highest: number, fits: (entry: Kept) => boolean): Entry | undefined {
    for (const entry of kept.values()) {
      if (entry.state !== "waiting" || !fits(entry)) continue;
      if (entry.sequence > highest) return undefined;
      entry.state = "under way";
      return entry;
    }
    return undefined;
  }

  function drop(entry: Kept): void {
    remove(entry);
    dropped++;
  }

  /** The last word on an object in view: what a new process would have to know. */
  function isLastWord(entry: Kept): boolean {
    if (entry.event === undefined || entry.event.type === "end") return false;
    return ofEvent.get(entry.event.id)?.at(-1) === entry;
  }

  /** What may be given up for this entry: itself, where it is an update; the whole event, where it is its `new`. */
  function expendable(entry: Kept): readonly Kept[] {
    if (entry.state !== "waiting") return [];
    if (entry.event === undefined) return [entry];
    if (entry.event.type === "update") return isLastWord(entry) ? [] : [entry];
    const event = ofEvent.get(entry.event.id) ?? [];
    const isWhole = event[0]?.event?.type === "new" && event.at(-1)?.event?.type === "end";
    return isWhole && event.every(({ state }) => state === "waiting") ? event : [];
  }

  function makeRoom(nowMs: number): void {
    for (const entry of kept.values()) {
      if (nowMs - entry.addedMs <= limits.ageMs) break;
      // An event is as old as its end.
      if (entry.event?.type !== "new") for (const old of expendable(entry)) drop(old);
    }
    for (const type of ["update", "new"] as const) {
      for (const entry of kept.values()) {
        if (bytes <= limits.bytes) return;
        if ((entry.event?.type ?? "update") === type) for (const old of expendable(entry)) drop(old);
      }
    }
  }

  function add(message: Message, addedMs: number): EventMessage["type"] | undefined {
    const event = readEvent(message.payload);
    const before = event === undefined ? undefined : ofEvent.get(event.after.id)?.at(-1);
    let sent = message;
    if (before?.state === "delivered") {
      remove(before);
    } else if (before?.state === "waiting" && before.event?.type === "update" && event?.type === "update") {
      const earlier = readEvent(before.message.payload);
      if (earlier !== undefined) sent = { ...message, payload: JSON.stringify(mergeUpdates(earlier, event)) };
      remove(before);
    }
    const sequence = last + 1;
    changed.add(sequence);
    keep({
      sequence,
      message: sent,
      addedMs,
      event: event === undefined ? undefined : { type: event.type, id: event.after.id },
      inherited: false,
      state: "waiting",
    });
    makeRoom(addedMs);
    return event?.type;
  }

  return {
    add,
    take: (highest) => firstWaiting(highest, (entry) => !heldBack.has(keyOf(entry))),
    takeHeldBack: (nowMs) =>
      firstWaiting(last, (entry) => (heldBack.get(keyOf(entry)) ?? Number.POSITIVE_INFINITY) <= nowMs),
    holdBack(sequence, untilMs) {
      const key = keyOfSequence(sequence);
      if (key !== undefined) heldBack.set(key, untilMs);
    },
    release(sequence) {
      const key = keyOfSequence(sequence);
      if (key !== undefined) heldBack.delete(key);
    },
    heldBack: () => [...kept.values()].filter((entry) => heldBack.has(keyOf(entry))).length,
    acknowledge(sequence) {
      const entry = kept.get(sequence);
      if (entry === undefined) return undefined;
      heldBack.delete(keyOf(entry));
      if (isLastWord(entry)) {
        entry.state = "delivered";
        delivered++;
        changed.add(sequence);
      } else remove(entry);
      return entry.event?.type;
    },
    putBack() {
      for (const entry of kept.values()) if (entry.state === "under way") entry.state = "waiting";
    },
    unfinished: () => [...kept.values()].filter((entry) => entry.inherited && isLastWord(entry)),
    lastSequence: () => last,
    size: () => kept.size - delivered,
    dropped: () => dropped,
    hasChanges: () => changed.size > 0,

    takeChanges() {
      const put = [...changed].flatMap((sequence) => kept.get(sequence) ?? []).map(storedForm);
      const removed = [...changed].filter((sequence) => !kept.has(sequence));
      changed.clear();
      return { put, removed };
    },
    everything: () => [...kept.values()].map(storedForm),
    restore(messages) {
      for (const { sequence, topic, payload, delivered: isDelivered, addedMs } of messages) {
        // Where the store could not be read at first, this process has used these numbers itself.
        const isTaken = sequence <= last;
        if (isTaken) changed.add(sequence).add(last + 1);
        const event = readEvent(payload);
        keep({
          sequence: isTaken ? last + 1 : sequence,
          message: { topic, payload, retain: false, qos: 1 },
          addedMs,
          event: event === undefined ? undefined : { type: event.type, id: event.after.id },
          inherited: true,
          state: isDelivered ? "delivered" : "waiting",
        });
      }
    },
  };
}

function storedForm({ sequence, message, state, addedMs }: Kept): StoredMessage {
  const { topic, payload } = message;
  return { sequence, topic, payload, delivered: state === "delivered", addedMs };
}

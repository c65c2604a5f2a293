import type { EventMessage } from "../events/event.ts";
import type { StoreChanges, StoredMessage } from "../state/message-store.ts";
import { mergeUpdates, readEvent } from "./event-payload.ts";
import type { Message } from "./message.ts";

/** Limits for the messages that wait for the broker. */
export interface BacklogLimits {
  /** The total size of all payloads. */
  readonly bytes: number;
  /** In milliseconds of service time: the time that agents have run, independent of the machine's clock. */
  readonly ageMs: number;
}

/** A message in the backlog. */
export interface Entry {
  /** Increases in the order of `add`. */
  readonly sequence: number;
  readonly message: Message;
}

/**
 * The messages that the broker has not acknowledged, and the last message of every object in view, acknowledged or not:
 * after a crash the next process needs that message to end the object.
 */
export interface Backlog {
  /**
   * @param nowMs service time
   * @returns the type of the event in the message; undefined if it carries no event
   */
  add(message: Message, nowMs: number): EventMessage["type"] | undefined;
  /** Returns the oldest waiting message that is not held back, if its sequence is at most `last`, and marks it in flight. */
  take(last: number): Entry | undefined;
  /** Returns the oldest waiting message whose hold has expired, and marks it in flight. */
  takeHeldBack(nowMs: number): Entry | undefined;
  /** Holds back this message and the rest of its event until `untilMs` of service time; other messages overtake them. */
  holdBack(sequence: number, untilMs: number): void;
  /** Returns a message that was held back, and the rest of its event, to their old position. */
  release(sequence: number): void;
  /** The number of messages that are held back. */
  heldBack(): number;
  /**
   * Removes a message that the broker has acknowledged, or marks it as delivered if it is the last of an object in view.
   * @returns the type of the event in the message; undefined if it carries no event
   */
  acknowledge(sequence: number): EventMessage["type"] | undefined;
  /** Messages in flight wait again. */
  putBack(): void;
  /** The last message of every object that an earlier process reported and that has not ended. */
  unfinished(): readonly Entry[];
  /** The sequence of the newest message. */
  lastSequence(): number;
  /** The number of messages without an acknowledgement. */
  size(): number;
  /** The number of messages dropped because the backlog was full or they were too old. */
  dropped(): number;
  /** Whether `takeChanges` would return any change. */
  hasChanges(): boolean;
  /** The changes since the last call. */
  takeChanges(): StoreChanges;
  everything(): readonly StoredMessage[];
  /** Adds the messages that an earlier process left. */
  restore(messages: readonly StoredMessage[]): void;
}

interface BacklogEntry extends Entry {
  readonly addedMs: number;
  /** Undefined if the message carries no event. */
  readonly event: (Pick<EventMessage, "type"> & { readonly id: string }) | undefined;
  /** Left by an earlier process. */
  readonly inherited: boolean;
  state: "waiting" | "in flight" | "delivered";
}

/**
 * Creates an empty backlog.
 *
 * An update replaces an earlier update of the same object that still waits. A full backlog drops updates first, then whole
 * events from `new` to `end`, each time the oldest first. It never drops the last message of an object in view, or the `end`
 * of an object that the broker knows; these are few.
 */
export function emptyBacklog(limits: BacklogLimits): Backlog {
  // A Map iterates in the order of insertion, which is the order of the sequences.
  const entries = new Map<number, BacklogEntry>();
  /** The entries of each event, oldest first. */
  const ofEvent = new Map<string, BacklogEntry[]>();
  const changed = new Set<number>();
  /** The end of the hold, by event. */
  const heldBack = new Map<string, number>();
  let last = 0;
  let bytes = 0;
  let delivered = 0;
  let dropped = 0;

  function insert(entry: BacklogEntry): void {
    entries.set(entry.sequence, entry);
    last = Math.max(last, entry.sequence);
    bytes += entry.message.payload.length;
    if (entry.state === "delivered") delivered++;
    if (entry.event === undefined) return;
    const ofSame = ofEvent.get(entry.event.id);
    if (ofSame === undefined) ofEvent.set(entry.event.id, [entry]);
    else ofSame.push(entry);
  }

  function remove(entry: BacklogEntry): void {
    entries.delete(entry.sequence);
    changed.add(entry.sequence);
    bytes -= entry.message.payload.length;
    if (entry.state === "delivered") delivered--;
    if (entry.event === undefined) return;
    const others = ofEvent.get(entry.event.id) ?? [];
    const index = others.indexOf(entry);
    if (index >= 0) others.splice(index, 1);
    if (others.length > 0) return;
    ofEvent.delete(entry.event.id);
    heldBack.delete(entry.event.id);
  }

  /** Messages with the same key are held back together: consumers get the messages of an event in order, or none of them. */
  const keyOf = ({ event, sequence }: BacklogEntry) => event?.id ?? `message ${sequence}`;
  const keyOfSequence = (sequence: number) => {
    const entry = entries.get(sequence);
    return entry === undefined ? undefined : keyOf(entry);
  };

  function firstWaiting(highest: number, fits: (entry: BacklogEntry) => boolean): Entry | undefined {
    for (const entry of entries.values()) {
      if (entry.state !== "waiting" || !fits(entry)) continue;
      if (entry.sequence > highest) return undefined;
      entry.state = "in flight";
      return entry;
    }
    return undefined;
  }

  function drop(entry: BacklogEntry): void {
    remove(entry);
    dropped++;
  }

  /** Whether a message is the last of an object in view, which a new process needs to end the object. */
  function isLastOfOpenEvent(entry: BacklogEntry): boolean {
    if (entry.event === undefined || entry.event.type === "end") return false;
    return ofEvent.get(entry.event.id)?.at(-1) === entry;
  }

  /** The entries that may be dropped with this one: only itself if it is an update, the whole event if it is the `new`. */
  function droppable(entry: BacklogEntry): readonly BacklogEntry[] {
    if (entry.state !== "waiting") return [];
    if (entry.event === undefined) return [entry];
    if (entry.event.type === "update") return isLastOfOpenEvent(entry) ? [] : [entry];
    const event = ofEvent.get(entry.event.id) ?? [];
    const isWhole = event[0]?.event?.type === "new" && event.at(-1)?.event?.type === "end";
    return isWhole && event.every(({ state }) => state === "waiting") ? [...event] : [];
  }

  function makeRoom(nowMs: number): void {
    for (const entry of entries.values()) {
      if (nowMs - entry.addedMs <= limits.ageMs) break;
      // The age of an event is the age of its end.
      if (entry.event?.type !== "new") for (const old of droppable(entry)) drop(old);
    }
    for (const type of ["update", "new"] as const) {
      for (const entry of entries.values()) {
        if (bytes <= limits.bytes) return;
        if ((entry.event?.type ?? "update") === type) for (const old of droppable(entry)) drop(old);
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
    insert({
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
    heldBack: () => [...entries.values()].filter((entry) => heldBack.has(keyOf(entry))).length,
    acknowledge(sequence) {
      const entry = entries.get(sequence);
      if (entry === undefined) return undefined;
      heldBack.delete(keyOf(entry));
      if (isLastOfOpenEvent(entry)) {
        entry.state = "delivered";
        delivered++;
        changed.add(sequence);
      } else remove(entry);
      return entry.event?.type;
    },
    putBack() {
      for (const entry of entries.values()) if (entry.state === "in flight") entry.state = "waiting";
    },
    unfinished: () => [...entries.values()].filter((entry) => entry.inherited && isLastOfOpenEvent(entry)),
    lastSequence: () => last,
    size: () => entries.size - delivered,
    dropped: () => dropped,
    hasChanges: () => changed.size > 0,

    takeChanges() {
      const put = [...changed].flatMap((sequence) => entries.get(sequence) ?? []).map(toStored);
      const removed = [...changed].filter((sequence) => !entries.has(sequence));
      changed.clear();
      return { put, removed };
    },
    everything: () => [...entries.values()].map(toStored),
    restore(messages) {
      for (const { sequence, topic, payload, delivered: isDelivered, addedMs } of messages) {
        // If the store could not be read at first, this process has already used these sequences.
        const isTaken = sequence <= last;
        if (isTaken) changed.add(sequence).add(last + 1);
        const event = readEvent(payload);
        insert({
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

function toStored({ sequence, message, state, addedMs }: BacklogEntry): StoredMessage {
  const { topic, payload } = message;
  return { sequence, topic, payload, delivered: state === "delivered", addedMs };
}

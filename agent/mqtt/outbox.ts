import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { StoreLocation } from "../state/message-store.ts";
import { RETRY_STORE_MS, type ResilientStore, resilientStore } from "../state/resilient-store.ts";
import { type Backlog, type BacklogLimits, type Entry, emptyBacklog } from "./backlog.ts";
import { endsAfterCrash, readEvent } from "./event-payload.ts";
import type { Message } from "./message.ts";
import { type DamagedRow, readRows } from "./stored-rows.ts";

/**
 * Stores messages in order until the broker has acknowledged them. Disposing of it writes all changes to disk and closes
 * the store.
 */
export interface Outbox extends AsyncDisposable {
  /**
   * Adds a message. Resolves when the message may be taken: it is on disk, or in memory if the disk fails. Never rejects.
   * Without a delivery, updates stay in memory for up to half a minute; the promise then resolves before they are on disk.
   */
  add(message: Message): Promise<void>;
  /** Starts the delivery over a new connection. Resolves when all waiting messages may be taken. */
  startDelivery(): Promise<void>;
  /** Returns the oldest waiting message and marks it in flight. */
  take(): Entry | undefined;
  /** Returns the oldest message that was held back for an hour and marks it in flight. */
  takeHeldBack(): Entry | undefined;
  /** Holds back this message and the rest of its event for an hour; other messages overtake them. They stay on disk. */
  holdBack(sequence: number): void;
  /** Returns a message that was held back to its old position. */
  release(sequence: number): void;
  /** Removes a message that the broker has acknowledged. */
  acknowledge(sequence: number): void;
  /** Ends the delivery with its connection: messages in flight wait again. */
  endDelivery(): void;
  /** The number of messages that have not been acknowledged. */
  size(): number;
  /** The number of these that are held back. */
  heldBack(): number;
  /** The number of messages dropped because the outbox was full. */
  dropped(): number;
  /** The number of stored messages that were damaged and set aside. */
  damaged(): number;
  /** Whether the messages survive this process. */
  onDisk(): boolean;
}

export interface OutboxDependencies {
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: BacklogLimits;
}

/**
 * The delay until less important changes are written: acknowledgements in the middle of an event (after a crash these
 * messages are sent again) and updates without a delivery (after a crash they are missing; `new` and `end` never are).
 * Usually they are written together with the next message, which saves half of all writes.
 */
const LAZY_MS = 30_000;
/** The delay for the acknowledgement of an `end`: no later message of its event would be written with it. */
const SOON_MS = 1_000;

/** How long a message is held back if the broker probably ends connections because of it. */
const HELD_BACK_MS = 3_600_000;

/**
 * Opens an outbox on disk, loads the messages that an earlier process left there and ends the objects it left in view.
 * @throws ConfigError if another agent has the outbox open, or a newer version wrote it.
 */
export async function openOutbox(location: StoreLocation, dependencies: OutboxDependencies): Promise<Outbox> {
  const { clock, log, limits } = dependencies;
  const backlog = emptyBacklog(limits);
  // Service time continues from the newest stored message: it advances only while an agent runs.
  let beganMs = 0;
  const startedMs = clock.monotonicMs();
  const serviceMs = () => beganMs + clock.monotonicMs() - startedMs;

  let damaged = 0;

  const store = resilientStore(
    location,
    {
      ...backlog,
      restore(rows) {
        const read = readRows(rows, limits.ageMs);
        beganMs = read.messages.reduce((latest, { addedMs }) => Math.max(latest, addedMs), beganMs);
        backlog.restore(read.messages);
        damaged = read.damaged.length;
        reportDamaged(read.damaged, log);
        endUnfinished(backlog, serviceMs(), log);
        return { damaged: read.damaged.map(({ sequence }) => sequence), isRepaired: read.isRepaired };
      },
    },
    dependencies,
  );
  await store.save();
  return { ...outboxOf(backlog, store, clock, serviceMs), damaged: () => damaged };
}

function reportDamaged(damaged: readonly DamagedRow[], log: Log): void {
  const [first] = damaged;
  if (first === undefined) return;
  log.warn(
    {
      damaged: damaged.length,
      remedy: `Check the disk, especially an SD card. The rows are in the table "damaged" of outbox.db.`,
    },
    `${damaged.length} stored messages are damaged and cannot be sent (number ${first.sequence}: ${first.problem}): ` +
      "they are set aside; all others are delivered",
  );
}

function endUnfinished(backlog: Backlog, nowMs: number, log: Log): void {
  const unfinished = backlog.unfinished().flatMap(({ message }) => {
    const event = readEvent(message.payload);
    return event === undefined ? [] : [{ message, event }];
  });
  const ends = endsAfterCrash(unfinished.map(({ event }) => event));
  unfinished.forEach(({ message }, index) => {
    backlog.add({ ...message, payload: JSON.stringify(ends[index]) }, nowMs);
  });
  if (unfinished.length === 0) return;
  log.warn(
    { events: unfinished.length },
    `${unfinished.length} events and reviews were open when the agent last died: they end now, with reason "crash"`,
  );
}

function outboxOf(
  backlog: Backlog,
  store: ResilientStore,
  clock: Clock,
  serviceMs: () => number,
): Omit<Outbox, "damaged"> {
  const closing = new AbortController();
  let delivering = false;
  let readyUpTo = backlog.lastSequence();
  let writing: Promise<void> = Promise.resolve();
  let nextWrite: Promise<void> | undefined;
  let nextLazyMs = Number.POSITIVE_INFINITY;

  /** Resolves when all changes so far are on disk. Changes made during a write share the next write. */
  function save(): Promise<void> {
    nextWrite ??= (async () => {
      await writing;
      nextWrite = undefined;
      writing = write();
      await writing;
    })();
    return nextWrite;
  }

  async function write(): Promise<void> {
    const last = backlog.lastSequence();
    await store.save();
    readyUpTo = last;
    if (!store.onDisk()) void saveLater(RETRY_STORE_MS);
  }

  async function saveLater(ms: number): Promise<void> {
    const atMs = clock.monotonicMs() + ms;
    if (atMs >= nextLazyMs) return;
    nextLazyMs = atMs;
    await clock.sleep(ms, closing.signal);
    // A later call may have asked for an earlier write.
    if (atMs !== nextLazyMs || closing.signal.aborted) return;
    nextLazyMs = Number.POSITIVE_INFINITY;
    if (backlog.hasChanges() || !store.onDisk()) await save();
  }

  return {
    async add(message) {
      const type = backlog.add(message, serviceMs());
      if (delivering || type !== "update") return save();
      void saveLater(LAZY_MS);
    },
    startDelivery() {
      delivering = true;
      return save();
    },
    take: () => backlog.take(readyUpTo),
    takeHeldBack: () => backlog.takeHeldBack(serviceMs()),
    holdBack: (sequence) => backlog.holdBack(sequence, serviceMs() + HELD_BACK_MS),
    release: backlog.release,
    acknowledge(sequence) {
      const type = backlog.acknowledge(sequence);
      void saveLater(type === "end" ? SOON_MS : LAZY_MS);
    },
    endDelivery() {
      delivering = false;
      backlog.putBack();
    },
    size: backlog.size,
    heldBack: backlog.heldBack,
    dropped: backlog.dropped,
    onDisk: store.onDisk,
    async [Symbol.asyncDispose]() {
      closing.abort();
      await save();
      await store[Symbol.asyncDispose]();
    },
  };
}

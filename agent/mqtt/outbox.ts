import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { StorePlace } from "../state/message-store.ts";
import { RETRY_STORE_MS, type SteadyStore, steadyStore } from "../state/steady-store.ts";
import { type Backlog, type BacklogLimits, type Entry, emptyBacklog } from "./backlog.ts";
import { endAfterCrash, readEvent } from "./event-payload.ts";
import type { Message } from "./message.ts";
import { type DamagedRow, readRows } from "./stored-rows.ts";

/**
 * Messages that must arrive, in order, until the broker has acknowledged them. Disposing of it brings the disk up to
 * date and closes it.
 */
export interface Outbox extends AsyncDisposable {
  /**
   * Keeps a message. Resolves, never rejects, when it may be taken: it is on disk, or in memory where the disk refuses.
   * While nobody delivers, updates stay in memory for up to half a minute; what resolves then is no promise for them.
   */
  add(message: Message): Promise<void>;
  /** There is a connection. Resolves when everything that waits may be taken. */
  startDelivery(): Promise<void>;
  /** The oldest message that waits; it is under way from now on. */
  take(): Entry | undefined;
  /** The oldest message that was held back for an hour; it is under way from now on. */
  takeHeldBack(): Entry | undefined;
  /** Lets all other messages pass this one and the rest of its event for an hour. It stays on disk. */
  holdBack(sequence: number): void;
  /** Gives a message that was held back its old place again. */
  release(sequence: number): void;
  /** Forgets a message: the broker has acknowledged it. */
  acknowledge(sequence: number): void;
  /** The connection is over: what is under way waits again. */
  endDelivery(): void;
  /** Messages that have not been acknowledged. */
  size(): number;
  /** Of these, messages that are held back. */
  heldBack(): number;
  /** Messages given up because there was no room. */
  dropped(): number;
  /** Stored messages that were damaged and set aside. */
  damaged(): number;
  /** Whether the messages outlive this process. */
  onDisk(): boolean;
}

export interface OutboxDependencies {
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: BacklogLimits;
}

/**
 * How long it may take until the disk knows what is no loss: acknowledgements in the middle of an event (after a crash
 * such a message is sent again) and updates that nobody takes (after a crash they are missing; `new` and `end` never are).
 * Usually the next message takes them along, so that half of all writes are saved.
 */
const LAZY_MS = 30_000;
/** Nothing follows the acknowledgement of an `end` that would take it along. */
const SOON_MS = 1_000;

/** How long a message is held back that may be what ends the connections. */
const HELD_BACK_MS = 3_600_000;

/**
 * Opens an outbox on disk, takes in what an earlier process left there and ends the objects that it left in view.
 * @throws ConfigError when another agent has it open, or a newer version wrote it.
 */
export async function openOutbox(place: StorePlace, dependencies: OutboxDependencies): Promise<Outbox> {
  const { clock, log, limits } = dependencies;
  const backlog = emptyBacklog(limits);
  // Service time goes on where the newest stored message left it: a clock of our own, which counts while an agent runs.
  let beganMs = 0;
  const startedMs = clock.monotonicMs();
  const serviceMs = () => beganMs + clock.monotonicMs() - startedMs;

  let damaged = 0;

  const store = steadyStore(
    place,
    {
      ...backlog,
      restore(rows) {
        const read = readRows(rows, limits.ageMs);
        beganMs = Math.max(beganMs, ...read.messages.map(({ addedMs }) => addedMs));
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
      remedy: `Check the disk, an SD card above all. The rows are in the table "damaged" of outbox.db.`,
    },
    `${damaged.length} stored messages are damaged and cannot be sent (number ${first.sequence}: ${first.problem}): ` +
      "they are set aside, all others are delivered",
  );
}

function endUnfinished(backlog: Backlog, nowMs: number, log: Log): void {
  const unfinished = backlog.unfinished();
  for (const { message } of unfinished) {
    const event = readEvent(message.payload);
    if (event === undefined) continue;
    backlog.add({ ...message, payload: JSON.stringify(endAfterCrash(event)) }, nowMs);
  }
  if (unfinished.length === 0) return;
  log.warn(
    { events: unfinished.length },
    `${unfinished.length} events were open when the agent last died: they end now, with reason "crash"`,
  );
}

function outboxOf(
  backlog: Backlog,
  store: SteadyStore,
  clock: Clock,
  serviceMs: () => number,
): Omit<Outbox, "damaged"> {
  const closing = new AbortController();
  let delivering = false;
  let readyUpTo = backlog.lastSequence();
  let writing: Promise<void> = Promise.resolve();
  let nextWrite: Promise<void> | undefined;
  let nextLazyMs = Number.POSITIVE_INFINITY;

  /** Everything kept until now is on disk when it resolves. What is added while a write is under way shares the next. */
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
    // Another call may have been in more of a hurry.
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

import {
  type MessageStore,
  type StoredMessage,
  type StoredRow,
  StoreError,
  type StoreErrorKind,
  type StoreLocation,
} from "../../../agent/state/message-store.ts";

/** A store in memory that survives its users and fails on demand. */
export interface MemoryPlace extends StoreLocation {
  /** Makes opening, writing and syncing fail with this error; undefined: they work again. */
  refuse(kind: StoreErrorKind | undefined, how?: { readonly areRowsReadable: boolean }): void;
  /** Changes fields of a message's row. */
  damage(sequence: number, fields: Partial<StoredRow>): void;
  /** Sequence numbers of the rows that were set aside. */
  readonly rowsAside: readonly bigint[];
  /** The messages that a new process would find. */
  stored(): readonly StoredMessage[];
  /** The sequence numbers of each write. */
  readonly writes: readonly (readonly number[])[];
  /** Delays each `sync` until the returned function is called. */
  holdSync(): () => void;
  /** How often a damaged store was set aside. */
  asides(): number;
}

/**
 * An empty store.
 * @param found rows that it contains instead, until they are replaced
 */
export function memoryPlace(found?: readonly StoredRow[]): MemoryPlace {
  const messages = new Map<number, StoredMessage>();
  const writes: number[][] = [];
  const damages = new Map<number, Partial<StoredRow>>();
  const rowsAside: bigint[] = [];
  let refused: StoreErrorKind | undefined;
  let areRowsReadable = false;
  let synced: Promise<void> = Promise.resolve();
  let asides = 0;

  function check(): void {
    if (refused !== undefined) throw new StoreError(refused, `the disk is ${refused}`);
  }
  function put(added: readonly StoredMessage[]): void {
    writes.push(added.map(({ sequence }) => sequence));
    for (const message of added) messages.set(message.sequence, message);
  }
  const stored = () => [...messages.values()].sort((a, b) => a.sequence - b.sequence);
  const rows = () =>
    stored()
      .map((message) => ({ ...storedRow(message), ...damages.get(message.sequence) }))
      .sort((a, b) => Number(a.sequence - b.sequence));
  const store: MessageStore = {
    load: () => found ?? rows(),
    setRowsAside(sequences) {
      rowsAside.push(...sequences);
      for (const sequence of sequences) messages.delete(Number(sequence));
    },
    write(changes) {
      check();
      for (const sequence of changes.removed) messages.delete(sequence);
      put(changes.put);
    },
    replace(everything) {
      check();
      messages.clear();
      put(everything);
    },
    async sync() {
      await synced;
      check();
    },
    close: async () => {},
  };
  return {
    async open() {
      check();
      return store;
    },
    async setAside() {
      if (refused === "damaged") refused = undefined;
      const readable = areRowsReadable ? rows() : [];
      messages.clear();
      asides++;
      return { path: "aside", rows: readable };
    },
    refuse(kind, how) {
      refused = kind;
      areRowsReadable = how?.areRowsReadable ?? false;
    },
    damage: (sequence, fields) => damages.set(sequence, fields),
    rowsAside,
    stored,
    writes,
    holdSync() {
      const { promise, resolve } = Promise.withResolvers<void>();
      synced = promise;
      return resolve;
    },
    asides: () => asides,
  };
}

/** A message as a row of SQLite. */
export function storedRow({ sequence, topic, payload, delivered, addedMs }: StoredMessage): StoredRow {
  return {
    sequence: BigInt(sequence),
    topic,
    payload,
    delivered: delivered ? 1n : 0n,
    addedMs: BigInt(Math.round(addedMs)),
  };
}

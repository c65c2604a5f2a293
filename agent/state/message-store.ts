/** A message as it is kept on disk. */
export interface StoredMessage {
  /** Its place in the order of messages. */
  readonly sequence: number;
  readonly topic: string;
  readonly payload: string | Uint8Array;
  /** The broker has it; it is kept because it is the last word on an object that is still in view. */
  readonly delivered: boolean;
  /** When it was added, in milliseconds of service time (see Backlog). */
  readonly addedMs: number;
}

/** A row as it was found on disk: disks fail and files are edited, so that any value may be damaged. */
export interface StoredRow {
  /** Names the row. */
  readonly sequence: bigint;
  readonly topic: unknown;
  readonly payload: unknown;
  readonly delivered: unknown;
  readonly addedMs: unknown;
}

/** What to write and what to delete. */
export interface StoreChanges {
  readonly put: readonly StoredMessage[];
  readonly removed: readonly number[];
}

/** Messages on disk, in one file that only one process can have open. What it cannot do is a StoreError. */
export interface MessageStore {
  /** Everything that is kept, by ascending sequence. */
  load(): readonly StoredRow[];
  /** Takes these rows out of what is kept, and keeps a copy of them that no agent reads again. */
  setRowsAside(sequences: readonly bigint[]): void;
  /** All of the changes or none. They survive the process at once, and a power cut after `sync`. */
  write(changes: StoreChanges): void;
  /** Forgets everything but these messages. */
  replace(messages: readonly StoredMessage[]): void;
  /** Resolves when what was written is on the medium; the wait blocks nothing. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** Where a store is opened, and what to do with one that is damaged. */
export interface StoreLocation {
  /** @throws StoreError */
  open(): Promise<MessageStore>;
  /**
   * Moves a damaged store out of the way, where people can look at it; it replaces one that was moved before.
   * @throws StoreError when even that fails
   */
  setAside(): Promise<StoreSetAside>;
}

/** A damaged store that was moved out of the way. */
export interface StoreSetAside {
  readonly path: string;
  /** What can still be read of it, by ascending sequence. */
  readonly rows: readonly StoredRow[];
}

/**
 * busy: another process has the store open. newer: a later version of the agent wrote it. damaged: what is on disk is no
 * store (any more). unusable: the disk is full, read-only, broken, or the folder may not be written.
 */
export type StoreErrorKind = "busy" | "newer" | "damaged" | "unusable";

/** The store cannot do what it was asked for. */
export class StoreError extends Error {
  override readonly name = "StoreError";
  readonly kind: StoreErrorKind;

  constructor(kind: StoreErrorKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}

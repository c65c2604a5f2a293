/** A message as it is stored on disk. */
export interface StoredMessage {
  /** Its position in the order of messages. */
  readonly sequence: number;
  readonly topic: string;
  readonly payload: string | Uint8Array;
  /** Whether the broker has acknowledged it; it is then kept as the last message of an object that is still in view. */
  readonly delivered: boolean;
  /** The time at which it was added, in milliseconds of service time (see Backlog). */
  readonly addedMs: number;
}

/** A row as it was read from disk. Disks fail and files are edited: any value may be damaged. */
export interface StoredRow {
  /** Identifies the row. */
  readonly sequence: bigint;
  readonly topic: unknown;
  readonly payload: unknown;
  readonly delivered: unknown;
  readonly addedMs: unknown;
}

/** Messages to write and to delete. */
export interface StoreChanges {
  readonly put: readonly StoredMessage[];
  readonly removed: readonly number[];
}

/** Messages on disk, in one file that only one process can have open. All methods throw or reject with StoreError. */
export interface MessageStore {
  /** All stored rows, in ascending order of sequence. */
  load(): readonly StoredRow[];
  /** Moves these rows to a table that no agent reads. */
  setRowsAside(sequences: readonly bigint[]): void;
  /** Writes all of the changes or none. They survive the process immediately, and a power cut after `sync`. */
  write(changes: StoreChanges): void;
  /** Replaces all stored messages by these. */
  replace(messages: readonly StoredMessage[]): void;
  /** Resolves when all writes are on the medium, without blocking the event loop. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** Opens a store, and sets a damaged one aside. */
export interface StoreLocation {
  /** @throws StoreError */
  open(): Promise<MessageStore>;
  /**
   * Renames a damaged store, so that people can examine it. Overwrites a store that was set aside before.
   * @throws StoreError if that fails
   */
  setAside(): Promise<StoreSetAside>;
}

/** A damaged store that was set aside. */
export interface StoreSetAside {
  readonly path: string;
  /** Its readable rows, in ascending order of sequence. */
  readonly rows: readonly StoredRow[];
}

/**
 * busy: another process has the store open. newer: a later version of the agent wrote it. damaged: the file is not a valid
 * store. blocked: a folder, or something else that is not a file, has the name of one of the store's files. unusable: the disk
 * is full, read-only or broken, or the agent may not write to the folder.
 */
export type StoreErrorKind = "busy" | "newer" | "damaged" | "blocked" | "unusable";

/** An operation on the store failed. */
export class StoreError extends Error {
  override readonly name = "StoreError";
  readonly kind: StoreErrorKind;

  constructor(kind: StoreErrorKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}

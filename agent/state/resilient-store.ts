import type { Clock } from "../base/clock.ts";
import { ConfigError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import {
  type MessageStore,
  type StoreChanges,
  type StoredMessage,
  type StoredRow,
  StoreError,
  type StoreLocation,
} from "./message-store.ts";

/** The messages to store. They are always complete in memory; the disk holds a copy for the next start. */
export interface StoreContents {
  /** The changes since the last call. */
  takeChanges(): StoreChanges;
  everything(): readonly StoredMessage[];
  /** Loads the rows that an earlier process left. Called once, when the store can be read for the first time. */
  restore(rows: readonly StoredRow[]): Restored;
}

/** The result of loading the rows of a store. */
export interface Restored {
  /** Rows without a valid message. */
  readonly damaged: readonly bigint[];
  /** Whether messages differ from their rows: the store must be rewritten. */
  readonly isRepaired: boolean;
}

/** A copy of messages on disk; disk errors do not stop the agent. */
export interface ResilientStore extends AsyncDisposable {
  /**
   * Writes all changes to disk. Logs disk errors instead of throwing them. Calls must not overlap.
   * @throws ConfigError if, at the first call, another agent has the store open, or a newer version wrote it.
   */
  save(): Promise<void>;
  /** Whether the last `save` reached the disk. */
  onDisk(): boolean;
}

/** The delay before a failed write is retried. */
export const RETRY_STORE_MS = 10_000;

/**
 * Opens a store that tolerates disk errors: while the disk fails, messages stay in memory, and they are written when it works
 * again. The failure is logged once. A damaged store is set aside, and a new one is filled from memory.
 */
export function resilientStore(
  location: StoreLocation,
  contents: StoreContents,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): ResilientStore {
  let store: MessageStore | undefined;
  let restored = false;
  let refused: { readonly sinceMs: number; readonly retryAtMs: number } | undefined;

  async function write(rows?: readonly StoredRow[]): Promise<void> {
    if (store === undefined) {
      store = await location.open();
      if (restored) fill(store);
      else restoreFrom(store, rows ?? store.load());
    }
    const changes = contents.takeChanges();
    if (changes.put.length + changes.removed.length > 0) store.write(changes);
    await store.sync();
  }

  function restoreFrom(opened: MessageStore, rows: readonly StoredRow[]): void {
    const { damaged, isRepaired } = contents.restore(rows);
    restored = true;
    if (damaged.length > 0) opened.setRowsAside(damaged);
    if (isRepaired) fill(opened);
  }

  function fill(opened: MessageStore): void {
    contents.takeChanges();
    opened.replace(contents.everything());
  }

  async function writeOrReplaceStore(): Promise<void> {
    try {
      await write();
    } catch (error) {
      if (!(error instanceof StoreError) || error.kind !== "damaged") throw error;
      await close();
      const { path, rows } = await location.setAside();
      log.warn(
        { remedy: "Check the disk, especially an SD card.", readable: rows.length },
        `the stored events are damaged (${error.message}): renamed the file to ${path}; the agent continues with a new one and the readable messages`,
      );
      await write(rows);
    }
  }

  async function close(): Promise<void> {
    const closing = store;
    store = undefined;
    try {
      await closing?.close();
    } catch (error) {
      // The store is abandoned; the reason is logged elsewhere.
      if (!(error instanceof StoreError)) throw error;
    }
  }

  function reportFailure(error: StoreError): void {
    const nowMs = clock.monotonicMs();
    if (refused === undefined) {
      log.warn(
        {
          remedy:
            error.kind === "blocked"
              ? "Rename or remove it: the agent creates a file with this name."
              : "Free space on the disk, and let the agent write to its state_dir.",
        },
        `cannot store events (${error.message}): they are kept in memory, and lost if the agent dies`,
      );
    }
    refused = { sinceMs: refused?.sinceMs ?? nowMs, retryAtMs: nowMs + RETRY_STORE_MS };
  }

  return {
    async save() {
      if (refused !== undefined && clock.monotonicMs() < refused.retryAtMs) return;
      try {
        await writeOrReplaceStore();
      } catch (error) {
        if (!(error instanceof StoreError)) throw error;
        await close();
        const isFirst = !restored && refused === undefined;
        if (error.kind === "busy" && isFirst) throw inUse(error);
        if (error.kind === "newer" && isFirst) throw ofNewerVersion(error);
        reportFailure(error);
        return;
      }
      if (refused === undefined) return;
      const seconds = Math.round((clock.monotonicMs() - refused.sinceMs) / 1000);
      refused = undefined;
      log.info(`events are stored on disk again after ${seconds} s`);
    },
    onDisk: () => store !== undefined,
    [Symbol.asyncDispose]: close,
  };
}

function ofNewerVersion(error: StoreError): ConfigError {
  return new ConfigError(
    `a newer version of sabrewing wrote the stored events (${error.message})`,
    "Install that version again, or set state_dir to another folder; this version then starts without those events.",
    { cause: error },
  );
}

function inUse(error: StoreError): ConfigError {
  return new ConfigError(
    `another agent stores its events in the same folder (${error.message})`,
    "Stop the other agent, or give each agent a state_dir of its own.",
    { cause: error },
  );
}

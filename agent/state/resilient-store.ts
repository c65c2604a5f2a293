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

/** What is to be on disk. Memory always holds all of it: the disk is its copy, for the next start. */
export interface StoreContents {
  /** What has changed since the last call. */
  takeChanges(): StoreChanges;
  everything(): readonly StoredMessage[];
  /** Takes in what an earlier process left on disk. Called once, when the store can be read for the first time. */
  restore(rows: readonly StoredRow[]): Restored;
}

/** What became of the rows of a store. */
export interface Restored {
  /** Rows that hold no message. */
  readonly damaged: readonly bigint[];
  /** Whether messages differ from their rows: the store is to be written anew. */
  readonly isRepaired: boolean;
}

/** A copy on disk that gets by without a disk. */
export interface ResilientStore extends AsyncDisposable {
  /**
   * Brings the disk up to date, or does without where it refuses. Not to be called while a call is under way.
   * @throws ConfigError when, at the first call, another agent has the store, or a newer version wrote it.
   */
  save(): Promise<void>;
  /** Whether the last `save` reached the disk. */
  onDisk(): boolean;
}

/** How long a disk that refused is left alone. */
export const RETRY_STORE_MS = 10_000;

/**
 * A store that never stands in the way: what the disk refuses stays in memory, is told once, and is written when the disk
 * takes it again; a damaged store is set aside and the next one filled from memory.
 */
export function resilientStore(
  place: StoreLocation,
  contents: StoreContents,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): ResilientStore {
  let store: MessageStore | undefined;
  let restored = false;
  let refused: { readonly sinceMs: number; readonly retryAtMs: number } | undefined;

  async function write(rows?: readonly StoredRow[]): Promise<void> {
    if (store === undefined) {
      store = await place.open();
      if (restored) fill(store);
      else takeIn(store, rows ?? store.load());
    }
    const changes = contents.takeChanges();
    if (changes.put.length + changes.removed.length > 0) store.write(changes);
    await store.sync();
  }

  function takeIn(opened: MessageStore, rows: readonly StoredRow[]): void {
    const { damaged, isRepaired } = contents.restore(rows);
    restored = true;
    if (damaged.length > 0) opened.setRowsAside(damaged);
    if (isRepaired) fill(opened);
  }

  function fill(opened: MessageStore): void {
    contents.takeChanges();
    opened.replace(contents.everything());
  }

  async function writeToSoundStore(): Promise<void> {
    try {
      await write();
    } catch (error) {
      if (!(error instanceof StoreError) || error.kind !== "damaged") throw error;
      await close();
      const { path, rows } = await place.setAside();
      log.warn(
        { remedy: "Check the disk, an SD card above all.", readable: rows.length },
        `the stored events are damaged (${error.message}): the file is now ${path}; the agent continues with a new one and the messages that could be read`,
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
      // A store that is given up: why has been told, or is about to be.
      if (!(error instanceof StoreError)) throw error;
    }
  }

  function tellRefusal(error: StoreError): void {
    const nowMs = clock.monotonicMs();
    if (refused === undefined) {
      log.warn(
        { remedy: "Make room on the disk, and let the agent write to its state_dir." },
        `events cannot be stored (${error.message}): they are kept in memory until they can, and lost if the agent dies`,
      );
    }
    refused = { sinceMs: refused?.sinceMs ?? nowMs, retryAtMs: nowMs + RETRY_STORE_MS };
  }

  return {
    async save() {
      if (refused !== undefined && clock.monotonicMs() < refused.retryAtMs) return;
      try {
        await writeToSoundStore();
      } catch (error) {
        if (!(error instanceof StoreError)) throw error;
        await close();
        const isFirst = !restored && refused === undefined;
        if (error.kind === "busy" && isFirst) throw inUse(error);
        if (error.kind === "newer" && isFirst) throw ofNewerVersion(error);
        tellRefusal(error);
        return;
      }
      if (refused === undefined) return;
      const seconds = Math.round((clock.monotonicMs() - refused.sinceMs) / 1000);
      refused = undefined;
      log.info(`events are stored on disk again, after ${seconds} s`);
    },
    onDisk: () => store !== undefined,
    [Symbol.asyncDispose]: close,
  };
}

function ofNewerVersion(error: StoreError): ConfigError {
  return new ConfigError(
    `a newer version of sabrewing wrote the stored events (${error.message})`,
    "Install that version again, or set state_dir to another folder: this version then starts without those events.",
    { cause: error },
  );
}

function inUse(error: StoreError): ConfigError {
  return new ConfigError(
    `another agent keeps its events in the same folder (${error.message})`,
    "Stop the other agent, or give each agent a state_dir of its own.",
    { cause: error },
  );
}

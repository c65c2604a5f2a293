import type { Clock } from "../base/clock.ts";
import { ConfigError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import {
  type MessageStore,
  type StoreChanges,
  type StoredMessage,
  StoreError,
  type StorePlace,
} from "./message-store.ts";

/** What is to be on disk. Memory always holds all of it: the disk is its copy, for the next start. */
export interface StoreContents {
  /** What has changed since the last call. */
  takeChanges(): StoreChanges;
  everything(): readonly StoredMessage[];
  /** Takes in what an earlier process left on disk. Called once, when the store can be read for the first time. */
  restore(messages: readonly StoredMessage[]): void;
}

/** A copy on disk that gets by without a disk. */
export interface SteadyStore extends AsyncDisposable {
  /**
   * Brings the disk up to date, or does without where it refuses. Not to be called while a call is under way.
   * @throws ConfigError when, at the first call, another agent has the store.
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
export function steadyStore(
  place: StorePlace,
  contents: StoreContents,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): SteadyStore {
  let store: MessageStore | undefined;
  let restored = false;
  let refused: { readonly sinceMs: number; readonly retryAtMs: number } | undefined;

  async function write(): Promise<void> {
    if (store === undefined) {
      store = await place.open();
      if (restored) {
        contents.takeChanges();
        store.replace(contents.everything());
      } else {
        contents.restore(store.load());
        restored = true;
      }
    }
    const changes = contents.takeChanges();
    if (changes.put.length + changes.removed.length > 0) store.write(changes);
    await store.sync();
  }

  async function writeToSoundStore(): Promise<void> {
    try {
      await write();
    } catch (error) {
      if (!(error instanceof StoreError) || error.kind !== "damaged") throw error;
      await close();
      const aside = await place.setAside();
      log.warn(
        {
          remedy:
            "Check the disk, an SD card above all. What can still be read of the events is in that file.",
        },
        `the stored events are damaged (${error.message}): set aside as ${aside}, going on with a new file`,
      );
      await write();
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
        if (error.kind === "busy" && !restored && refused === undefined) throw inUse(error);
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

function inUse(error: StoreError): ConfigError {
  return new ConfigError(
    `another agent keeps its events in the same folder (${error.message})`,
    "Stop the other agent, or give each agent a state_dir of its own.",
    { cause: error },
  );
}

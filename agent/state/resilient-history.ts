import { rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import { type HistoryStore, openHistoryStore, setHistoryAside } from "./history-store.ts";
import { StoreError } from "./message-store.ts";
import type { PastEvent } from "./past-event.ts";
import { RETRY_STORE_MS } from "./resilient-store.ts";
import { asStoreError } from "./sqlite-file.ts";

/** The history of events on disk; disk errors do not stop the agent. Leaving the scope writes what is still in memory. */
export interface ResilientHistory extends AsyncDisposable {
  /** Stores an event. Never fails: while the disk fails, the latest events wait in memory. */
  save(event: PastEvent): Promise<void>;
  /** Uses the store. @throws StoreError while it cannot be used */
  use<Value>(work: (store: HistoryStore) => Value): Promise<Value>;
}

const FILE = "events.db";
/** The most events that wait for the disk: a few kilobytes each. */
const MOST_WAITING = 500;
/** Readable events that are copied at once from a damaged history. */
const SALVAGED_AT_ONCE = 200;

/**
 * The history in a folder, which also contains the pictures. A damaged database is set aside, and its readable events are
 * copied to a new one. A folder that a newer version wrote is set aside as a whole.
 */
export function resilientHistory(
  directory: string,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): ResilientHistory {
  const path = join(directory, FILE);
  const waiting = new Map<string, PastEvent>();
  let store: HistoryStore | undefined;
  let refused:
    | { readonly error: StoreError; readonly sinceMs: number; readonly retryAtMs: number }
    | undefined;
  let last: Promise<unknown> = Promise.resolve();

  /** Operations wait for each other, since one of them may replace the store. */
  function inTurn<Value>(work: () => Promise<Value>): Promise<Value> {
    const result = last.then(work);
    last = result.catch(() => {});
    return result;
  }

  async function opened(): Promise<HistoryStore> {
    if (store !== undefined) return store;
    try {
      store = await openHistoryStore(path);
    } catch (error) {
      if (!(error instanceof StoreError) || error.kind !== "newer") throw error;
      await setFolderAside(directory, error, log);
      store = await openHistoryStore(path);
    }
    return store;
  }

  async function attempt<Value>(work: (store: HistoryStore) => Value): Promise<Value> {
    try {
      return work(await opened());
    } catch (error) {
      if (!(error instanceof StoreError) || error.kind !== "damaged") throw error;
      close();
      const aside = `${path}.damaged`;
      const events = await setHistoryAside(path, aside);
      log.warn(
        { remedy: "Check the disk, especially an SD card.", readable: events.length },
        `the event history is damaged (${error.message}): renamed the file to ${aside}; the agent continues with a new one and the readable events`,
      );
      for (let from = 0; from < events.length; from += SALVAGED_AT_ONCE) {
        (await opened()).write(events.slice(from, from + SALVAGED_AT_ONCE));
        await new Promise(setImmediate);
      }
      return work(await opened());
    }
  }

  function close(): void {
    const closing = store;
    store = undefined;
    try {
      closing?.close();
    } catch (error) {
      // The store is abandoned; the reason is logged elsewhere.
      if (!(error instanceof StoreError)) throw error;
    }
  }

  /** Runs one operation, and reports when the disk begins to fail and when it works again. */
  async function attemptAndReport<Value>(work: (store: HistoryStore) => Value): Promise<Value> {
    try {
      return await attempt(work);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      close();
      const nowMs = clock.monotonicMs();
      if (refused === undefined) log.warn({ remedy: remedyFor(error) }, failure(error));
      refused = { error, sinceMs: refused?.sinceMs ?? nowMs, retryAtMs: nowMs + RETRY_STORE_MS };
      throw error;
    }
  }

  async function writeWaiting(): Promise<void> {
    if (waiting.size === 0) return;
    try {
      await attemptAndReport((opened) => opened.write([...waiting.values()]));
    } catch (error) {
      if (error instanceof StoreError) return;
      throw error;
    }
    waiting.clear();
    if (refused === undefined) return;
    const seconds = Math.round((clock.monotonicMs() - refused.sinceMs) / 1000);
    refused = undefined;
    log.info(`the event history is stored on disk again after ${seconds} s`);
  }

  return {
    save: (event) =>
      inTurn(async () => {
        waiting.set(event.id, event);
        const [oldest] = waiting.keys();
        if (waiting.size > MOST_WAITING && oldest !== undefined) waiting.delete(oldest);
        if (refused === undefined || clock.monotonicMs() >= refused.retryAtMs) await writeWaiting();
      }),
    use: (work) =>
      inTurn(async () => {
        // A file that another process has locked would block this process for seconds at each attempt.
        if (store === undefined && refused !== undefined && clock.monotonicMs() < refused.retryAtMs) {
          throw refused.error;
        }
        return attemptAndReport(work);
      }),
    [Symbol.asyncDispose]: () =>
      inTurn(async () => {
        await writeWaiting();
        close();
      }),
  };
}

async function setFolderAside(directory: string, error: StoreError, log: Log): Promise<void> {
  const aside = `${directory}.newer`;
  await asStoreError(directory, async () => {
    await rm(aside, { recursive: true, force: true });
    await rename(directory, aside);
  });
  log.warn(
    { remedy: `To see these events again, install that version and rename the folder back to ${directory}.` },
    `a newer version of sabrewing wrote the event history (${error.message}): renamed its folder to ${aside}; the agent continues with a new one`,
  );
}

function failure({ kind, message }: StoreError): string {
  return kind === "busy"
    ? `another agent stores its event history in the same folder (${message}): this agent keeps the latest events in memory`
    : `cannot use the event history (${message}): the latest events are kept in memory, and lost if the agent dies`;
}

function remedyFor({ kind }: StoreError): string {
  if (kind === "busy") return "Stop the other agent, or give each agent a state_dir of its own.";
  return kind === "blocked"
    ? "Rename or remove it: the agent creates a file with this name."
    : "Free space on the disk, and let the agent write to its state_dir.";
}

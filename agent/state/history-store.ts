import type { DatabaseSync } from "node:sqlite";
import type {
  EventCount,
  EventFilter,
  ListedEvents,
  ListQuery,
  Period,
  StepCount,
  StepsQuery,
} from "./history-queries.ts";
import { eventRow, KEYS_PER_MS, type PastEvent, pastEvent, zonesOf } from "./past-event.ts";
import {
  asStoreError,
  inTransaction,
  openSqliteFile,
  readableRows,
  renameSqliteFile,
  type SqliteLayout,
  withStoreError,
} from "./sqlite-file.ts";

/** Past events on disk, in one file that only one process can have open. All methods throw or reject with StoreError. */
export interface HistoryStore {
  /** Stores all of the events or none; replaces those with the same id. */
  write(events: readonly PastEvent[]): void;
  /** Whether an event with this id is stored. */
  has(id: string): boolean;
  /** The event with this id; undefined if none is stored, or if its row is damaged. */
  find(id: string): PastEvent | undefined;
  list(query: ListQuery): ListedEvents;
  /** The numbers of events that started in a period, grouped. */
  count(period: Period): readonly EventCount[];
  /** The numbers of events that started in each step of a period, by camera. Steps without events are left out. */
  countSteps(query: StepsQuery): readonly StepCount[];
  /**
   * Removes the oldest events and returns them.
   * @param endedBeforeMs only events that ended before; undefined: any
   * @param kept ids of events that stay
   * @param limit the most events that are removed
   */
  removeOldest(
    endedBeforeMs: number | undefined,
    kept: ReadonlySet<string>,
    limit: number,
  ): readonly RemovedEvent[];
  /** The size of the database, and the part of it that is empty, bytes. */
  size(): { readonly file: number; readonly empty: number };
  /** Returns the empty part to the file system. Takes time for the other part: up to a second for some ten megabytes. */
  shrink(): void;
  close(): void;
}

export interface RemovedEvent {
  readonly id: string;
  readonly pictureBytes: number;
}

/** An event writes a few hundred bytes twice: with small pages, little else is written. */
const PAGE_BYTES = 1024;
const LAYOUT: SqliteLayout = {
  version: 1,
  // The tracks and the outlines are not in the first table, since lists and counts read many of its rows.
  tables: `
    CREATE TABLE events (
      key INTEGER PRIMARY KEY,
      id TEXT NOT NULL,
      camera TEXT NOT NULL,
      label TEXT NOT NULL,
      end_ms INTEGER,
      reason TEXT,
      score REAL NOT NULL,
      zones TEXT NOT NULL,
      width INTEGER NOT NULL,
      height INTEGER NOT NULL,
      box TEXT NOT NULL,
      picture_bytes INTEGER NOT NULL,
      outlines_id INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE tracks (key INTEGER PRIMARY KEY, track TEXT NOT NULL) STRICT;
    CREATE TABLE outlines (outlines_id INTEGER PRIMARY KEY, outlines TEXT NOT NULL UNIQUE) STRICT`,
  pageBytes: PAGE_BYTES,
  // A check of the largest history would delay the start by seconds. Damage is found when it is read.
  isCheckedFirst: false,
};

/** The most rows that one query examines, so that a rare label does not block the agent. */
const MOST_EXAMINED = 5_000;
/** The most rows that are read from a damaged history in each direction. */
const MOST_SALVAGED = 10_000;

const WITH_TRACK = `
  SELECT events.*, tracks.track, outlines.outlines FROM events
  LEFT JOIN tracks USING (key) LEFT JOIN outlines USING (outlines_id)`;
const MATCHES = `
  (:camera IS NULL OR camera = :camera) AND (:label IS NULL OR label = :label)
  AND (:zone IS NULL OR instr(zones, '|' || :zone || '|') > 0)`;

/** Opens the history in a file. It is created if it is missing, with its folder. @throws StoreError */
export function openHistoryStore(path: string): Promise<HistoryStore> {
  return asStoreError(path, async () => storeOf(path, await openSqliteFile(path, LAYOUT)));
}

/**
 * Renames a history that cannot be used, so that people can examine it. Overwrites one that was set aside before.
 * @returns the events that can be read, newest first, at most 20,000
 * @throws StoreError if that fails
 */
export function setHistoryAside(path: string, aside: string): Promise<readonly PastEvent[]> {
  return asStoreError(path, async () => {
    await renameSqliteFile(path, aside);
    const select = (database: DatabaseSync, order: string) =>
      database.prepare(`${WITH_TRACK} ORDER BY key ${order}`);
    const events = (await readableRows(aside, select, MOST_SALVAGED)).flatMap((row) => pastEvent(row) ?? []);
    return [...new Map(events.map((event) => [event.id, event])).values()].sort(
      (a, b) => b.startMs - a.startMs,
    );
  });
}

function storeOf(path: string, database: DatabaseSync): HistoryStore {
  const put = database.prepare(`
    INSERT OR REPLACE INTO events VALUES
    (:key, :id, :camera, :label, :end_ms, :reason, :score, :zones, :width, :height, :box, :picture_bytes, :outlines_id)`);
  const putTrack = database.prepare("INSERT OR REPLACE INTO tracks VALUES (?, ?)");
  const remove = database.prepare("DELETE FROM events WHERE key = ?");
  const removeTrack = database.prepare("DELETE FROM tracks WHERE key = ?");
  const findOutlines = database.prepare("SELECT outlines_id FROM outlines WHERE outlines = ?");
  const putOutlines = database.prepare("INSERT INTO outlines (outlines) VALUES (?)");
  const keyOf = database.prepare("SELECT key FROM events WHERE key >= ? AND key < ? AND id = ?");
  const nextKey = database.prepare("SELECT max(key) + 1 AS key FROM events WHERE key >= ? AND key < ?");
  const find = database.prepare(`${WITH_TRACK} WHERE key = ?`);
  const list = database.prepare(`
    SELECT * FROM (${WITH_TRACK} WHERE key >= :from AND key < :to ORDER BY key DESC LIMIT ${MOST_EXAMINED})
    WHERE ${MATCHES} LIMIT :limit`);
  const examined = database.prepare(`
    SELECT min(key) AS first, count(*) AS rows FROM
    (SELECT key FROM events WHERE key >= :from AND key < :to ORDER BY key DESC LIMIT ${MOST_EXAMINED})`);
  const count = database.prepare(`
    SELECT camera, label, zones, count(*) AS events FROM events WHERE key >= ? AND key < ?
    GROUP BY camera, label, zones`);
  const countSteps = database.prepare(`
    SELECT camera, CAST((key - :from) / :step AS INTEGER) AS step, count(*) AS events FROM events
    WHERE key >= :from AND key < :to AND ${MATCHES} GROUP BY camera, step ORDER BY camera, step`);
  const oldest = database.prepare(`
    SELECT key, id, picture_bytes AS pictureBytes FROM events
    WHERE key < :before AND coalesce(end_ms, key / ${KEYS_PER_MS}) < :before / ${KEYS_PER_MS} ORDER BY key LIMIT :limit`);

  /** The key of an event; undefined if it is not stored. */
  function findKey(id: string): number | undefined {
    const first = firstKey(Number(id.split("-")[0]) * 1000);
    if (!Number.isSafeInteger(first)) return undefined;
    const row = keyOf.get(first, first + KEYS_PER_MS, id);
    return row && Number(row.key);
  }

  function newKey({ startMs }: PastEvent): number {
    const first = firstKey(startMs);
    return Number(nextKey.get(first, first + KEYS_PER_MS)?.key ?? first);
  }

  function outlinesId({ outlines }: PastEvent): number {
    const text = JSON.stringify(outlines);
    return Number(findOutlines.get(text)?.outlines_id ?? putOutlines.run(text).lastInsertRowid);
  }

  return withErrors(path, {
    write: (events) =>
      inTransaction(database, () => {
        for (const event of events) {
          const key = findKey(event.id) ?? newKey(event);
          put.run({ key, ...eventRow(event), outlines_id: outlinesId(event) });
          if (event.track.length > 0) putTrack.run(key, JSON.stringify(event.track));
        }
      }),
    has: (id) => findKey(id) !== undefined,
    find(id) {
      const key = findKey(id);
      const row = key === undefined ? undefined : find.get(key);
      return row && pastEvent(row);
    },
    list({ fromMs, toMs, limit, before = Number.MAX_SAFE_INTEGER, ...query }) {
      const range = { from: firstKey(fromMs), to: Math.min(firstKey(toMs), before) };
      const rows = list.all({ ...range, ...parametersOf(query), limit });
      const { first, rows: most } = examined.get(range) ?? {};
      const last = rows.length === limit ? rows.at(-1)?.key : most === MOST_EXAMINED ? first : undefined;
      return {
        events: rows.flatMap((row) => pastEvent(row) ?? []),
        next: last === undefined ? undefined : Number(last),
      };
    },
    count: ({ fromMs, toMs }) =>
      count.all(firstKey(fromMs), firstKey(toMs)).map(({ camera, label, zones, events }) => ({
        camera: String(camera),
        label: String(label),
        zones: zonesOf(String(zones)),
        events: Number(events),
      })),
    countSteps({ fromMs, toMs, stepMs, ...query }) {
      const range = { from: firstKey(fromMs), to: firstKey(toMs), step: firstKey(stepMs) };
      return countSteps.all({ ...range, ...parametersOf(query) }).map(({ camera, step, events }) => ({
        camera: String(camera),
        step: Number(step),
        events: Number(events),
      }));
    },
    removeOldest(endedBeforeMs, kept, limit) {
      const before = endedBeforeMs === undefined ? Number.MAX_SAFE_INTEGER : firstKey(endedBeforeMs);
      const rows = oldest.all({ before, limit: limit + kept.size });
      const removed = rows.filter(({ id }) => !kept.has(String(id))).slice(0, limit);
      inTransaction(database, () => {
        for (const { key = null } of removed) {
          remove.run(key);
          removeTrack.run(key);
        }
      });
      return removed.map(({ id, pictureBytes }) => ({ id: String(id), pictureBytes: Number(pictureBytes) }));
    },
    size() {
      const pages = database.prepare("PRAGMA page_count").get()?.page_count;
      const empty = database.prepare("PRAGMA freelist_count").get()?.freelist_count;
      return { file: Number(pages) * PAGE_BYTES, empty: Number(empty) * PAGE_BYTES };
    },
    shrink: () => database.exec("VACUUM"),
    close: () => database.close(),
  });
}

function parametersOf({ camera = null, label = null, zone = null }: Nullable<EventFilter>) {
  return { camera, label, zone };
}

type Nullable<Values> = { readonly [Name in keyof Values]: Values[Name] | null };

function firstKey(ms: number): number {
  return Math.round(ms) * KEYS_PER_MS;
}

/** Makes every method throw StoreError. */
function withErrors(path: string, store: HistoryStore): HistoryStore {
  return {
    write: (events) => withStoreError(path, () => store.write(events)),
    has: (id) => withStoreError(path, () => store.has(id)),
    find: (id) => withStoreError(path, () => store.find(id)),
    list: (query) => withStoreError(path, () => store.list(query)),
    count: (period) => withStoreError(path, () => store.count(period)),
    countSteps: (query) => withStoreError(path, () => store.countSteps(query)),
    removeOldest: (...which) => withStoreError(path, () => store.removeOldest(...which)),
    size: () => withStoreError(path, () => store.size()),
    shrink: () => withStoreError(path, () => store.shrink()),
    close: () => withStoreError(path, () => store.close()),
  };
}

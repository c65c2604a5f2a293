import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import {
  type MessageStore,
  type StoredMessage,
  type StoredRow,
  StoreError,
  type StoreLocation,
  type StoreSetAside,
} from "./message-store.ts";
import {
  asStoreError,
  examineSqliteFile,
  inTransaction,
  openSqliteFile,
  readableRows,
  renameSqliteFile,
  type SqliteLayout,
  withStoreError,
} from "./sqlite-file.ts";

const FILE = "outbox.db";
const LAYOUT: SqliteLayout = {
  version: 1,
  tables: `
    CREATE TABLE messages (
      sequence INTEGER PRIMARY KEY,
      topic TEXT NOT NULL,
      payload ANY NOT NULL,
      delivered INTEGER NOT NULL,
      added_ms INTEGER NOT NULL
    ) STRICT`,
  pageBytes: 4096,
  isCheckedFirst: true,
};

/** The most damaged rows that are kept; beyond that the oldest are deleted. */
const MAX_SET_ASIDE = 1_000;
/** A message has a few kilobytes. Longer values are damaged: they are neither read nor kept. */
const MAX_VALUE_BYTES = 2_000_000;
const SET_ASIDE_TABLE =
  "CREATE TABLE IF NOT EXISTS damaged (sequence ANY, topic ANY, payload ANY, delivered ANY, added_ms ANY) STRICT";

/** The store of a folder: one SQLite database (node:sqlite). Missing folders and files are created. */
export function sqliteStore(directory: string): StoreLocation {
  const path = join(directory, FILE);
  return {
    open: () => asStoreError(path, () => openDatabase(path)),
    setAside: () => asStoreError(path, () => moveAside(path)),
  };
}

/** Examines the store of a folder without opening or creating it; see `examineSqliteFile`. */
export async function examineStore(directory: string): Promise<void> {
  const path = join(directory, FILE);
  await asStoreError(path, () => examineSqliteFile(path, LAYOUT));
}

async function openDatabase(path: string): Promise<MessageStore> {
  const database = await openSqliteFile(path, LAYOUT);
  let log: FileHandle | undefined;
  try {
    log = await open(`${path}-wal`);
    return storeOf(path, database, log);
  } catch (error) {
    await log?.close();
    database.close();
    throw error;
  }
}

function storeOf(path: string, database: DatabaseSync, log: FileHandle): MessageStore {
  const select = selectRows(database);
  const put = database.prepare("INSERT OR REPLACE INTO messages VALUES (?, ?, ?, ?, ?)");
  const remove = database.prepare("DELETE FROM messages WHERE sequence = ?");
  const putAll = (messages: readonly StoredMessage[]) => {
    for (const { sequence, topic, payload, delivered, addedMs } of messages) {
      put.run(sequence, topic, payload, delivered ? 1 : 0, Math.round(addedMs));
    }
  };
  const change = (work: () => void) => withStoreError(path, () => inTransaction(database, work));
  return {
    load: () => withStoreError(path, () => select.all().map(storedRow)),
    setRowsAside: (sequences) =>
      change(() => {
        database.exec(SET_ASIDE_TABLE);
        const copy = database.prepare(
          `INSERT INTO damaged SELECT sequence, ${cut("topic")}, ${cut("payload")}, delivered, added_ms
            FROM messages WHERE sequence = ?`,
        );
        for (const sequence of sequences) {
          copy.run(sequence);
          remove.run(sequence);
        }
        database.exec(
          `DELETE FROM damaged WHERE rowid <= (SELECT max(rowid) FROM damaged) - ${MAX_SET_ASIDE}`,
        );
      }),
    write: ({ put: added, removed }) =>
      change(() => {
        for (const sequence of removed) remove.run(sequence);
        putAll(added);
      }),
    replace: (messages) =>
      change(() => {
        database.exec("DELETE FROM messages");
        putAll(messages);
      }),
    // Any descriptor works: fdatasync(2) syncs the file, and SQLite uses the same log while the database is open.
    sync: () => asStoreError(path, () => log.datasync()),
    async close() {
      await log.close();
      withStoreError(path, () => database.close());
    },
  };
}

const fits = (column: string) => `octet_length(${column}) <= ${MAX_VALUE_BYTES}`;
const cut = (column: string) => `iif(${fits(column)}, ${column}, substr(${column}, 1, ${MAX_VALUE_BYTES}))`;

/**
 * Reads every integer as a bigint: an integer beyond JavaScript's range would be an error. Values that are far too long are
 * not read at all.
 */
function selectRows(database: DatabaseSync, order: "ASC" | "DESC" = "ASC") {
  const bounded = (column: string) => `iif(${fits(column)}, ${column}, NULL) AS ${column}`;
  const select = database.prepare(
    `SELECT sequence, ${bounded("topic")}, ${bounded("payload")}, delivered, added_ms FROM messages ORDER BY sequence ${order}`,
  );
  select.setReadBigInts(true);
  return select;
}

function storedRow({
  sequence,
  topic,
  payload,
  delivered,
  added_ms: addedMs,
}: Readonly<Record<string, unknown>>): StoredRow {
  if (typeof sequence !== "bigint")
    throw new StoreError("damaged", `the sequence of a row is of type ${typeof sequence}`);
  return { sequence, topic, payload, delivered, addedMs };
}

async function moveAside(path: string): Promise<StoreSetAside> {
  const aside = `${path}.damaged`;
  await renameSqliteFile(path, aside);
  const read = (await readableRows(aside, selectRows)).flatMap((row) => {
    return typeof row.sequence === "bigint" ? [storedRow(row)] : [];
  });
  const rows = [...new Map(read.map((row) => [row.sequence, row])).values()];
  return { path: aside, rows: rows.sort((a, b) => (a.sequence < b.sequence ? -1 : 1)) };
}

import { chmod, type FileHandle, mkdir, open, rename, rm, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import {
  type MessageStore,
  type StoredMessage,
  type StoredRow,
  StoreError,
  type StoreErrorKind,
  type StoreLocation,
  type StoreSetAside,
} from "./message-store.ts";

const FILE = "outbox.db";
/** The version of the file's layout (PRAGMA user_version); 0 is a new file. */
const LAYOUT = 1;
/** Events are private: only the agent's own user may read them. */
const [PRIVATE_FOLDER, PRIVATE_FILE] = [0o700, 0o600];
/** Time for another agent to finish stopping. */
const BUSY_TIMEOUT_MS = 2_000;

// WAL: a commit is one write to the end of one file. An exclusive lock: no second agent, and no shared-memory file.
// synchronous=NORMAL: a commit does not wait for the medium, which on an SD card can take half a second and would delay
// every camera; `sync` waits for it outside the event loop. Checkpoints still sync, so the file stays consistent; one every
// 256 pages keeps the log at 1 MB and writes 1 % more than one every 1000.
const SETTINGS = `
  PRAGMA locking_mode = EXCLUSIVE;
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  PRAGMA wal_autocheckpoint = 256;
  PRAGMA cache_size = -256;`;

const TABLE = `
  CREATE TABLE messages (
    sequence INTEGER PRIMARY KEY,
    topic TEXT NOT NULL,
    payload ANY NOT NULL,
    delivered INTEGER NOT NULL,
    added_ms INTEGER NOT NULL
  ) STRICT;
  PRAGMA user_version = ${LAYOUT};`;

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
    open: () => asStoreError(path, () => openDatabase(directory, path)),
    setAside: () => asStoreError(path, () => moveAside(path)),
  };
}

// The header of an SQLite file (sqlite.org/fileformat.html, section 1.3).
const MAGIC = "SQLite format 3\0";
const USER_VERSION_AT = 60;

/**
 * Examines the store of a folder without opening or creating it: SQLite would create files next to it, which another user
 * could not open. A folder without a store is fine.
 * @throws StoreError if a store is there that `open` would refuse or set aside
 */
export async function examineStore(directory: string): Promise<void> {
  const path = join(directory, FILE);
  await asStoreError(path, async () => {
    const [isThere] = await Promise.all([path, `${path}-wal`].map(isFile));
    if (isThere !== true) return;
    await using file = await open(path);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(100), 0, 100, 0);
    // A new file is empty.
    if (bytesRead === 0) return;
    if (buffer.toString("latin1", 0, MAGIC.length) !== MAGIC)
      throw new StoreError("damaged", "it is not an SQLite database");
    requireLayout(buffer.readUInt32BE(USER_VERSION_AT));
  });
}

async function openDatabase(directory: string, path: string): Promise<MessageStore> {
  await mkdir(directory, { recursive: true, mode: PRIVATE_FOLDER });
  for (const file of [path, `${path}-wal`]) await isFile(file);
  // SQLite would create a file that every user can read. Its log gets the mode of the database.
  await (await open(path, "a", PRIVATE_FILE)).close();
  await chmod(path, PRIVATE_FILE);
  // Loaded only here: before Node 24.15 the import writes a warning to standard error.
  const { DatabaseSync } = await import("node:sqlite");
  const database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS });
  let log: FileHandle | undefined;
  try {
    prepareDatabase(database);
    log = await open(`${path}-wal`);
    return storeOf(path, database, log);
  } catch (error) {
    await log?.close();
    database.close();
    throw error;
  }
}

function prepareDatabase(database: DatabaseSync): void {
  database.exec(SETTINGS);
  const verdict = database.prepare("PRAGMA quick_check(1)").get()?.quick_check;
  if (verdict !== "ok") throw new StoreError("damaged", String(verdict));
  const layout = Number(database.prepare("PRAGMA user_version").get()?.user_version);
  requireLayout(layout);
  if (layout === 0) inTransaction(database, () => database.exec(TABLE));
}

/** @param layout 0: none yet */
function requireLayout(layout: number): void {
  if (layout === 0 || layout === LAYOUT) return;
  const kind = layout > LAYOUT ? "newer" : "damaged";
  throw new StoreError(kind, `expected a store of layout ${LAYOUT}, found layout ${layout}`);
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

function inTransaction(database: DatabaseSync, work: () => void): void {
  database.exec("BEGIN IMMEDIATE");
  try {
    work();
    database.exec("COMMIT");
  } catch (error) {
    // SQLite rolls back by itself after some errors only (sqlite.org/lang_transaction.html, section 3.2).
    if (database.isTransaction) database.exec("ROLLBACK");
    throw error;
  }
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
  for (const file of [aside, `${aside}-wal`]) await isFile(file);
  await rm(`${aside}-wal`, { force: true });
  await rename(path, aside);
  // SQLite would use the old log for the new file.
  if (await isFile(`${path}-wal`)) await rename(`${path}-wal`, `${aside}-wal`);
  return { path: aside, rows: await readableRows(aside) };
}

/** The rows of a damaged database that SQLite can read: up to the damage, and from the end back to it. */
async function readableRows(path: string): Promise<readonly StoredRow[]> {
  const { DatabaseSync } = await import("node:sqlite");
  const rows = new Map<bigint, StoredRow>();
  for (const order of ["ASC", "DESC"] as const) {
    try {
      using database = new DatabaseSync(path);
      for (const row of selectRows(database, order).iterate()) {
        const read = storedRow(row);
        rows.set(read.sequence, read);
      }
    } catch {
      // The damage has been reported already; the rows read so far are returned.
    }
  }
  return [...rows.values()].sort((a, b) => (a.sequence < b.sequence ? -1 : 1));
}

/**
 * Whether a file exists.
 * @throws StoreError if a folder, or something else that is no file, has its name: SQLite's own errors do not name it, and
 * opening a pipe would never return.
 */
async function isFile(path: string): Promise<boolean> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (found === undefined || found.isFile()) return found !== undefined;
  const what = found.isDirectory() ? "a folder" : "neither a file nor a folder";
  throw new StoreError("blocked", `expected a file with the name ${basename(path)}, found ${what}`);
}

// Primary result codes (sqlite.org/rescode.html); an extended code uses its second byte, too. SQLITE_ERROR means here
// that the SQL does not match the file: a table is missing or has other columns.
const [SQLITE_ERROR, SQLITE_BUSY, SQLITE_CORRUPT, SQLITE_NOTADB] = [1, 5, 11, 26];
const KIND_OF_CODE: ReadonlyMap<number, StoreErrorKind> = new Map([
  [SQLITE_ERROR, "damaged"],
  [SQLITE_BUSY, "busy"],
  [SQLITE_CORRUPT, "damaged"],
  [SQLITE_NOTADB, "damaged"],
]);

async function asStoreError<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw explainError(error, path);
  }
}

function withStoreError<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw explainError(error, path);
  }
}

/** Turns an error of SQLite or the system into a StoreError; any other error is a bug and is returned unchanged. */
function explainError(error: unknown, path: string): unknown {
  if (error instanceof StoreError) return new StoreError(error.kind, `${path}: ${error.message}`);
  if (!(error instanceof Error) || !("code" in error)) return error;
  const kind = "errcode" in error ? KIND_OF_CODE.get(Number(error.errcode) & 0xff) : undefined;
  return new StoreError(kind ?? "unusable", `${path}: ${error.message}`, { cause: error });
}

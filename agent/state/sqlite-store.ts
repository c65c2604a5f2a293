import { access, chmod, type FileHandle, mkdir, open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
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
/** What is in the file (PRAGMA user_version); 0 is a file that was just made. */
const LAYOUT = 1;
/** Events tell who came when: only the agent's own user reads them. */
const [PRIVATE_FOLDER, PRIVATE_FILE] = [0o700, 0o600];
/** An agent that is about to end may have this long. */
const BUSY_TIMEOUT_MS = 2_000;

// WAL: a commit is one write to the end of one file. An exclusive lock: no second agent, and no shared-memory file.
// synchronous=NORMAL: a commit does not wait for the medium, which on an SD card can take half a second and would hold
// up every camera; `sync` waits for it beside the event loop. Checkpoints still sync, so nothing can be torn; one every
// 256 pages keeps the log at 1 MB and costs 1 % more writing than one every 1000.
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

/** Damaged rows, as they were found; the oldest of too many give way. */
const MOST_SET_ASIDE = 1_000;
const SET_ASIDE_TABLE =
  "CREATE TABLE IF NOT EXISTS damaged (sequence ANY, topic ANY, payload ANY, delivered ANY, added_ms ANY) STRICT";

/** The store of a folder: one SQLite database (node:sqlite). Folder and file are made where they are missing. */
export function sqliteStore(directory: string): StoreLocation {
  const path = join(directory, FILE);
  return {
    open: () => asStoreError(path, () => openDatabase(directory, path)),
    setAside: () => asStoreError(path, () => moveAside(path)),
  };
}

async function openDatabase(directory: string, path: string): Promise<MessageStore> {
  await mkdir(directory, { recursive: true, mode: PRIVATE_FOLDER });
  // SQLite would make it readable for everybody. Its log gets the mode of the database.
  await (await open(path, "a", PRIVATE_FILE)).close();
  await chmod(path, PRIVATE_FILE);
  // Loaded only here: before Node 24.15 that alone writes a warning to standard error.
  const { DatabaseSync } = await import("node:sqlite");
  const database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS });
  try {
    prepareDatabase(database);
    return storeOf(path, database, await open(`${path}-wal`));
  } catch (error) {
    database.close();
    throw error;
  }
}

function prepareDatabase(database: DatabaseSync): void {
  database.exec(SETTINGS);
  const verdict = database.prepare("PRAGMA quick_check(1)").get()?.quick_check;
  if (verdict !== "ok") throw new StoreError("damaged", String(verdict));
  const layout = Number(database.prepare("PRAGMA user_version").get()?.user_version);
  if (layout === 0) {
    inTransaction(database, () => database.exec(TABLE));
  } else if (layout !== LAYOUT) {
    const kind = layout > LAYOUT ? "newer" : "damaged";
    throw new StoreError(kind, `expected a store of layout ${LAYOUT}, found layout ${layout}`);
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
        const copy = database.prepare("INSERT INTO damaged SELECT * FROM messages WHERE sequence = ?");
        for (const sequence of sequences) {
          copy.run(sequence);
          remove.run(sequence);
        }
        database.exec(
          `DELETE FROM damaged WHERE rowid <= (SELECT max(rowid) FROM damaged) - ${MOST_SET_ASIDE}`,
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
    // Any descriptor will do: fdatasync(2) concerns the file, and SQLite keeps to one log while the database is open.
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
    // SQLite has often done it already, but not after every error (sqlite.org/lang_transaction.html, section 3.2).
    if (database.isTransaction) database.exec("ROLLBACK");
    throw error;
  }
}

/** Every integer as a bigint: one that is out of JavaScript's range would be an error. */
function selectRows(database: DatabaseSync) {
  const select = database.prepare("SELECT * FROM messages ORDER BY sequence");
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
  if (typeof sequence !== "bigint") throw new StoreError("damaged", `a row is numbered ${typeof sequence}`);
  return { sequence, topic, payload, delivered, addedMs };
}

async function moveAside(path: string): Promise<StoreSetAside> {
  const aside = `${path}.damaged`;
  await rm(`${aside}-wal`, { force: true });
  await rename(path, aside);
  // A log left behind would be taken for the new file's.
  if (await exists(`${path}-wal`)) await rename(`${path}-wal`, `${aside}-wal`);
  return { path: aside, rows: await readableRows(aside) };
}

/** The rows of a damaged database, up to the first that SQLite cannot read. */
async function readableRows(path: string): Promise<readonly StoredRow[]> {
  const { DatabaseSync } = await import("node:sqlite");
  const rows: StoredRow[] = [];
  try {
    using database = new DatabaseSync(path);
    for (const row of selectRows(database).iterate()) rows.push(storedRow(row));
  } catch {
    // What is wrong has been reported; what was read so far is what there is.
  }
  return rows;
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}

// Primary result codes (sqlite.org/rescode.html); an extended code has more in its second byte. SQLITE_ERROR here
// means that the SQL does not fit the file: a table is missing or has other columns.
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

/** What SQLite or the system complained of; anything else is a bug and stays what it is. */
function explainError(error: unknown, path: string): unknown {
  if (error instanceof StoreError) return new StoreError(error.kind, `${path}: ${error.message}`);
  if (!(error instanceof Error) || !("code" in error)) return error;
  const kind = "errcode" in error ? KIND_OF_CODE.get(Number(error.errcode) & 0xff) : undefined;
  return new StoreError(kind ?? "unusable", `${path}: ${error.message}`, { cause: error });
}

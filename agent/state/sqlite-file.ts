import { chmod, mkdir, open, rename, rm, stat } from "node:fs/promises";
import { basename, dirname } from "node:path";
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { errorCode } from "../base/error-code.ts";
import { StoreError, type StoreErrorKind } from "./message-store.ts";

/** The tables of a SQLite file. */
export interface SqliteLayout {
  /** PRAGMA user_version; 0 is a new file. */
  readonly version: number;
  /** SQL that creates the tables. */
  readonly tables: string;
  /** Bytes that are read and written at once; SQLite's default is 4096. Applies to new files. */
  readonly pageBytes: number;
  /** Whether the whole file is checked when it is opened. */
  readonly isCheckedFirst: boolean;
}

/** Events are private: only the agent's own user may read them. */
export const [PRIVATE_FOLDER, PRIVATE_FILE] = [0o700, 0o600];
/** Time for another agent to finish stopping. */
const BUSY_TIMEOUT_MS = 2_000;
/** The size at which the log is copied to the database. */
const LOG_BYTES = 1_048_576;
const CACHE_KB = 256;

/** Opens a SQLite file (node:sqlite) for this process alone. Missing folders and files are created. @throws StoreError */
export async function openSqliteFile(path: string, layout: SqliteLayout): Promise<DatabaseSync> {
  await mkdir(dirname(path), { recursive: true, mode: PRIVATE_FOLDER });
  for (const file of [path, `${path}-wal`]) await isFile(file);
  // SQLite would create a file that every user can read. Its log gets the mode of the database.
  await (await open(path, "a", PRIVATE_FILE)).close();
  await chmod(path, PRIVATE_FILE);
  // Loaded only here: before Node 24.15 the import writes a warning to standard error.
  const { DatabaseSync } = await import("node:sqlite");
  const database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS });
  try {
    prepareDatabase(database, layout);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

// WAL: a commit is one write to the end of one file. An exclusive lock: no second agent, and no shared-memory file.
// synchronous=NORMAL: a commit does not wait for the medium, which on an SD card can take half a second and would delay
// every camera. Checkpoints still sync, so the file stays consistent; one for each megabyte of log writes 1 % more than one
// for every four.
function prepareDatabase(
  database: DatabaseSync,
  { version, tables, pageBytes, isCheckedFirst }: SqliteLayout,
): void {
  database.exec(`
    PRAGMA locking_mode = EXCLUSIVE;
    PRAGMA page_size = ${pageBytes};
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
    PRAGMA wal_autocheckpoint = ${LOG_BYTES / pageBytes};
    PRAGMA cache_size = -${CACHE_KB};`);
  if (isCheckedFirst) {
    const verdict = database.prepare("PRAGMA quick_check(1)").get()?.quick_check;
    if (verdict !== "ok") throw new StoreError("damaged", String(verdict));
  }
  const found = Number(database.prepare("PRAGMA user_version").get()?.user_version);
  requireVersion(found, version);
  if (found === 0) {
    inTransaction(database, () => database.exec(`${tables}; PRAGMA user_version = ${version};`));
  }
}

/** @param found 0: none yet */
function requireVersion(found: number, version: number): void {
  if (found === 0 || found === version) return;
  const kind = found > version ? "newer" : "damaged";
  throw new StoreError(kind, `expected a store of layout ${version}, found layout ${found}`);
}

/** The header of a SQLite file (sqlite.org/fileformat.html, section 1.3). */
const HEADER_BYTES = 100;
const MAGIC = "SQLite format 3\0";
const USER_VERSION_AT = 60;

/**
 * Examines a SQLite file without opening or creating it: SQLite would create files next to it, which another user could not
 * open. A missing file is fine.
 * @throws StoreError if `openSqliteFile` would refuse it
 */
export async function examineSqliteFile(path: string, { version }: SqliteLayout): Promise<void> {
  const [isThere] = await Promise.all([path, `${path}-wal`].map(isFile));
  if (isThere !== true) return;
  await using file = await open(path);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(HEADER_BYTES), 0, HEADER_BYTES, 0);
  // A new file is empty.
  if (bytesRead === 0) return;
  if (buffer.toString("latin1", 0, MAGIC.length) !== MAGIC)
    throw new StoreError("damaged", "it is not an SQLite database");
  requireVersion(buffer.readUInt32BE(USER_VERSION_AT), version);
}

/** Does all of the work, or nothing if it throws. */
export function inTransaction(database: DatabaseSync, work: () => void): void {
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

/** Renames a database and its log, and replaces the ones that had this name. @throws StoreError if that fails */
export async function renameSqliteFile(path: string, aside: string): Promise<void> {
  for (const file of [aside, `${aside}-wal`]) await isFile(file);
  await rm(`${aside}-wal`, { force: true });
  await rename(path, aside);
  // SQLite would use the old log for the new file.
  if (await isFile(`${path}-wal`)) await rename(`${path}-wal`, `${aside}-wal`);
}

/**
 * The rows of a damaged database that SQLite can read: up to the damage, and from the end back to it. A row that both
 * directions reach occurs twice.
 * @param select prepares the query in the given order
 * @param limit the most rows in each direction
 */
export async function readableRows(
  path: string,
  select: (database: DatabaseSync, order: "ASC" | "DESC") => StatementSync,
  limit = Number.POSITIVE_INFINITY,
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const { DatabaseSync } = await import("node:sqlite");
  const rows: Readonly<Record<string, unknown>>[] = [];
  for (const order of ["DESC", "ASC"] as const) {
    const most = rows.length + limit;
    try {
      using database = new DatabaseSync(path);
      for (const row of select(database, order).iterate()) {
        if (rows.push(row) >= most) break;
      }
    } catch {
      // The damage has been reported already; the rows read so far are returned.
    }
  }
  return rows;
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

/** Does work with a file. @throws StoreError for errors of SQLite and of the system; any other error is a bug */
export async function asStoreError<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw explainError(error, path);
  }
}

/** The same for work that does not wait. */
export function withStoreError<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw explainError(error, path);
  }
}

/** Turns an error of SQLite or the system into a StoreError; any other error is a bug and is returned unchanged. */
function explainError(error: unknown, path: string): unknown {
  if (error instanceof StoreError) return new StoreError(error.kind, `${path}: ${error.message}`);
  if (!(error instanceof Error) || errorCode(error) === undefined) return error;
  const kind = "errcode" in error ? KIND_OF_CODE.get(Number(error.errcode) & 0xff) : undefined;
  return new StoreError(kind ?? "unusable", `${path}: ${error.message}`, { cause: error });
}

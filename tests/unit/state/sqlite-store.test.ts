import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import type { MessageStore, StoredMessage, StoredRow } from "../../../agent/state/message-store.ts";
import { sqliteStore } from "../../../agent/state/sqlite-store.ts";
import { storedRow } from "../../support/agent/memory-store.ts";
import { seededBytes } from "../../support/base/seeded.ts";
import { temporaryFolder } from "../../support/base/temporary-folder.ts";

const message = (sequence: number, more: Partial<StoredMessage> = {}): StoredMessage => {
  return { sequence, topic: "t", payload: `payload ${sequence}`, delivered: false, addedMs: 5, ...more };
};
const row = (sequence: number, more: Partial<StoredRow> = {}): StoredRow => ({
  ...storedRow(message(sequence)),
  ...more,
});
const nothing = { put: [], removed: [] };

describe("the store on disk", () => {
  test("keeps messages over a restart in order, text and bytes, without the removed ones", async () => {
    await using folder = await temporaryFolder();
    const directory = join(folder.path, "new", "state");
    const bytes = Uint8Array.of(0, 255, 7);
    const store = await sqliteStore(directory).open();
    store.write({ put: [message(3), message(1), message(2, { payload: bytes })], removed: [] });
    store.write({ put: [message(1, { delivered: true })], removed: [3] });
    await store.sync();
    await store.close();
    await using again = await opened(directory);
    expect(again.store.load()).toEqual([row(1, { delivered: 1n }), row(2, { payload: bytes })]);
  });

  test("keeps written messages if it is not closed", async () => {
    await using folder = await temporaryFolder();
    const left = await sqliteStore(folder.path).open();
    left.write({ put: [message(1)], removed: [] });
    // The files as a killed process leaves them.
    const copy = join(folder.path, "copy");
    mkdirSync(copy);
    for (const file of ["outbox.db", "outbox.db-wal"])
      copyFileSync(join(folder.path, file), join(copy, file));
    await left.close();
    await using found = await opened(copy);
    expect(found.store.load()).toEqual([row(1)]);
  });

  test("removes all other messages on replace", async () => {
    await using folder = await temporaryFolder();
    await using held = await opened(folder.path);
    held.store.write({ put: [message(1), message(2)], removed: [] });
    held.store.replace([message(7)]);
    expect(held.store.load()).toEqual([row(7)]);
  });

  test("is accessible only for its own user, even if it was not before", async () => {
    await using folder = await temporaryFolder();
    const files = ["outbox.db", "outbox.db-wal"].map((file) => join(folder.path, file));
    const modes = () => files.map((file) => (statSync(file).mode & 0o777).toString(8));
    const umask = process.umask(0);
    try {
      {
        await using _made = await opened(folder.path);
        expect(modes()).toEqual(["600", "600"]);
      }
      chmodSync(join(folder.path, "outbox.db"), 0o644);
      await using _found = await opened(folder.path);
      expect(modes()).toEqual(["600", "600"]);
    } finally {
      process.umask(umask);
    }
  });

  test("reads rows with any values, and sets them aside unchanged", async () => {
    await using folder = await temporaryFolder();
    const { DatabaseSync } = await import("node:sqlite");
    const store = await sqliteStore(folder.path).open();
    store.write({ put: [message(1)], removed: [] });
    await store.close();
    const path = join(folder.path, "outbox.db");
    {
      using database = new DatabaseSync(path);
      const insert = database.prepare("INSERT INTO messages VALUES (?, ?, ?, ?, ?)");
      insert.run(2n ** 63n - 1n, "a\0b", 2n ** 62n, -7n, -(2n ** 63n));
      insert.run(-5n, "", "", 0n, 0n);
    }
    await using again = await opened(folder.path);
    const strange = {
      sequence: 2n ** 63n - 1n,
      topic: "a\0b",
      payload: 2n ** 62n,
      delivered: -7n,
      addedMs: -(2n ** 63n),
    };
    expect(again.store.load().map(({ sequence }) => sequence)).toEqual([-5n, 1n, 2n ** 63n - 1n]);
    expect(again.store.load().at(-1)).toEqual(strange);
    again.store.setRowsAside([strange.sequence, -5n]);
    expect(again.store.load()).toEqual([row(1)]);
    await again.close();
    using database = new DatabaseSync(path);
    const aside = database.prepare("SELECT * FROM damaged");
    aside.setReadBigInts(true);
    expect(aside.all()[0]).toMatchObject({ sequence: 2n ** 63n - 1n, topic: "a\0b" });
  });

  test("can be open in one process only", { timeout: 20_000 }, async () => {
    await using folder = await temporaryFolder();
    await using _first = await opened(folder.path);
    const module = fileURLToPath(new URL("../../../agent/state/sqlite-store.ts", import.meta.url));
    const script = `const {sqliteStore} = await import(${JSON.stringify(module)});
      await sqliteStore(${JSON.stringify(folder.path)}).open().catch((error) => console.log(error.kind));`;
    const second = spawnSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" });
    expect(second.stdout).toBe("busy\n");
  });

  test.each([
    { how: "is something else", damage: (path: string) => writeFileSync(path, seededBytes(1, 20_000)) },
    {
      how: "has garbage in its middle",
      damage(path: string) {
        const bytes = readFileSync(path);
        bytes.set(seededBytes(2, 9000), 4096);
        writeFileSync(path, bytes);
      },
    },
    { how: "was cut off", damage: (path: string) => truncateSync(path, 5000) },
  ])("is damaged where the file $how, and can be set aside", async ({ damage }) => {
    await using folder = await temporaryFolder();
    const place = sqliteStore(folder.path);
    const store = await place.open();
    store.write({
      put: Array.from({ length: 50 }, (_, index) => message(index, { payload: "x".repeat(1000) })),
      removed: [],
    });
    await store.close();
    damage(join(folder.path, "outbox.db"));
    await expect(place.open()).rejects.toMatchObject({ name: "StoreError", kind: "damaged" });
    const aside = await place.setAside();
    expect(existsSync(aside.path)).toBe(true);
    await using fresh = await opened(folder.path);
    expect(fresh.store.load()).toEqual([]);
  });

  test("returns the readable rows of a damaged file", async () => {
    await using folder = await temporaryFolder();
    const place = sqliteStore(folder.path);
    const store = await place.open();
    const rows = Array.from({ length: 50 }, (_, index) => message(index, { payload: "x".repeat(1000) }));
    store.write({ put: rows, removed: [] });
    await store.close();
    const path = join(folder.path, "outbox.db");
    const bytes = readFileSync(path);
    bytes.set(seededBytes(2, 9000), bytes.length - 9000);
    writeFileSync(path, bytes);
    await expect(place.open()).rejects.toMatchObject({ kind: "damaged" });
    // The last of them may be garbage; the outbox validates them.
    const { rows: readable } = await place.setAside();
    expect(readable.slice(0, 30)).toEqual(rows.map(storedRow).slice(0, 30));
  });

  test("is damaged if it contains another program's tables, and newer if a later version wrote it", async () => {
    await using folder = await temporaryFolder();
    const { DatabaseSync } = await import("node:sqlite");
    for (const [kind, sql] of [
      ["newer", "PRAGMA user_version = 99"],
      ["damaged", "PRAGMA user_version = -1"],
      ["damaged", "CREATE TABLE messages (a); PRAGMA user_version = 1"],
    ]) {
      const directory = mkdtempSync(join(folder.path, "store-"));
      using database = new DatabaseSync(join(directory, "outbox.db"));
      database.exec(sql ?? "");
      database.close();
      await expect(sqliteStore(directory).open()).rejects.toMatchObject({ kind });
    }
    const descriptors = readdirSync("/proc/self/fd").map((fd) => linkOf(`/proc/self/fd/${fd}`));
    expect(descriptors.filter((path) => path.startsWith(folder.path))).toEqual([]);
  });

  test.skipIf(process.getuid?.() === 0)("is unusable if the folder is not writable", async () => {
    await using folder = await temporaryFolder();
    chmodSync(folder.path, 0o500);
    await expect(sqliteStore(folder.path).open()).rejects.toMatchObject({ kind: "unusable" });
    chmodSync(folder.path, 0o700);
  });

  test("is unusable if the folder is a file", async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "file");
    writeFileSync(path, "");
    await expect(sqliteStore(path).open()).rejects.toMatchObject({ kind: "unusable" });
  });

  test.each(["outbox.db", "outbox.db-wal"])(
    "is blocked by a folder or a pipe with the name %s, and says so",
    async (name) => {
      await using folder = await temporaryFolder();
      const path = join(folder.path, name);
      mkdirSync(path);
      const refused = {
        kind: "blocked",
        message: expect.stringMatching(`with the name ${name}, found a folder`),
      };
      await expect(sqliteStore(folder.path).open()).rejects.toMatchObject(refused);
      rmdirSync(path);
      execFileSync("mkfifo", [path]);
      await expect(sqliteStore(folder.path).open()).rejects.toMatchObject({
        kind: "blocked",
        message: expect.stringMatching("found neither a file nor a folder"),
      });
      rmSync(path);
      await using works = await opened(folder.path);
      await works.store.sync();
    },
  );

  test.each(["outbox.db.damaged", "outbox.db.damaged-wal"])(
    "cannot be set aside if a folder has the name %s, and stays where it is",
    async (name) => {
      await using folder = await temporaryFolder();
      const database = join(folder.path, "outbox.db");
      writeFileSync(database, "no database");
      mkdirSync(join(folder.path, name));
      await expect(sqliteStore(folder.path).setAside()).rejects.toMatchObject({
        kind: "blocked",
        message: expect.stringMatching(`with the name ${name}, found a folder`),
      });
      expect(readFileSync(database, "utf8")).toBe("no database");
    },
  );

  test("accepts empty changes and syncs without writes", async () => {
    await using folder = await temporaryFolder();
    await using held = await opened(folder.path);
    held.store.write(nothing);
    await held.store.sync();
  });
});

/** The file of a descriptor; empty if the descriptor is closed by now. */
function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}

async function opened(
  directory: string,
): Promise<{ readonly store: MessageStore; close(): Promise<void> } & AsyncDisposable> {
  const store = await sqliteStore(directory).open();
  let closed: Promise<void> | undefined;
  const close = () => {
    closed ??= store.close();
    return closed;
  };
  return { store, close, [Symbol.asyncDispose]: close };
}

import { spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import type { MessageStore, StoredMessage } from "../../../agent/state/message-store.ts";
import { sqliteStore } from "../../../agent/state/sqlite-store.ts";
import { seededBytes } from "../../support/seeded.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const message = (sequence: number, more: Partial<StoredMessage> = {}): StoredMessage => {
  return { sequence, topic: "t", payload: `payload ${sequence}`, delivered: false, addedMs: 5, ...more };
};
const nothing = { put: [], removed: [] };

describe("the store on disk", () => {
  test("holds over a restart what was put and not removed, text and bytes, in order", async () => {
    await using folder = await temporaryFolder();
    const directory = join(folder.path, "new", "state");
    const bytes = Uint8Array.of(0, 255, 7);
    const store = await sqliteStore(directory).open();
    store.write({ put: [message(3), message(1), message(2, { payload: bytes })], removed: [] });
    store.write({ put: [message(1, { delivered: true })], removed: [3] });
    await store.sync();
    await store.close();
    await using again = await opened(directory);
    expect(again.store.load()).toEqual([message(1, { delivered: true }), message(2, { payload: bytes })]);
  });

  test("holds what was written although nobody closed it", async () => {
    await using folder = await temporaryFolder();
    const left = await sqliteStore(folder.path).open();
    left.write({ put: [message(1)], removed: [] });
    // What a process that is killed leaves behind: the files as they are now.
    const copy = join(folder.path, "copy");
    mkdirSync(copy);
    for (const file of ["outbox.db", "outbox.db-wal"])
      copyFileSync(join(folder.path, file), join(copy, file));
    await left.close();
    await using found = await opened(copy);
    expect(found.store.load()).toEqual([message(1)]);
  });

  test("forgets everything else when it is replaced", async () => {
    await using folder = await temporaryFolder();
    await using held = await opened(folder.path);
    held.store.write({ put: [message(1), message(2)], removed: [] });
    held.store.replace([message(7)]);
    expect(held.store.load()).toEqual([message(7)]);
  });

  test("is for one process only", { timeout: 20_000 }, async () => {
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
    expect(existsSync(aside)).toBe(true);
    await using fresh = await opened(folder.path);
    expect(fresh.store.load()).toEqual([]);
  });

  test("is damaged where another program's tables are in it, or a later layout", async () => {
    await using folder = await temporaryFolder();
    const { DatabaseSync } = await import("node:sqlite");
    for (const [index, sql] of [
      "PRAGMA user_version = 99",
      "CREATE TABLE messages (a); PRAGMA user_version = 1",
    ].entries()) {
      const directory = join(folder.path, String(index));
      mkdirSync(directory);
      using database = new DatabaseSync(join(directory, "outbox.db"));
      database.exec(sql);
      database.close();
      await expect(sqliteStore(directory).open()).rejects.toMatchObject({ kind: "damaged" });
    }
  });

  test.skipIf(process.getuid?.() === 0)("is unusable where the folder may not be written", async () => {
    await using folder = await temporaryFolder();
    chmodSync(folder.path, 0o500);
    await expect(sqliteStore(folder.path).open()).rejects.toMatchObject({ kind: "unusable" });
    chmodSync(folder.path, 0o700);
  });

  test("is unusable where the folder is a file", async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "file");
    writeFileSync(path, "");
    await expect(sqliteStore(path).open()).rejects.toMatchObject({ kind: "unusable" });
  });

  test("takes an empty change and syncs nothing without a word", async () => {
    await using folder = await temporaryFolder();
    await using held = await opened(folder.path);
    held.store.write(nothing);
    await held.store.sync();
  });
});

async function opened(directory: string): Promise<{ readonly store: MessageStore } & AsyncDisposable> {
  const store = await sqliteStore(directory).open();
  return { store, [Symbol.asyncDispose]: () => store.close() };
}

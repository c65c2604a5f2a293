import { mkdir, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";

/** Stores the best snapshot of each object. */
export interface SnapshotFolder {
  /** Stores a JPEG of an object and replaces the previous one. */
  keep(objectId: string, jpeg: Uint8Array): Promise<void>;
}

export interface SnapshotFolderOptions {
  readonly camera: string;
  readonly directory: string;
  readonly retainDays: number;
  readonly clock: Clock;
  readonly log: Log;
}

const DAY_MS = 86_400_000;

/**
 * A folder of snapshots named `<camera>-<id of the object>.jpg`. Snapshots older than `retainDays` are removed, after the
 * first snapshot and then once a day. If a snapshot cannot be written, only the snapshot is lost: a full disk must not
 * stop the agent. The log reports the first failure and the recovery.
 */
export function snapshotFolder(options: SnapshotFolderOptions): SnapshotFolder {
  const { camera, directory, retainDays, clock, log } = options;
  let cleanedMs = Number.NEGATIVE_INFINITY;
  let failing = false;
  // Must not match files of `door-2` for a camera `door`. Names contain only letters, digits, _ and -.
  const isOwn = new RegExp(`^${camera}-[0-9.]+-[a-z0-9]+\\.jpg$`);

  async function write(name: string, jpeg: Uint8Array): Promise<void> {
    await mkdir(directory, { recursive: true, mode: PRIVATE_FOLDER });
    // A program that copies the folder meanwhile sees the previous or the new snapshot, never an incomplete one.
    const unfinished = join(directory, `.${name}.part`);
    await writeFile(unfinished, jpeg, { mode: PRIVATE_FILE });
    await rename(unfinished, join(directory, name));
  }

  async function removeExpired(): Promise<void> {
    const oldestMs = clock.nowMs() - retainDays * DAY_MS;
    const names = await readdir(directory);
    for (const name of names.filter((one) => isOwn.test(one))) {
      const path = join(directory, name);
      if ((await stat(path)).mtimeMs < oldestMs) await rm(path, { force: true });
    }
  }

  return {
    async keep(objectId, jpeg) {
      try {
        await write(`${camera}-${objectId}.jpg`, jpeg);
        if (clock.monotonicMs() - cleanedMs >= DAY_MS) {
          cleanedMs = clock.monotonicMs();
          await removeExpired();
        }
        if (failing) log.info({ camera, directory }, "snapshots are stored again");
        failing = false;
      } catch (error) {
        const problem = error instanceof Error ? error.message : String(error);
        if (!failing)
          log.warn({ camera, directory, problem }, "a snapshot could not be stored; check the folder");
        failing = true;
      }
    },
  };
}

/** Only the agent's user may read snapshots: they show people. */
const PRIVATE_FOLDER = 0o700;
const PRIVATE_FILE = 0o600;

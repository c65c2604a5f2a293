import { mkdir, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";

/** Where the best picture of each object is kept. */
export interface SnapshotFolder {
  /** Keeps a JPEG of an object, in place of an earlier one of the same object. */
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
 * A folder of pictures named `<camera>-<id of the object>.jpg`. What is older than `retainDays` goes, looked for at the
 * first picture and then once a day. A picture that cannot be written is lost, not the event: a full disk must not stop
 * the watch; the log tells of the first one and of the recovery.
 */
export function snapshotFolder(options: SnapshotFolderOptions): SnapshotFolder {
  const { camera, directory, retainDays, clock, log } = options;
  let tidiedMs = Number.NEGATIVE_INFINITY;
  let failing = false;
  // A camera `door` leaves those of a camera `door-2` alone. Names hold letters, digits, _ and - only.
  const isOwn = new RegExp(`^${camera}-[0-9.]+-[a-z0-9]+\\.jpg$`);

  async function write(name: string, jpeg: Uint8Array): Promise<void> {
    await mkdir(directory, { recursive: true, mode: PRIVATE_FOLDER });
    // Whoever copies the folder meanwhile sees the earlier picture or this one, never half of one.
    const unfinished = join(directory, `.${name}.part`);
    await writeFile(unfinished, jpeg, { mode: PRIVATE_FILE });
    await rename(unfinished, join(directory, name));
  }

  async function tidy(): Promise<void> {
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
        if (clock.monotonicMs() - tidiedMs >= DAY_MS) {
          tidiedMs = clock.monotonicMs();
          await tidy();
        }
        if (failing) log.info({ camera, directory }, "snapshots are kept again");
        failing = false;
      } catch (error) {
        const problem = error instanceof Error ? error.message : String(error);
        if (!failing)
          log.warn({ camera, directory, problem }, "a snapshot could not be kept; check the folder");
        failing = true;
      }
    },
  };
}

/** Pictures of people are for whom the agent runs as, and nobody else. */
const PRIVATE_FOLDER = 0o700;
const PRIVATE_FILE = 0o600;

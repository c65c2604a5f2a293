import { randomUUID } from "node:crypto";
import { mkdir, open, rm, rmdir, stat, statfs } from "node:fs/promises";
import { dirname, join } from "node:path";
import { errorCode } from "../../base/error-code.ts";
import { ConfigError, TransientError } from "../../base/errors.ts";
import type { Finding } from "./finding.ts";
import { mayWrite, type UnitFolders } from "./unit-folders.ts";

/** A folder in which the agent stores data. */
export interface UsedFolder {
  readonly path: string;
  /** The key of the configuration that names it. */
  readonly key: string;
}

/** The bytes that are written as a trial: a page of most file systems. */
const TRIAL_BYTES = 4096;
/** Less free space than this is soon used up by stored events or snapshots. */
const FEW_BYTES = 50e6;

/**
 * Writes a file into a folder and removes it. Leaves nothing behind: a folder that is missing is removed again, because the
 * agent may run as another user, which then could not write into it.
 * @param unit the rules of the systemd unit, if the agent runs as a service
 * @throws ConfigError, or TransientError if the disk is full
 */
export async function tryFolder(folder: UsedFolder, unit?: UnitFolders): Promise<Finding> {
  const { path } = folder;
  try {
    if (unit !== undefined) await requireService(folder, unit);
    const made = await makeFolder(path);
    try {
      await writeOnce(join(path, `.sabrewing-check-${randomUUID()}`));
      return await describeFolder(folder, made.length > 0);
    } finally {
      // Another program may use a folder by now: then it stays, and so do those above it.
      for (const own of made.toReversed()) await rmdir(own).catch(() => {});
    }
  } catch (error) {
    throw await explain(folder, error);
  }
}

/** `sudo sabrewing check` may write everywhere, but the service may not. */
async function requireService({ path, key }: UsedFolder, { allows, user }: UnitFolders): Promise<void> {
  if (!allows(path)) {
    throw new ConfigError(
      `the systemd unit does not allow the agent to write to ${path}`,
      `Run systemctl edit sabrewing, add [Service] and ReadWritePaths=${path}, create that folder for the service's user, then run systemctl restart sabrewing; or set ${key} to a folder in /var/lib/sabrewing.`,
    );
  }
  if (user !== undefined && !(await mayWrite(path, user))) {
    throw new ConfigError(
      `the service's user ${user.name} may not write to ${path}`,
      `Run install -d -o ${user.name} -g ${user.name} -m 0700 ${path}, or set ${key} to a folder in /var/lib/sabrewing.`,
    );
  }
}

/**
 * Makes a folder and those above it that are missing. On a read-only disk, Node's recursive mkdir only says ENOENT.
 * @returns the folders that it made, the outermost first
 */
async function makeFolder(path: string): Promise<readonly string[]> {
  try {
    await mkdir(path, { mode: 0o700 });
    return [path];
  } catch (error) {
    const code = errorCode(error);
    if (code === "EEXIST" && (await isFolder(path))) return [];
    if (code !== "ENOENT") throw error;
  }
  const above = await makeFolder(dirname(path));
  await mkdir(path, { mode: 0o700 });
  return [...above, path];
}

async function isFolder(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found?.isDirectory() === true;
}

async function writeOnce(file: string): Promise<void> {
  try {
    await using handle = await open(file, "wx", 0o600);
    await handle.writeFile(Buffer.alloc(TRIAL_BYTES, 0xa5));
    await handle.sync();
  } finally {
    await rm(file, { force: true });
  }
}

async function describeFolder({ path, key }: UsedFolder, isNew: boolean): Promise<Finding> {
  const { bavail, bsize } = await statfs(path);
  const free = bavail * bsize;
  const megabytes = `${Math.floor(free / 1e6)} MB`;
  return {
    words: `${path}${isNew ? " can be created" : ""}, ${free < 10e9 ? megabytes : `${Math.floor(free / 1e9)} GB`} free`,
    advice:
      free >= FEW_BYTES
        ? []
        : [
            {
              message: `only ${megabytes} are free on the disk of ${path}`,
              remedy: `Free space on this disk, or set ${key} to a folder on another one.`,
            },
          ],
  };
}

async function explain({ path, key }: UsedFolder, cause: unknown): Promise<unknown> {
  const code = errorCode(cause);
  if (!(cause instanceof Error) || code === undefined) return cause;
  const config = (why: string, remedy: string) =>
    new ConfigError(`the agent cannot write to ${path}: ${why} (${code})`, remedy, { cause });
  switch (code) {
    case "EEXIST":
    case "ENOTDIR":
      return config(
        `${(await fileAbove(path)) ?? "a part of the path"} is not a folder`,
        `Set ${key} to a folder, or move that file away.`,
      );
    case "EACCES":
    case "EPERM":
      return config(
        "this user lacks the permission",
        `Make this folder writable for the user that runs the agent, or set ${key} to another one.`,
      );
    case "EROFS":
      return config("it is on a read-only file system", `Set ${key} to a folder on a writable disk.`);
    case "ENOSPC":
    case "EDQUOT":
      return new TransientError(
        `the agent cannot write to ${path}: the disk is full (${code})`,
        `Free space on this disk, or set ${key} to a folder on another one.`,
        { cause },
      );
    default:
      return config(cause.message, `Set ${key} to a folder that the agent can write to.`);
  }
}

/** The part of a path that exists and is not a folder. */
async function fileAbove(path: string): Promise<string | undefined> {
  for (let part = path; ; part = dirname(part)) {
    const found = await stat(part).catch(() => undefined);
    if (found !== undefined) return found.isDirectory() ? undefined : part;
    if (part === dirname(part)) return undefined;
  }
}

import { mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PRIVATE_FILE, PRIVATE_FOLDER } from "./sqlite-file.ts";

/** The pictures of past events, `<id of the event>.jpg` in one folder. Methods reject with the errors of the system. */
export interface PictureFolder {
  write(id: string, jpeg: Uint8Array): Promise<void>;
  /** undefined: it does not exist. */
  read(id: string): Promise<Buffer | undefined>;
  remove(id: string): Promise<void>;
  /**
   * Removes the pictures of unknown events, which a crash can leave behind.
   * @returns bytes of the other pictures
   */
  clean(isKnown: (id: string) => Promise<boolean>): Promise<number>;
}

/** Ids of events; other files are not ours. */
const PICTURE = /^([0-9.]+-[a-z0-9]+)\.jpg$/;

/** The pictures in a folder, which is created when the first picture is written. */
export function pictureFolder(directory: string): PictureFolder {
  const pathOf = (id: string) => join(directory, `${id}.jpg`);
  const remove = (id: string) => rm(pathOf(id), { force: true });
  return {
    async write(id, jpeg) {
      await mkdir(directory, { recursive: true, mode: PRIVATE_FOLDER });
      await writeFile(pathOf(id), jpeg, { mode: PRIVATE_FILE });
    },
    read: (id) => orMissing(readFile(pathOf(id))),
    remove,
    async clean(isKnown) {
      let bytes = 0;
      for (const name of (await orMissing(readdir(directory))) ?? []) {
        const [, id] = PICTURE.exec(name) ?? [];
        if (id === undefined) continue;
        if (await isKnown(id)) bytes += (await orMissing(stat(pathOf(id))))?.size ?? 0;
        else await remove(id);
      }
      return bytes;
    },
  };
}

async function orMissing<Value>(work: Promise<Value>): Promise<Value | undefined> {
  return work.catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
}

import type { Stats } from "node:fs";
import { chmod, mkdir, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";

/**
 * Replaces a file by a synced temporary file: after a power cut it is either the old or the new one, never a part. Creates the
 * folder if it is missing.
 * @param like gives the file its permissions and its owner. Default: only its owner may read and write it.
 */
export async function writeAtomically(
  file: string,
  text: string,
  like?: Pick<Stats, "mode" | "uid" | "gid">,
): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const beside = `${file}.partial`;
  try {
    await using handle = await open(beside, "w", 0o600);
    await handle.writeFile(text);
    // Only root can give a file away. Without that, the file belongs to the user that runs the agent.
    if (like !== undefined) await handle.chown(like.uid, like.gid).catch(() => {});
    await handle.sync();
    if (like !== undefined) await chmod(beside, like.mode);
    await rename(beside, file);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
}

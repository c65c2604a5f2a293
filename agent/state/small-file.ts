import { mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { z } from "zod";

/**
 * Reads a file of JSON; undefined where there is none.
 * @throws what `unreadable` puts into words
 */
export async function readJson<Value>(file: string, schema: z.ZodType<Value>): Promise<Value | undefined> {
  try {
    return schema.parse(JSON.parse(await readFile(file, "utf8")));
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

/** The whole file or the one before, whenever the power goes: written beside it, on disk, then renamed over it. */
export async function writeAtomically(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const beside = `${file}.partial`;
  try {
    await using handle = await open(beside, "w", 0o600);
    await handle.writeFile(text);
    await handle.sync();
    await rename(beside, file);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
}

/** Why such a file could not be read or written, in a few words. */
export function unreadable(error: unknown): string {
  if (error instanceof z.ZodError) return "it does not hold what sabrewing writes";
  if (error instanceof SyntaxError) return "it is not JSON";
  return error instanceof Error && "code" in error ? String(error.code) : String(error);
}

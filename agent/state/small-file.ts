import { mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { z } from "zod";

/**
 * Reads a JSON file; undefined if it does not exist.
 * @throws an error that `unreadable` describes
 */
export async function readJson<Value>(file: string, schema: z.ZodType<Value>): Promise<Value | undefined> {
  try {
    return schema.parse(JSON.parse(await readFile(file, "utf8")));
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

/** Replaces a file by a synced temporary file: after a power cut it is either the old or the new one, never a part. */
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

/** Describes briefly why a file could not be read or written. */
export function unreadable(error: unknown): string {
  if (error instanceof z.ZodError) return "unexpected content";
  if (error instanceof SyntaxError) return "it is not JSON";
  return error instanceof Error && "code" in error ? String(error.code) : String(error);
}

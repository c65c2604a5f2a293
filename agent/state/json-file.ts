import { readFile } from "node:fs/promises";
import { z } from "zod";
import { errorCode, shortReason } from "../base/error-code.ts";

/**
 * Reads a JSON file; undefined if it does not exist.
 * @throws an error that `unreadable` describes
 */
export async function readJson<Value>(file: string, schema: z.ZodType<Value>): Promise<Value | undefined> {
  try {
    return schema.parse(JSON.parse(await readFile(file, "utf8")));
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** Describes briefly why a file could not be read or written. */
export function unreadable(error: unknown): string {
  if (error instanceof z.ZodError) return "unexpected content";
  if (error instanceof SyntaxError) return "it is not JSON";
  return shortReason(error);
}

/** What one machine replied, kept in files for another to compare with. */
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

/** Low, so that there is much to compare. */
export const THRESHOLDS = { score: 0.05, iou: 0.45 };

const ReferenceSchema = z.object({
  /** Of the module's file. */
  sha256: z.string(),
  /** base64: the decoder of another machine may round otherwise. */
  pictures: z.array(z.string()),
  /** Hexadecimal, header included. */
  replies: z.array(z.string()),
});

/** A module's file and what it replied to each picture. */
export type Reference = z.infer<typeof ReferenceSchema>;

/** Where the module of that name lies in the folder of references. */
export function modulePath(folder: string, name: string): string {
  return join(folder, `${name}.wasm`);
}

/** Keeps what was replied. */
export function writeReference(folder: string, name: string, reference: Reference): void {
  writeFileSync(join(folder, `${name}.json`), JSON.stringify(reference));
}

/** Gets back what was replied. */
export function readReference(folder: string, name: string): Reference {
  return ReferenceSchema.parse(JSON.parse(readFileSync(join(folder, `${name}.json`), "utf8")));
}

/** Hexadecimal. */
export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** The replies of one machine, stored in files for comparison on another. */
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

/** A low score, so that there are many detections to compare. */
export const THRESHOLDS = { score: 0.05, iou: 0.45 };

const ReferenceSchema = z.object({
  /** Hash of the module's file. */
  sha256: z.string(),
  /** base64. The images are stored since the decoder of another machine may round differently. */
  images: z.array(z.string()),
  /** Hexadecimal, header included. */
  replies: z.array(z.string()),
});

/** The hash of a module's file and its reply to each image. */
export type Reference = z.infer<typeof ReferenceSchema>;

/** The path of the module with this name in the folder of references. */
export function modulePath(folder: string, name: string): string {
  return join(folder, `${name}.wasm`);
}

/** Writes a reference. */
export function writeReference(folder: string, name: string, reference: Reference): void {
  writeFileSync(join(folder, `${name}.json`), JSON.stringify(reference));
}

/** Reads a reference. */
export function readReference(folder: string, name: string): Reference {
  return ReferenceSchema.parse(JSON.parse(readFileSync(join(folder, `${name}.json`), "utf8")));
}

/** The hash in hexadecimal. */
export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

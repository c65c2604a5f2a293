/** The stored answers of LiteRT's reference kernels (ai-edge-litert 2.3.0, BUILTIN_REF); scripts/litert-answers.ts writes them. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

export const CASES_PER_OPERATOR = 200;

export const ANSWERS_FILE = new URL("litert-answers.json", import.meta.url);

/** The start of the SHA-256 of an answer's bytes: enough to tell answers apart, and short. */
export function answerDigest(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex").slice(0, 8);
}

/** The digests of the answers to the cases of each operator. */
export function liteRtAnswers(): ReadonlyMap<string, readonly string[]> {
  const stored: Record<string, string> = JSON.parse(readFileSync(ANSWERS_FILE, "utf8"));
  return new Map(Object.entries(stored).map(([operator, digests]) => [operator, digests.split(" ")]));
}

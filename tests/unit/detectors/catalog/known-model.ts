import { createHash } from "node:crypto";
import type { KnownModel } from "../../../../detectors/catalog/known-model.ts";

/** SHA-256 of these bytes, hex. */
export function sha256Of(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** A known model with these weights at this URL. */
export function knownModel(bytes: Uint8Array, url: string): KnownModel {
  return {
    name: "tiny",
    files: [{ path: "tiny.pt", sha256: sha256Of(bytes), bytes: bytes.length }],
    source: { kind: "address", url },
    licence: { id: "MIT", holder: "Example", url: "https://example.org/licence", terms: "Keep the notice." },
    input: { width: 64, height: 64 },
    labels: ["thing"],
  };
}

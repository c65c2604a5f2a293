import { createHash } from "node:crypto";
import type { KnownModel } from "../../../../detectors/catalog/known-model.ts";

/** A known model whose weights are these bytes at this address. */
export function knownModel(bytes: Uint8Array, url: string): KnownModel {
  return {
    name: "tiny",
    file: "tiny.pt",
    url,
    sha256: createHash("sha256").update(bytes).digest("hex"),
    bytes: bytes.length,
    licence: { id: "MIT", holder: "Nobody", url: "https://example.org/licence", terms: "Keep the notice." },
    labels: ["thing"],
    accuracy: { dataset: "none", map: 0, map50: 0, size: 64 },
  };
}

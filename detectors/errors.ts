import { plainLines } from "./plain-text.ts";

/** Characters of a message: what it quotes of a file may be of any length. */
const LONGEST = 50_000;

/**
 * A model, checkpoint or module that cannot be used. Trying again with the same file is useless.
 * Its message may quote the file, which comes from outside: characters that steer a terminal are replaced.
 */
export class ModelError extends Error {
  override readonly name = "ModelError";
  /** What the user can do about it, one sentence. */
  readonly remedy: string;

  constructor(message: string, remedy: string, options?: ErrorOptions) {
    super(plainLines(message, LONGEST), options);
    this.remedy = remedy;
  }
}

/**
 * How a running detector failed. Each costs the one frame in flight:
 * `deadline` no reply in time · `trap` WebAssembly trapped · `exit` the module ended · `garbage` a reply that breaks
 * the protocol · `oversized` more bytes than a reply may have · `unavailable` it is being started again.
 */
export type DetectorFaultKind = "deadline" | "trap" | "exit" | "garbage" | "oversized" | "unavailable";

/** One frame got no answer. The detector looks after itself; the caller goes on with the next frame. */
export class DetectorFault extends Error {
  override readonly name = "DetectorFault";
  readonly kind: DetectorFaultKind;

  constructor(kind: DetectorFaultKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}

import { DetectorFault } from "../errors.ts";
import { REPLY_HEADER_BYTES } from "../module-format.ts";
import { MAX_REPLY_BYTES, replyBytes } from "./reply.ts";

/** Puts a reply together from the pieces in which the pipe delivers it. */
export class ReplyCollector {
  readonly #bytes = new Uint8Array(MAX_REPLY_BYTES);
  #received = 0;

  /**
   * @returns the reply when this piece completes it.
   * @throws DetectorFault `oversized` at the first byte too many, `garbage` when the header is wrong.
   */
  add(piece: Uint8Array): Uint8Array<ArrayBuffer> | undefined {
    const received = this.#received + piece.length;
    this.#bytes.set(piece.subarray(0, MAX_REPLY_BYTES - this.#received), this.#received);
    this.#received = received;
    if (received < REPLY_HEADER_BYTES) return undefined;
    const expected = replyBytes(this.#bytes);
    if (received > expected) {
      throw new DetectorFault(
        "oversized",
        `expected a reply of ${expected} bytes, received ${received} or more`,
      );
    }
    return received === expected ? this.#bytes.slice(0, expected) : undefined;
  }
}

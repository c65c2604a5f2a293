import { DetectorFault } from "../errors.ts";
import { REPLY_HEADER_BYTES } from "../module-format.ts";
import { MAX_REPLY_BYTES, replyBytes } from "./reply.ts";

/** Assembles a reply from the chunks that the pipe delivers. */
export class ReplyCollector {
  readonly #bytes = new Uint8Array(MAX_REPLY_BYTES);
  #received = 0;

  /**
   * @returns the reply if this chunk completes it.
   * @throws DetectorFault `oversized` when bytes follow the reply, `garbage` when the header is wrong.
   */
  add(chunk: Uint8Array): Uint8Array<ArrayBuffer> | undefined {
    const received = this.#received + chunk.length;
    this.#bytes.set(chunk.subarray(0, MAX_REPLY_BYTES - this.#received), this.#received);
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

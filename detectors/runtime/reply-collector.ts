import { DetectorFault } from "../errors.ts";
import { REPLY_HEADER_BYTES } from "../module-format.ts";
import { type ModuleIo, maxReplyBytes } from "./module-io.ts";
import { replyBytes } from "./reply.ts";

/** Assembles a reply from the chunks that the pipe delivers. */
export class ReplyCollector {
  readonly #io: ModuleIo;
  readonly #bytes: Uint8Array;
  #received = 0;

  constructor(io: ModuleIo) {
    this.#io = io;
    this.#bytes = new Uint8Array(maxReplyBytes(io));
  }

  /**
   * @returns the reply if this chunk completes it.
   * @throws DetectorFault `oversized` when bytes follow the reply, `garbage` when the header is wrong.
   */
  add(chunk: Uint8Array): Uint8Array<ArrayBuffer> | undefined {
    const received = this.#received + chunk.length;
    this.#bytes.set(chunk.subarray(0, this.#bytes.length - this.#received), this.#received);
    this.#received = received;
    if (received < REPLY_HEADER_BYTES) return undefined;
    const expected = replyBytes(this.#bytes, this.#io);
    if (received > expected) {
      throw new DetectorFault(
        "oversized",
        `expected a reply of ${expected} bytes, received ${received} or more`,
      );
    }
    return received === expected ? this.#bytes.slice(0, expected) : undefined;
  }
}

import { DetectorFault } from "../errors.ts";
import { MAGIC, REPLY_HEADER_BYTES } from "../module-format.ts";
import { type ModuleIo, maxCount, outputBytes, sum } from "./module-io.ts";

/** The content of a reply. */
export interface Reply {
  /** Valid rows of counted outputs. */
  readonly count: number;
  /** The bytes of each output; of a counted one its valid rows. */
  readonly outputs: readonly Uint8Array[];
}

/**
 * The length of a reply, read from its header.
 * @throws DetectorFault `garbage` when the magic word or the count is wrong.
 */
export function replyBytes(reply: Uint8Array, io: ModuleIo): number {
  const header = viewOf(reply);
  const magic = header.getUint32(0, true);
  if (magic !== MAGIC) {
    throw garbage(`expected magic 0x${MAGIC.toString(16)}, received 0x${magic.toString(16)}`);
  }
  const count = header.getUint32(8, true);
  if (count > maxCount(io)) throw garbage(`expected at most ${maxCount(io)} rows, received ${count}`);
  return REPLY_HEADER_BYTES + sum(io.outputs.map((output) => outputBytes(output, count)));
}

/** Builds the reply that the WASI command `_start` would write. */
export function buildReply(sequence: number, { count, outputs }: Reply): Uint8Array<ArrayBuffer> {
  const reply = new Uint8Array(REPLY_HEADER_BYTES + sum(outputs.map(({ length }) => length)));
  const header = viewOf(reply);
  header.setUint32(0, MAGIC, true);
  header.setUint32(4, sequence, true);
  header.setUint32(8, count, true);
  let at = REPLY_HEADER_BYTES;
  for (const output of outputs) {
    reply.set(output, at);
    at += output.length;
  }
  return reply;
}

/**
 * Takes apart one whole reply.
 * @param sequence the request's number, which the reply must repeat.
 * @throws DetectorFault `garbage` with the first violation of the protocol.
 */
export function parseReply(reply: Uint8Array, sequence: number, io: ModuleIo): Reply {
  if (reply.length < REPLY_HEADER_BYTES || reply.length !== replyBytes(reply, io)) {
    throw garbage(`the reply's length of ${reply.length} bytes does not match its header`);
  }
  const view = viewOf(reply);
  const received = view.getUint32(4, true);
  if (received !== sequence) {
    throw garbage(`expected a reply to request ${sequence}, received one to request ${received}`);
  }
  const count = view.getUint32(8, true);
  let at = REPLY_HEADER_BYTES;
  const outputs = io.outputs.map((output) => {
    const bytes = reply.subarray(at, at + outputBytes(output, count));
    at += bytes.length;
    return bytes;
  });
  return { count, outputs };
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** A reply that violates the format of modules. */
export function garbage(detail: string): DetectorFault {
  return new DetectorFault("garbage", `the module's reply violates the protocol: ${detail}`);
}

import type { Detection } from "../contract.ts";
import { DetectorFault } from "../errors.ts";
import { DETECTION_BYTES, MAGIC, MAX_DETECTIONS, REPLY_HEADER_BYTES } from "../module-format.ts";

/** The size of the largest valid reply. */
export const MAX_REPLY_BYTES = REPLY_HEADER_BYTES + MAX_DETECTIONS * DETECTION_BYTES;

/**
 * The length of a reply, read from its header.
 * @throws DetectorFault `garbage` when the magic word or the count is wrong.
 */
export function replyBytes(reply: Uint8Array): number {
  const header = viewOf(reply);
  const magic = header.getUint32(0, true);
  if (magic !== MAGIC) {
    throw garbage(`expected magic 0x${MAGIC.toString(16)}, received 0x${magic.toString(16)}`);
  }
  const count = header.getUint32(8, true);
  if (count > MAX_DETECTIONS) {
    throw garbage(`expected at most ${MAX_DETECTIONS} detections, received ${count}`);
  }
  return REPLY_HEADER_BYTES + count * DETECTION_BYTES;
}

/** Builds the reply that the WASI command `_start` would write from the detections that `infer` returned. */
export function buildReply(sequence: number, detections: Uint8Array): Uint8Array<ArrayBuffer> {
  const reply = new Uint8Array(REPLY_HEADER_BYTES + detections.length);
  const header = viewOf(reply);
  header.setUint32(0, MAGIC, true);
  header.setUint32(4, sequence, true);
  header.setUint32(8, detections.length / DETECTION_BYTES, true);
  reply.set(detections, REPLY_HEADER_BYTES);
  return reply;
}

/**
 * Reads the detections from one whole reply; boxes stay in pixels of the model input.
 * @param sequence the request's number, which the reply must repeat.
 * @throws DetectorFault `garbage` with the first violation of the protocol.
 */
export function parseReply(reply: Uint8Array, sequence: number, labels: readonly string[]): Detection[] {
  if (reply.length < REPLY_HEADER_BYTES || reply.length !== replyBytes(reply)) {
    throw garbage(`the reply's length of ${reply.length} bytes does not match its header`);
  }
  const view = viewOf(reply);
  const received = view.getUint32(4, true);
  if (received !== sequence)
    throw garbage(`expected a reply to frame ${sequence}, received one to frame ${received}`);

  const detections: Detection[] = [];
  for (let at = REPLY_HEADER_BYTES; at < reply.length; at += DETECTION_BYTES) {
    detections.push(parseDetection(view, at, labels));
  }
  return detections;
}

function parseDetection(view: DataView, at: number, labels: readonly string[]): Detection {
  const number = (index: number): number => view.getFloat32(at + index * 4, true);
  const box = [number(0), number(1), number(2), number(3)] as const;
  const score = number(4);
  const labelIndex = view.getUint32(at + 20, true);
  const label = labels[labelIndex];
  if (!box.every(Number.isFinite))
    throw garbage(`expected finite box coordinates, received ${box.join(", ")}`);
  if (!(score >= 0 && score <= 1)) throw garbage(`expected a score from 0 to 1, received ${score}`);
  if (label === undefined) {
    throw garbage(`expected a label index from 0 to ${labels.length - 1}, received ${labelIndex}`);
  }
  return { label, score, box };
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function garbage(detail: string): DetectorFault {
  return new DetectorFault("garbage", `the module's reply violates the protocol: ${detail}`);
}

import { expect, test } from "vitest";
import { DetectorFault } from "../../../../detectors/errors.ts";
import { buildReply, MAX_REPLY_BYTES, parseReply, replyBytes } from "../../../../detectors/runtime/reply.ts";

const LABELS = ["person", "car"];

/** A reply to frame 7 with one detection of these six numbers. */
function replyWith([x1, y1, x2, y2, score]: readonly number[], label: number): Uint8Array {
  const detection = new DataView(new ArrayBuffer(24));
  for (const [index, value] of [x1, y1, x2, y2, score].entries())
    detection.setFloat32(index * 4, value ?? 0, true);
  detection.setUint32(20, label, true);
  return buildReply(7, new Uint8Array(detection.buffer));
}

test("parses detections with label, score and box", () => {
  expect(parseReply(replyWith([1, 2, 3.5, 4, 0.75], 1), 7, LABELS)).toEqual([
    { label: "car", score: 0.75, box: [1, 2, 3.5, 4] },
  ]);
});

test("builds a reply without detections in sixteen bytes", () => {
  const reply = buildReply(1, new Uint8Array());
  expect(reply.length).toBe(16);
  expect(parseReply(reply, 1, LABELS)).toEqual([]);
});

test("accepts a reply of three hundred detections, the largest", () => {
  const reply = buildReply(1, new Uint8Array(300 * 24));
  expect(replyBytes(reply)).toBe(MAX_REPLY_BYTES);
  expect(parseReply(reply, 1, LABELS)).toHaveLength(300);
});

test.each([
  ["a reply to another frame", () => parseReply(replyWith([1, 2, 3, 4, 0.5], 0), 8, LABELS)],
  ["a label that does not exist", () => parseReply(replyWith([1, 2, 3, 4, 0.5], 2), 7, LABELS)],
  ["a score above one", () => parseReply(replyWith([1, 2, 3, 4, 1.5], 0), 7, LABELS)],
  ["a score that is not a number", () => parseReply(replyWith([1, 2, 3, 4, Number.NaN], 0), 7, LABELS)],
  ["an infinite box", () => parseReply(replyWith([1, 2, Number.POSITIVE_INFINITY, 4, 0.5], 0), 7, LABELS)],
  ["a truncated reply", () => parseReply(replyWith([1, 2, 3, 4, 0.5], 0).subarray(0, 39), 7, LABELS)],
  ["half a header", () => parseReply(new Uint8Array(8), 7, LABELS)],
  ["another magic word", () => replyBytes(new Uint8Array(16))],
  ["three hundred and one detections", () => replyBytes(buildReply(7, new Uint8Array(301 * 24)))],
])("reports %s as garbage", (_, parse) => {
  expect(parse).toThrow(expect.objectContaining({ constructor: DetectorFault, kind: "garbage" }));
});

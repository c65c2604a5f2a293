import { describe, expect, test } from "vitest";
import { DetectorFault } from "../../../../detectors/errors.ts";
import { DETECTION_BYTES } from "../../../../detectors/module-format.ts";
import { parseDetections } from "../../../../detectors/runtime/detections.ts";
import { type ModuleIo, maxReplyBytes } from "../../../../detectors/runtime/module-io.ts";
import { buildReply, parseReply, replyBytes } from "../../../../detectors/runtime/reply.ts";
import { DETECT_IO } from "../../../support/detectors/replies.ts";

const LABELS = new Map([
  [0, "person"],
  [7, "car"],
]);

const detectionsOf = (reply: Uint8Array) => parseDetections(parseReply(reply, 7, DETECT_IO), LABELS);

/** A reply to request 7 with one detection of these six numbers. */
const replyWith = (...numbers: readonly number[]): Uint8Array =>
  buildReply(7, { count: 1, outputs: [new Uint8Array(Float32Array.from(numbers).buffer)] });

const rows = (count: number): Uint8Array =>
  buildReply(7, { count, outputs: [new Uint8Array(count * DETECTION_BYTES)] });

const asGarbage = expect.objectContaining({ constructor: DetectorFault, kind: "garbage" });

test("parses detections with label, score and box", () => {
  expect(detectionsOf(replyWith(1, 2, 3.5, 4, 0.75, 7))).toEqual([
    { label: "car", score: 0.75, box: [1, 2, 3.5, 4] },
  ]);
});

test("builds a reply without detections in sixteen bytes", () => {
  expect(rows(0).length).toBe(16);
  expect(detectionsOf(rows(0))).toEqual([]);
});

test("accepts a reply of three hundred detections, the largest", () => {
  expect(replyBytes(rows(300), DETECT_IO)).toBe(maxReplyBytes(DETECT_IO));
  expect(detectionsOf(rows(300))).toHaveLength(300);
});

test.each([
  ["a reply to another request", () => parseReply(rows(1), 8, DETECT_IO)],
  ["a label that does not exist", () => detectionsOf(replyWith(1, 2, 3, 4, 0.5, 2))],
  ["a label that is not a whole number", () => detectionsOf(replyWith(1, 2, 3, 4, 0.5, 0.5))],
  ["a score above one", () => detectionsOf(replyWith(1, 2, 3, 4, 1.5, 0))],
  ["a score that is not a number", () => detectionsOf(replyWith(1, 2, 3, 4, Number.NaN, 0))],
  ["an infinite box", () => detectionsOf(replyWith(1, 2, Number.POSITIVE_INFINITY, 4, 0.5, 0))],
  ["a truncated reply", () => detectionsOf(rows(1).subarray(0, 39))],
  ["half a header", () => detectionsOf(new Uint8Array(8))],
  ["another magic word", () => replyBytes(new Uint8Array(16), DETECT_IO)],
  ["three hundred and one detections", () => replyBytes(rows(301), DETECT_IO)],
])("reports %s as garbage", (_, parse) => {
  expect(parse).toThrow(asGarbage);
});

describe("a reply of several outputs", () => {
  const io: ModuleIo = {
    parameters: 0,
    inputs: [],
    outputs: [{ bytes: 3 }, { bytes: 20, rows: 10 }, { bytes: 0 }],
    hasState: false,
  };

  test("has all of each, but only the counted rows of counted ones", () => {
    const outputs = [Uint8Array.of(1, 2, 3), Uint8Array.of(4, 5, 6, 7), new Uint8Array()];
    const reply = buildReply(1, { count: 2, outputs });
    expect(reply.length).toBe(16 + 3 + 2 * 2);
    expect(parseReply(reply, 1, io)).toEqual({ count: 2, outputs });
  });

  test("with more rows than the output holds is garbage", () => {
    const outputs = [new Uint8Array(3), new Uint8Array(22), new Uint8Array()];
    expect(() => replyBytes(buildReply(1, { count: 11, outputs }), io)).toThrow(asGarbage);
  });

  test("with a count although no output is counted is garbage", () => {
    const uncounted = { ...io, outputs: [{ bytes: 3 }] };
    expect(() => replyBytes(buildReply(1, { count: 1, outputs: [new Uint8Array(3)] }), uncounted)).toThrow(
      asGarbage,
    );
  });
});

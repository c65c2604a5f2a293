import fc from "fast-check";
import { expect, test } from "vitest";
import { DetectorFault } from "../../../../detectors/errors.ts";
import { parseDetections } from "../../../../detectors/runtime/detections.ts";
import { parseReply } from "../../../../detectors/runtime/reply.ts";
import { ReplyCollector } from "../../../../detectors/runtime/reply-collector.ts";
import { DETECT_IO, reply } from "../../../support/detectors/replies.ts";

const LABELS = ["person"];

test("assembles the same reply from any chunks of the pipe", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 300 }),
      fc.array(fc.integer({ min: 1, max: 3_000 }), { maxLength: 30 }),
      (count, lengths) => {
        const whole = reply(7, count);
        const collector = new ReplyCollector(DETECT_IO);
        let collected: Uint8Array | undefined;
        let from = 0;
        for (const length of [...lengths, whole.length]) {
          if (from >= whole.length) break;
          collected = collector.add(whole.subarray(from, from + length));
          from += length;
        }
        expect(collected).toEqual(new Uint8Array(whole));
      },
    ),
    { seed: 1, numRuns: 300 },
  );
});

test("parses any bytes to detections of known labels or a fault", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(5), (bytes, count) => {
      // The header is valid, so that the rest is parsed.
      const answer = Buffer.concat([reply(7, count).subarray(0, 16), bytes]);
      try {
        const found = parseDetections(parseReply(answer, 7, DETECT_IO), new Map(LABELS.entries()));
        expect(found).toHaveLength(count);
        for (const { label, score, box } of found) {
          expect(LABELS).toContain(label);
          expect(score >= 0 && score <= 1 && box.every(Number.isFinite)).toBe(true);
        }
      } catch (error) {
        expect(error).toBeInstanceOf(DetectorFault);
      }
    }),
    { seed: 1, numRuns: 2_000 },
  );
});

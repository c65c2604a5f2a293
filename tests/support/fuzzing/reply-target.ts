import type { Detection } from "../../../detectors/contract.ts";
import { parseDetections } from "../../../detectors/runtime/detections.ts";
import { parseReply } from "../../../detectors/runtime/reply.ts";
import { ReplyCollector } from "../../../detectors/runtime/reply-collector.ts";
import { LABELS } from "../detectors/fake-modules.ts";
import { DETECT_IO, reply } from "../detectors/replies.ts";
import { at, mutatedBytes } from "./mutate-bytes.ts";
import { refusesAnswer } from "./refusals.ts";
import { acceptedUnless, type FuzzTarget } from "./target.ts";
import { wordsOf } from "./words.ts";

const WORDS = [...wordsOf("SBW2"), Uint8Array.from([0, 0, 0xc0, 0x7f]), Uint8Array.from([0, 0, 0x80, 0x7f])];
const SEQUENCE = 7;
const LABELS_BY_ID = new Map(LABELS.entries());

/** The host's side of the protocol: mutants of replies, in pieces as from a pipe. */
export function replyTarget(): FuzzTarget {
  const seeds = [0, 1, 5, 300].map((count) => reply(SEQUENCE, count));
  return {
    make(random) {
      const stream = mutatedBytes(seeds[at(random, seeds.length)] ?? new Uint8Array(), random, WORDS);
      const pieces: Uint8Array[] = [];
      for (let from = 0; from < stream.length; ) {
        const piece = stream.subarray(from, from + 1 + at(random, stream.length));
        pieces.push(piece);
        from += piece.length;
      }
      return pieces;
    },
    feed: (pieces) =>
      acceptedUnless(refusesAnswer, () => {
        const collector = new ReplyCollector(DETECT_IO);
        for (const piece of pieces as Uint8Array[]) {
          const whole = collector.add(piece);
          if (whole === undefined) continue;
          const found = parseDetections(parseReply(whole, SEQUENCE, DETECT_IO), LABELS_BY_ID);
          if (!found.every(isSound)) throw new Error(`an unsound detection: ${JSON.stringify(found)}`);
          return;
        }
      }),
  };
}

function isSound({ label, score, box }: Detection): boolean {
  const known: readonly string[] = LABELS;
  return known.includes(label) && score >= 0 && score <= 1 && box.every(Number.isFinite);
}

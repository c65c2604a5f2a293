import { boxArea } from "../../base/box.ts";
import type { Outcome } from "../../outcome.ts";
import type { MotionSecond } from "../page/insight-protocol.ts";

/** The motion of a camera in each second of the last minutes. */
export interface MotionRecord {
  record(outcome: Outcome): void;
  /** Oldest first; seconds without a decoded frame are missing. */
  all(): readonly MotionSecond[];
}

const KEPT_SECONDS = 300;

/** Records in memory the share of the frame that moved, and the detection passes. */
export function recordMotion(): MotionRecord {
  let seconds: MotionSecond[] = [];
  return {
    record({ timeMs, frame, seen }) {
      if (frame === undefined || seen === undefined) return;
      const time = Math.floor(timeMs / 1000);
      const area = seen.motion.reduce((sum, box) => sum + boxArea(box), 0);
      const share = Number(Math.min(1, area / (frame.width * frame.height)).toFixed(3));
      const last = seconds.at(-1);
      // The clock was set back.
      if (last !== undefined && time < last.time) seconds = [];
      const before = last?.time === time ? last : { share: 0, passes: 0 };
      if (last?.time === time) seconds.pop();
      seconds.push({
        time,
        share: Math.max(before.share, share),
        passes: before.passes + seen.regions.length,
      });
      if (seconds.length > KEPT_SECONDS) seconds.shift();
    },
    all: () => seconds.filter(({ time }) => (seconds.at(-1)?.time ?? 0) - time < KEPT_SECONDS),
  };
}

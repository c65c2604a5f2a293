import type { Moving } from "./passages.ts";
import type { Simulation } from "./simulate-plan.ts";

/** How a plan did on a clip. */
export interface Verdict {
  /** Passages in which the gate sees motion if all frames are decoded; those shorter than a key frame interval apart. */
  readonly passages: number;
  readonly missed: number;
  readonly shortPassages: number;
  readonly shortMissed: number;
  /** How much later than with all frames motion is first seen, by the time of the frames, seconds: at most, and on average. */
  readonly mostDelay: number;
  readonly meanDelay: number;
  /** The time in which nothing moves, without that in which the plan still decodes everything after motion. */
  readonly stillSeconds: number;
  /** The share of access units that are decoded then. */
  readonly stillDecoded: number;
  /** How often hints wake the decoder, per minute of `stillSeconds`. */
  readonly hintsPerMinute: number;
}

/** The plan decodes everything for this long after motion (5 s), and until the verdict. */
const AFTERGLOW = 5.4;
/** At the start the plan decodes everything. */
const LEARNING = 11;

export function judgeIdle(
  { seconds, fed, reference, seen, calibrating, plan }: Simulation,
  moving: readonly Moving[],
  keySeconds: number,
): Verdict {
  const firstIn = (times: readonly number[], { start, end }: Moving) =>
    times.find((time) => time >= start - 0.05 && time <= end + 0.25);
  const visible = moving.filter((passage) => firstIn(reference, passage) !== undefined);
  const isShort = ({ start, end }: Moving) => end - start < keySeconds;
  const missed = visible.filter((passage) => firstIn(seen, passage) === undefined);
  const delays = visible
    .filter((passage) => !isShort(passage) && !missed.includes(passage))
    .map((passage) => (firstIn(seen, passage) ?? 0) - (firstIn(reference, passage) ?? 0));
  const busy = [...reference, ...seen, ...calibrating];
  const isStill = seconds.map((second) => {
    return second > LEARNING && !busy.some((time) => time > second - AFTERGLOW && time < second + 0.3);
  });
  const still = isStill.filter(Boolean).length;
  const stillSeconds =
    (still * ((seconds.at(-1) ?? 0) - (seconds[0] ?? 0))) / Math.max(seconds.length - 1, 1);
  return {
    passages: visible.filter((passage) => !isShort(passage)).length,
    missed: missed.filter((passage) => !isShort(passage)).length,
    shortPassages: visible.filter(isShort).length,
    shortMissed: missed.filter(isShort).length,
    mostDelay: Math.max(0, ...delays),
    meanDelay: delays.reduce((sum, delay) => sum + delay, 0) / Math.max(delays.length, 1),
    stillDecoded: isStill.filter((one, index) => one && fed[index] === true).length / Math.max(still, 1),
    stillSeconds,
    hintsPerMinute: (plan.counts.wakeUpsByHint * 60) / Math.max(stillSeconds, 1),
  };
}

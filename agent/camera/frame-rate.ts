import type { AccessUnit } from "./rtsp/access-unit.ts";

/** Measures how many frames per second a stream has. */
export interface FrameRate {
  add(unit: Pick<AccessUnit, "arrivedMs" | "streamSeconds" | "isField">): void;
  /** Whole frames per second; undefined while all frames have the same time. */
  fps(): number | undefined;
}

interface MeasuredUnit {
  readonly arrivedSeconds: number;
  readonly streamSeconds: number;
  /** A field counts as half a frame. */
  readonly frames: number;
}

/** Only the latest part of a longer stream is measured. */
const MOST_UNITS = 1000;
/** How much longer or shorter the stream's own time may run than the arrivals: networks delay frames differently. */
const TOLERANCE = 0.1;
const TOLERANCE_SECONDS = 0.15;

/**
 * Measures by the stream's own time if it keeps pace with the arrivals, else by the arrivals. Many cameras send some frames at
 * once at the start: the later half of the arrivals is enough. A network that stalls delivers some at once later: all of them
 * are enough, too.
 */
export function measureFrameRate(): FrameRate {
  const units: MeasuredUnit[] = [];
  return {
    add({ arrivedMs, streamSeconds, isField = false }) {
      units.push({ arrivedSeconds: arrivedMs / 1000, streamSeconds, frames: isField ? 0.5 : 1 });
      if (units.length > MOST_UNITS) units.shift();
    },
    fps() {
      const later = laterHalf(units);
      return keepsPace(later) || keepsPace(units)
        ? rate(units, ({ streamSeconds }) => streamSeconds)
        : rate(later, ({ arrivedSeconds }) => arrivedSeconds);
    },
  };
}

/** Whether the stream's own time runs as fast as the clock. */
function keepsPace(units: readonly MeasuredUnit[]): boolean {
  const arrived = span(units.map(({ arrivedSeconds }) => arrivedSeconds));
  const own = span(units.map(({ streamSeconds }) => streamSeconds));
  return Math.abs(own - arrived) <= TOLERANCE * arrived + TOLERANCE_SECONDS;
}

/** All units if there are too few to divide. */
function laterHalf(units: readonly MeasuredUnit[]): readonly MeasuredUnit[] {
  const times = units.map(({ arrivedSeconds }) => arrivedSeconds);
  const middle = Math.max(...times) - span(times) / 2;
  const later = units.filter(({ arrivedSeconds }) => arrivedSeconds >= middle);
  return span(later.map(({ arrivedSeconds }) => arrivedSeconds)) > 0 ? later : units;
}

/** The frames after the first moment, by the time that they took. Several frames may share a packet, and so their time. */
function rate(units: readonly MeasuredUnit[], timeOf: (unit: MeasuredUnit) => number): number | undefined {
  const times = units.map(timeOf);
  const first = Math.min(...times);
  const frames = units.reduce((sum, unit) => sum + (timeOf(unit) > first ? unit.frames : 0), 0);
  return span(times) > 0 ? frames / span(times) : undefined;
}

function span(times: readonly number[]): number {
  return times.length === 0 ? 0 : Math.max(...times) - Math.min(...times);
}

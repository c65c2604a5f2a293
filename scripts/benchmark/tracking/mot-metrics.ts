import { intersectionOverUnion } from "../../../agent/base/box.ts";
import { assign } from "../../../agent/tracking/assignment.ts";
import type { Box } from "../../../detectors/detector.ts";
import type { TrueBox } from "./truth.ts";

/** An object that a tracker reports in a frame. */
export interface ReportedBox {
  readonly id: string;
  readonly box: Box;
}

export interface ScoredFrame {
  readonly truth: readonly TrueBox[];
  readonly reported: readonly ReportedBox[];
}

/** CLEAR MOT (Bernardin and Stiefelhagen 2008) and identity F1 (Ristani et al. 2016). */
export interface MotScore {
  /** Shares of 1; MOTA may be negative. */
  readonly mota: number;
  readonly idf1: number;
  readonly switches: number;
  readonly fragments: number;
  readonly falsePositives: number;
  readonly misses: number;
  /** The identities that each object was matched with, in order, without repeats. */
  readonly identities: ReadonlyMap<string, readonly string[]>;
}

const SAME_OBJECT_IOU = 0.5;

/**
 * Scores the frames of a clip at an IoU of 0.5. A reported box that lies on an invalid true box and on no valid one counts
 * neither as right nor as wrong.
 */
export function scoreTracks(frames: readonly ScoredFrame[]): MotScore {
  const matched = new Map<string, string>();
  const identities = new Map<string, string[]>();
  const wasTracked = new Map<string, boolean>();
  const together = new Map<string, Map<string, number>>();
  let [truths, reports, misses, falsePositives, switches, fragments] = [0, 0, 0, 0, 0, 0];
  for (const frame of frames) {
    const truth = frame.truth.filter(({ isValid }) => isValid);
    const reported = withoutIgnored(frame);
    truths += truth.length;
    reports += reported.length;
    for (const one of truth) {
      for (const other of reported.filter(({ box }) => overlaps(one.box, box))) {
        const counts = together.get(one.object) ?? new Map<string, number>();
        counts.set(other.id, (counts.get(other.id) ?? 0) + 1);
        together.set(one.object, counts);
      }
    }
    const pairs = pairsOf(truth, reported, matched);
    misses += truth.length - pairs.size;
    falsePositives += reported.length - pairs.size;
    for (const { object } of truth) {
      const id = pairs.get(object);
      if (id === undefined) {
        if (wasTracked.get(object) === true) wasTracked.set(object, false);
        continue;
      }
      if (wasTracked.get(object) === false) fragments++;
      wasTracked.set(object, true);
      const before = matched.get(object);
      if (before !== undefined && before !== id) switches++;
      if (before !== id) identities.set(object, [...(identities.get(object) ?? []), id]);
      matched.set(object, id);
    }
  }
  const mota = 1 - (misses + falsePositives + switches) / Math.max(1, truths);
  const idf1 = (2 * identityMatches(together)) / Math.max(1, truths + reports);
  return { mota, idf1, switches, fragments, falsePositives, misses, identities };
}

function overlaps(a: Box, b: Box): boolean {
  return intersectionOverUnion(a, b) >= SAME_OBJECT_IOU;
}

function withoutIgnored({ truth, reported }: ScoredFrame): readonly ReportedBox[] {
  const liesOn = (box: Box, isValid: boolean) =>
    truth.some((one) => one.isValid === isValid && overlaps(one.box, box));
  return reported.filter(({ box }) => liesOn(box, true) || !liesOn(box, false));
}

/** Pairs that still overlap stay together; the others are paired at the least distance. */
function pairsOf(
  truth: readonly TrueBox[],
  reported: readonly ReportedBox[],
  matched: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  const pairs = new Map<string, string>();
  for (const { object, box } of truth) {
    const same = reported.find(({ id }) => id === matched.get(object));
    if (same !== undefined && overlaps(box, same.box) && ![...pairs.values()].includes(same.id)) {
      pairs.set(object, same.id);
    }
  }
  const taken = new Set(pairs.values());
  const rows = truth.filter(({ object }) => !pairs.has(object));
  const columns = reported.filter(({ id }) => !taken.has(id));
  const costs = rows.map((row) =>
    columns.map((column) =>
      overlaps(row.box, column.box) ? 1 - intersectionOverUnion(row.box, column.box) : Infinity,
    ),
  );
  for (const { row, column } of assign(costs)) {
    const [one, other] = [rows[row], columns[column]];
    if (one !== undefined && other !== undefined) pairs.set(one.object, other.id);
  }
  return pairs;
}

/** The frames in which objects and identities agree under the best one-to-one assignment for the whole clip. */
function identityMatches(together: ReadonlyMap<string, ReadonlyMap<string, number>>): number {
  const counts = [...together.values()];
  const ids = [...new Set(counts.flatMap((count) => [...count.keys()]))];
  const most = Math.max(0, ...counts.flatMap((count) => [...count.values()]));
  const costs = counts.map((count) => ids.map((id) => most - (count.get(id) ?? 0)));
  const matches = assign(costs).map(({ row, column }) => most - (costs[row]?.[column] ?? most));
  return matches.reduce((sum, count) => sum + count, 0);
}

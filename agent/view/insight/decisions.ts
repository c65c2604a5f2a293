import { type Box, intersectionOverUnion } from "../../base/box.ts";
import type { Outcome, Seen } from "../../outcome.ts";
import type { Decision } from "../page/insight-protocol.ts";
import { type Explanation, explainDetection, explainTrack, explainZone, type Rules } from "./explain.ts";

/** The decisions of the last minutes about what a camera saw. */
export interface Decisions {
  record(outcome: Outcome): void;
  /** Newest first. */
  all(): readonly Decision[];
}

/** Some 300 bytes each. */
const MOST_KEPT = 60;
const KEPT_MS = 10 * 60_000;
/** A refused detection continues an earlier one that overlaps it by this IoU and is not older. */
const SAME_IOU = 0.3;
const SAME_WITHIN_MS = 30_000;

/** What was decided about an object, in a form that is cheap to update with each frame. */
interface Entry {
  readonly id: number;
  readonly label: string;
  readonly startMs: number;
  endMs: number;
  topScore: number;
  box: Box;
  frames: number;
  event: string | null;
  why: Explanation | undefined;
  zones: Decision["zones"];
}

/** Records in memory, with each frame that the detector examined: one entry for each object, or for what may be one. */
export function recordDecisions(rules: () => Rules): Decisions {
  const entries: Entry[] = [];
  const tracks = new Map<number, Entry>();
  let nextId = 1;

  function begin(label: string, box: Box, timeMs: number): Entry {
    const entry: Entry = {
      ...{ id: nextId++, label, startMs: timeMs, endMs: timeMs, topScore: 0, box, frames: 0 },
      ...{ event: null, why: undefined, zones: [] },
    };
    entries.push(entry);
    return entry;
  }

  function update(entry: Entry, box: Box, score: number, timeMs: number): void {
    entry.endMs = timeMs;
    entry.box = box;
    entry.frames++;
    entry.topScore = Math.max(entry.topScore, score);
  }

  /** Old entries are dropped first, but events last. */
  function dropOld(timeMs: number): void {
    while (entries[0] !== undefined && timeMs - entries[0].endMs > KEPT_MS) entries.shift();
    while (entries.length > MOST_KEPT) {
      const index = entries.findIndex(({ event }) => event === null);
      entries.splice(Math.max(0, index), 1);
    }
  }

  function recordTracks(seen: Seen, frame: { width: number; height: number }, timeMs: number): void {
    const now = rules();
    const open = new Set(seen.tracks.map(({ id }) => id));
    for (const id of tracks.keys()) if (!open.has(id)) tracks.delete(id);
    for (const track of seen.tracks) {
      if (track.lastSeenMs !== timeMs) continue;
      const entry = tracks.get(track.id) ?? begin(track.label, track.box, track.startTimeMs);
      tracks.set(track.id, entry);
      update(entry, track.box, track.score, timeMs);
      const known = seen.lifecycle.get(track.id);
      entry.why = explainTrack(track, known, now);
      if (known === undefined || entry.why !== undefined) continue;
      entry.event = known.now.id;
      entry.zones = now.zones.map((zone) => {
        return { name: zone.name, why: explainZone(track, known, zone, frame)?.text ?? null };
      });
    }
  }

  function recordRefused(seen: Seen, frame: { width: number; height: number }, timeMs: number): void {
    const now = rules();
    for (const detection of seen.detections) {
      const why = explainDetection(detection, now, frame);
      if (why === undefined) continue;
      const { label, box, score } = detection;
      const isTracked = seen.tracks.some((track) => {
        return track.label === label && intersectionOverUnion(track.box, box) >= SAME_IOU;
      });
      if (isTracked) continue;
      const entry = entries.findLast((one) => {
        const isSame = one.label === label && one.event === null && one.why?.key === why.key;
        return (
          isSame && timeMs - one.endMs <= SAME_WITHIN_MS && intersectionOverUnion(one.box, box) >= SAME_IOU
        );
      });
      const own = entry ?? begin(label, box, timeMs);
      // The reason belongs to the best score.
      if (score >= own.topScore) own.why = why;
      update(own, box, score, timeMs);
    }
  }

  return {
    record({ timeMs, frame, seen }) {
      if (frame === undefined || seen === undefined) {
        tracks.clear();
        return;
      }
      if (seen.regions.length === 0) return;
      recordTracks(seen, frame, timeMs);
      recordRefused(seen, frame, timeMs);
      dropOld(timeMs);
    },
    all: () =>
      entries
        .map(({ why, box, ...entry }) => ({ ...entry, key: why?.key ?? null, why: why?.text ?? null }))
        .reverse(),
  };
}

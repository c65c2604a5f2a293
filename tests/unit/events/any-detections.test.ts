import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ReviewSchema } from "../../../agent/config/review-schema.ts";
import type { FrameDetection } from "../../../agent/detection/detect-regions.ts";
import type { EventMessage } from "../../../agent/events/event.ts";
import { eventIds, seededRandom } from "../../../agent/events/event-id.ts";
import { advanceLifecycle, endAll, type Lifecycle, NO_OBJECTS } from "../../../agent/events/lifecycle.ts";
import { NO_TRACKS, type TrackerOptions, updateTracks } from "../../../agent/tracking/tracker.ts";
import type { Box } from "../../../detectors/detector.ts";

const FRAME = { width: 100, height: 100 };
const WHOLE: Box = [0, 0, 100, 100];
const LEFT: Box = [0, 0, 50, 100];
const options: TrackerOptions = {
  minInitialized: 2,
  maxDisappearedMs: 1000,
  maxPauseMs: 1000,
  intervalMs: 200,
  stationaryAfter: 10,
  frame: FRAME,
  minScore: () => 0.5,
  threshold: () => 0.6,
};
const detector = {
  name: "any",
  sha256: "00",
  licence: "none",
  precision: "f32",
  runtime: "v8",
  inference_ms: 0,
} as const;
const context = {
  camera: "any",
  ...FRAME,
  zones: [],
  review: ReviewSchema.parse({}),
  hasSnapshot: false,
  detector,
};

/** Few positions, so that objects meet, disappear and return. */
const detection: fc.Arbitrary<FrameDetection> = fc
  .record({
    label: fc.constantFrom("person", "car", "truck"),
    score: fc.constantFrom(0.2, 0.55, 0.7, 0.95),
    x: fc.integer({ min: 0, max: 8 }),
    size: fc.integer({ min: 1, max: 6 }),
    region: fc.constantFrom(WHOLE, LEFT),
  })
  .map(({ label, score, x, size, region }) => ({
    label,
    score,
    region,
    box: [10 * x, 20, 10 * x + 8 * size, 20 + 12 * size],
  }));

const frame = fc.record({
  detections: fc.array(detection, { maxLength: 4 }),
  examined: fc.constantFrom<readonly Box[]>([WHOLE], [LEFT], []),
  afterMs: fc.constantFrom(200, 200, 200, 900, 3000),
});

const frames = fc.array(frame, { minLength: 1, maxLength: 60 });

describe("for any detections", () => {
  test("each event starts once, ends once, and counts its messages", () => {
    fc.assert(
      fc.property(frames, (seen) => {
        for (const messages of byId(watch(seen)).values()) {
          expect(messages.map(({ type }) => type)).toEqual(
            messages.map((_, index) =>
              index === 0 ? "new" : index === messages.length - 1 ? "end" : "update",
            ),
          );
          expect(messages.length).toBeGreaterThan(1);
          expect(messages.map(({ after }) => after.revision)).toEqual(messages.map((_, index) => index + 1));
        }
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  test("each message continues the previous one, and only the last has an end and a reason", () => {
    fc.assert(
      fc.property(frames, (seen) => {
        for (const messages of byId(watch(seen)).values()) {
          for (const [index, { before, after, type, reason }] of messages.entries()) {
            if (index > 0) expect(before).toEqual(messages[index - 1]?.after);
            expect(after.false_positive).toBe(false);
            expect(after.end_time !== null).toBe(type === "end");
            expect(reason !== undefined).toBe(type === "end");
            expect(after.start_time).toBeLessThanOrEqual(after.frame_time);
            expect(after.active).toBe(!after.stationary);
          }
        }
      }),
      { seed: 2, numRuns: 300 },
    );
  });

  test("a second run publishes the same, byte for byte", () => {
    fc.assert(
      fc.property(frames, (seen) => {
        const first = JSON.stringify(watch(seen));
        return JSON.stringify(watch(seen)) === first;
      }),
      { seed: 3, numRuns: 100 },
    );
  });
});

type Seen = typeof frames extends fc.Arbitrary<infer T> ? T : never;

function watch(seen: Seen): readonly EventMessage[] {
  const newId = eventIds(seededRandom(1));
  let tracker = NO_TRACKS;
  let lifecycle: Lifecycle = NO_OBJECTS;
  const messages: EventMessage[] = [];
  let timeMs = 0;
  for (const { detections, examined, afterMs } of seen) {
    timeMs += afterMs;
    const inRegions = detections.filter(({ region }) => examined.includes(region));
    tracker = updateTracks(tracker, inRegions, timeMs, options, examined);
    const confirmed = tracker.tracks.filter((track) => track.confirmed);
    const step = advanceLifecycle(lifecycle, confirmed, timeMs, context, newId);
    lifecycle = step.lifecycle;
    messages.push(...step.messages);
  }
  return [...messages, ...endAll(lifecycle, { reason: "shutdown" })];
}

function byId(messages: readonly EventMessage[]): ReadonlyMap<string, readonly EventMessage[]> {
  return Map.groupBy(messages, ({ after }) => after.id);
}

import fc from "fast-check";
import { expect, test } from "vitest";
import {
  type DecodePlan,
  NEW_PLAN,
  type PlanEvent,
  type PlanRules,
  planDecoding,
  type TimedUnit,
} from "../../../agent/camera/decode-plan.ts";
import { formatOf } from "../../support/camera/access-units.ts";

/** A unit of a stream, or an event of the frames before it. */
type Happening =
  | {
      readonly type: "unit";
      readonly isKey: boolean;
      readonly bytes: number;
      readonly isDamaged: boolean;
      /** Displayed before the units before it: a B frame. */
      readonly isEarly: boolean;
      readonly elapsedMs: number;
    }
  | Exclude<PlanEvent, { readonly type: "unit" }>
  | { readonly type: "verdict"; readonly motion: "moved" | "still" | "unknown" };

const happening: fc.Arbitrary<Happening> = fc.oneof(
  {
    weight: 20,
    arbitrary: fc.record({
      type: fc.constant("unit" as const),
      isKey: fc.nat(9).map((number) => number === 0),
      bytes: fc.oneof(fc.integer({ min: 900, max: 1100 }), fc.integer({ min: 1, max: 60_000 })),
      isDamaged: fc.nat(19).map((number) => number === 0),
      isEarly: fc.nat(5).map((number) => number === 0),
      elapsedMs: fc.oneof(fc.constant(100), fc.integer({ min: 0, max: 4000 })),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant("verdict" as const),
      motion: fc.constantFrom("moved", "still", "still", "still", "unknown"),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("tracks" as const), areMoving: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("backlog" as const), isBehind: fc.boolean() }) },
  { weight: 1, arbitrary: fc.constant({ type: "reopened" as const }) },
);

const rules: fc.Arbitrary<PlanRules> = fc.record({
  idle: fc.constantFrom("auto", "keyframes", "all"),
  hasMotionDetection: fc.constant(true),
  keptBytes: fc.constantFrom(50_000, 8e6),
});

/** Runs a plan; `onStep` gets every step with the units that arrived so far. */
function play(
  happenings: readonly Happening[],
  rules: PlanRules,
  reorderFrames: number,
  onStep: (
    plan: DecodePlan,
    feed: readonly TimedUnit[],
    units: readonly TimedUnit[],
    event: PlanEvent,
  ) => void,
): void {
  let plan = NEW_PLAN;
  let nowMs = 1000;
  const units: TimedUnit[] = [];
  const fed: TimedUnit[] = [];
  for (const one of happenings) {
    let event: PlanEvent;
    if (one.type === "unit") {
      nowMs += one.elapsedMs;
      const timeMs = nowMs - (one.isEarly && !one.isKey && reorderFrames > 0 ? 250 : 0);
      const { isKey, bytes, isDamaged } = one;
      const arrival = { arrivedMs: nowMs, streamSeconds: timeMs / 1000, timeMs };
      const format = isKey ? { format: formatOf({ reorderFrames }) } : {};
      const unit: TimedUnit = {
        data: new Uint8Array(),
        bytes,
        isKey,
        isDamaged,
        rotation: 0,
        ...arrival,
        ...format,
      };
      units.push(unit);
      event = { type: "unit", unit };
    } else if (one.type === "verdict") {
      const last = fed.at(-1);
      if (last === undefined) continue;
      event = { type: "frame", timeMs: last.timeMs, motion: one.motion };
    } else {
      event = one;
    }
    const step = planDecoding(plan, event, rules);
    plan = step.plan;
    fed.push(...step.feed);
    onStep(plan, step.feed, units, event);
  }
}

const anyStream = [
  fc.array(happening, { maxLength: 250, size: "max" }),
  rules,
  fc.integer({ min: 0, max: 2 }),
] as const;
const runs = { seed: 1, numRuns: 200 };

test("units are fed in their order, none twice, and every unit is accounted for", () => {
  fc.assert(
    fc.property(...anyStream, (happenings, rules, reorderFrames) => {
      let last = -1;
      let fedCount = 0;
      play(happenings, rules, reorderFrames, (plan, feed, units) => {
        for (const unit of feed) {
          const index = units.indexOf(unit);
          expect(index).toBeGreaterThan(last);
          last = index;
        }
        fedCount += feed.length;
        const { fed, omitted, skipped } = plan.counts;
        expect(fed).toBe(fedCount);
        expect(fed + omitted + skipped + plan.kept.length).toBe(units.length);
      });
    }),
    runs,
  );
});

test("a decoder gets every unit between a key frame and a frame that may refer to it, and nothing before a key frame", () => {
  fc.assert(
    fc.property(...anyStream, (happenings, rules, reorderFrames) => {
      let last: number | undefined;
      let restartMs = Number.NEGATIVE_INFINITY;
      play(happenings, rules, reorderFrames, (_, feed, units, event) => {
        if (event.type === "reopened") last = undefined;
        for (const unit of feed) {
          const index = units.indexOf(unit);
          // Frames displayed before the key frame at which decoding started may be left out: nothing refers to them.
          const between = units
            .slice((last ?? -1) + 1, index)
            .filter((one) => one.isKey || reorderFrames === 0 || one.timeMs >= restartMs);
          const isGap = last === undefined || between.length > 0;
          if (isGap) {
            expect(unit.isKey).toBe(true);
            restartMs = unit.timeMs;
          } else if (reorderFrames > 0 && !unit.isKey) {
            expect(unit.timeMs).toBeGreaterThanOrEqual(restartMs);
          }
          last = index;
        }
      });
    }),
    runs,
  );
});

test("what is kept stays within its bound, and is there only while not everything is decoded", () => {
  fc.assert(
    fc.property(...anyStream, (happenings, rules, reorderFrames) => {
      play(happenings, rules, reorderFrames, (plan) => {
        const bytes = plan.kept.reduce((sum, unit) => sum + unit.bytes, 0);
        expect(bytes).toBeLessThanOrEqual(plan.keptBytes);
        expect(plan.keptBytes).toBeLessThanOrEqual(rules.keptBytes);
        if (plan.awake !== undefined && !plan.isBehind) expect(plan.kept).toEqual([]);
      });
    }),
    runs,
  );
});

test("with `all`, everything from the first whole key frame on is decoded as long as the decoder keeps up", () => {
  const calm = fc.array(
    happening.filter(({ type }) => type !== "backlog" && type !== "reopened"),
    { maxLength: 200, size: "max" },
  );
  fc.assert(
    fc.property(calm, (happenings) => {
      const rules: PlanRules = { idle: "all", hasMotionDetection: true, keptBytes: 8e6 };
      let first: number | undefined;
      play(happenings, rules, 0, (plan, feed, units) => {
        if (first === undefined && feed.length > 0) first = units.length - 1;
        expect(plan.counts.fed).toBe(first === undefined ? 0 : units.length - first);
      });
    }),
    runs,
  );
});

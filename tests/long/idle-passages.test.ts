/**
 * Counts the passages of people that an idling camera finds, among those that it finds if all frames are decoded. It uses no
 * network and no clock, so that only the choice of frames differs.
 */
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { KEPT_BYTES } from "../../agent/camera/decode-plan.ts";
import type { EventMessage } from "../../agent/events/event.ts";
import type { Detector } from "../../detectors/detector.ts";
import { findMedia, findModel } from "../support/base/materials.ts";
import { temporaryFolder } from "../support/base/temporary-folder.ts";
import { compareEvents, summarise } from "../support/camera/compare-events.ts";
import { APPEARANCES, DEPARTURES, LOOKS, x264 } from "../support/camera/idle-cases.ts";
import { judgeIdle } from "../support/camera/judge-idle.ts";
import { filmPassages, type Moving, type Passage } from "../support/camera/passages.ts";
import { simulatePlan } from "../support/camera/simulate-plan.ts";
import { watcher } from "../support/camera/simulate-watch.ts";
import { openYolov5n } from "../support/detectors/open-yolov5n.ts";
import { defaultCamera } from "../support/scenes/watch-frames.ts";

const weights = findModel("yolov5n.pt") ?? findModel("yolov5n.onnx");
const person = findMedia("person.mp4");
const street = findMedia("street.mp4");
const areHere = weights !== undefined && person !== undefined && street !== undefined;

interface Encoding {
  readonly look: keyof typeof LOOKS;
  /** Between key frames. */
  readonly seconds: number;
}

/** The number of passages that the gate and the events report: with all frames decoded, and with the chosen ones. */
interface Found {
  readonly passages: number;
  readonly motion: number;
  readonly motionMissed: number;
  readonly events: number;
  readonly eventsMissed: number;
}

const NOTHING: Found = { passages: 0, motion: 0, motionMissed: 0, events: 0, eventsMissed: 0 };

async function play(
  source: string,
  passages: readonly Passage[],
  { look, seconds }: Encoding,
  detector: Detector,
): Promise<{ readonly long: Found; readonly short: Found; readonly mostDelay: number }> {
  await using folder = await temporaryFolder();
  const file = join(folder.path, "clip.mp4");
  const moving = await filmPassages(source, passages, { look: LOOKS[look], encoder: x264(seconds) }, file);
  const [reference, own] = [1, 2].map(() => watcher(defaultCamera(["person"]), detector));
  if (reference === undefined || own === undefined) throw new Error("expected two watchers");
  const rules = {
    idle: seconds > 2.5 ? ("keyframes" as const) : ("auto" as const),
    hasMotionDetection: true,
    keptBytes: KEPT_BYTES,
  };
  const watchers = { reference: reference.watch, own: own.watch };
  const simulation = await simulatePlan(file, rules, watchers);
  const verdict = judgeIdle(simulation, moving, seconds);
  const { delays, missing, additional } = compareEvents(summarise(reference.events), summarise(own.events));
  const isShort = ({ start, end }: Moving) => end - start < seconds;
  const count = (group: readonly Moving[], motion: number, motionMissed: number): Found => {
    const told = group.filter((passage) => tells(reference.events, passage));
    const missed = told.filter((passage) => !tells(own.events, passage));
    for (const { start, end } of missed) console.log(`  no event of ${start.toFixed(1)}-${end.toFixed(1)} s`);
    return {
      passages: group.length,
      motion,
      motionMissed,
      events: told.length,
      eventsMissed: missed.length,
    };
  };
  console.log(
    `  ${missing.length} events missing, ${additional.length} additional; ` +
      `motion seen at most ${verdict.mostDelay.toFixed(1)} s later, ` +
      `events start at most ${Math.max(0, ...delays).toFixed(1)} s later; ` +
      `${(100 * verdict.stillDecoded).toFixed(1)} % decoded in ${verdict.stillSeconds.toFixed(0)} still seconds`,
  );
  return {
    long: count(
      moving.filter((passage) => !isShort(passage)),
      verdict.passages,
      verdict.missed,
    ),
    short: count(moving.filter(isShort), verdict.shortPassages, verdict.shortMissed),
    mostDelay: verdict.mostDelay,
  };
}

/** Whether an object appears or starts to move in a passage, or within two seconds after it. */
function tells(events: readonly EventMessage[], { start, end }: Moving): boolean {
  return events.some(({ type, before, after }) => {
    const isChange = type === "new" || after.position_changes > before.position_changes;
    return isChange && after.frame_time >= start - 0.05 && after.frame_time <= end + 2;
  });
}

function sum(one: Found, other: Found): Found {
  return {
    passages: one.passages + other.passages,
    motion: one.motion + other.motion,
    motionMissed: one.motionMissed + other.motionMissed,
    events: one.events + other.events,
    eventsMissed: one.eventsMissed + other.eventsMissed,
  };
}

function inWords({ passages, motion, motionMissed, events, eventsMissed }: Found): string {
  return (
    `${passages} passages: motion in ${motion - motionMissed} of ${motion}, ` +
    `events of ${events - eventsMissed} of ${events}`
  );
}

describe.skipIf(!areHere).each<Encoding>([
  { look: "normal", seconds: 1 },
  { look: "normal", seconds: 2 },
  { look: "dim", seconds: 2 },
  { look: "noisy", seconds: 2 },
  { look: "normal", seconds: 4 },
  { look: "dim", seconds: 4 },
  { look: "noisy", seconds: 4 },
])("$look, with a key frame every $seconds s", (encoding) => {
  test("none of sixty passages is missed that lasts for an interval", { timeout: 60 * 60_000 }, async () => {
    await using detector = await openYolov5n(weights ?? "", { width: 320, height: 192 });
    let [long, short] = [NOTHING, NOTHING];
    const films = [
      { source: person ?? "", passages: APPEARANCES },
      ...DEPARTURES.map((passages) => ({ source: street ?? "", passages })),
    ];
    for (const { source, passages } of films) {
      const found = await play(source, passages, encoding, detector);
      long = sum(long, found.long);
      short = sum(short, found.short);
      expect(found.mostDelay).toBeLessThanOrEqual(encoding.seconds + 0.5);
    }
    console.log(
      `${encoding.look}, key frame every ${encoding.seconds} s: ${inWords(long)}; shorter ones: ${inWords(short)}`,
    );
    expect(long.passages + short.passages).toBe(60);
    expect(long.motionMissed).toBe(0);
    expect(long.eventsMissed).toBe(0);
  });
});

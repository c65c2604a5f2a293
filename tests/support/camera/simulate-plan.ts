import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { readClip } from "../../../agent/camera/clip.ts";
import {
  type DecodePlan,
  NEW_PLAN,
  type PlanEvent,
  type PlanRules,
  planDecoding,
  type TimedUnit,
} from "../../../agent/camera/decode-plan.ts";
import type { Frame } from "../../../agent/camera/frame.ts";
import { MotionSchema } from "../../../agent/config/motion-schema.ts";
import { detectMotion, type Gate, type Motion, startGate } from "../../../agent/motion/gate.ts";
import type { Sighting } from "../../../agent/motion/watch-motion.ts";

/** What a plan did with a clip, and what the gate sees where all frames are decoded. Times in seconds. */
export interface Simulation {
  readonly seconds: readonly number[];
  /** Of each access unit: whether it was decoded. */
  readonly fed: readonly boolean[];
  /** The frames in which the gate saw motion: with all frames, and with those that were decoded. */
  readonly reference: readonly number[];
  readonly seen: readonly number[];
  /** The frames in which the gate could not tell, because the whole view changed. */
  readonly calibrating: readonly number[];
  readonly plan: DecodePlan;
}

/** What comes after the gate. @returns whether it needs every frame now */
export type Watcher = (sighting: Sighting) => Promise<boolean>;

/** The gate's rate, frames per second. */
const GATE_FPS = 5;
/** Between an access unit's arrival and the gate's verdict on its frame. */
const VERDICT_AFTER_MS = 120;

const seesNothing: Watcher = async () => false;

/**
 * Plays a clip without B frames to a plan, with the verdicts of the real gate on the frames that the plan wants decoded.
 * @param watchers receive the sightings: with all frames, and with those that were decoded.
 */
export async function simulatePlan(
  file: string,
  rules: PlanRules,
  watchers: { readonly reference: Watcher; readonly own: Watcher } = {
    reference: seesNothing,
    own: seesNothing,
  },
): Promise<Simulation> {
  const units = await unitsOf(file);
  const reference = openGate();
  const own = openGate();
  const fed = units.map(() => false);
  const frames = new Map<number, Frame>();
  const verdicts: { dueMs: number; event: PlanEvent }[] = [];
  let plan = NEW_PLAN;
  let index = 0;

  const handle = async (event: PlanEvent, nowMs: number) => {
    const step = planDecoding(plan, event, rules);
    plan = step.plan;
    for (const unit of step.feed) {
      const at = units.findIndex(({ timeMs }) => timeMs === unit.timeMs);
      fed[at] = true;
      const frame = frames.get(unit.timeMs);
      if (frame === undefined) throw new Error("fed twice, or too late");
      frames.delete(unit.timeMs);
      const sighting = own.judge(frame, unit.timeMs);
      if (sighting === undefined) continue;
      const dueMs = nowMs + VERDICT_AFTER_MS;
      verdicts.push({
        dueMs,
        event: { type: "frame", timeMs: unit.timeMs, motion: verdictOf(sighting.motion) },
      });
      const areMoving = await watchers.own(sighting);
      verdicts.push({ dueMs, event: { type: "tracks", areMoving } });
    }
  };

  for await (const frame of readClip({ camera: "clip", file }, { signal: new AbortController().signal })) {
    const unit = units[index++];
    if (unit === undefined) break;
    for (let due = verdicts[0]; due !== undefined && due.dueMs <= unit.timeMs; due = verdicts[0]) {
      verdicts.shift();
      await handle(due.event, due.dueMs);
    }
    const sighting = reference.judge(frame, unit.timeMs);
    if (sighting !== undefined) await watchers.reference(sighting);
    frames.set(unit.timeMs, frame);
    await handle({ type: "unit", unit }, unit.timeMs);
    const kept = new Set(plan.kept.map(({ timeMs }) => timeMs));
    for (const timeMs of frames.keys()) if (!kept.has(timeMs)) frames.delete(timeMs);
  }
  const seconds = units.map(({ timeMs }) => timeMs / 1000);
  return { seconds, fed, reference: reference.moved, seen: own.moved, calibrating: own.calibrating, plan };
}

function openGate() {
  let gate: Gate | undefined;
  let selectedMs = Number.NEGATIVE_INFINITY;
  const moved: number[] = [];
  const calibrating: number[] = [];
  return {
    moved,
    calibrating,
    /** undefined: the frame is not selected, because the one before it is too close. */
    judge(frame: Frame, timeMs: number): { readonly frame: Frame; readonly motion: Motion } | undefined {
      if (timeMs - selectedMs < 950 / GATE_FPS) return undefined;
      selectedMs = timeMs;
      gate ??= startGate(frame, MotionSchema.parse({}), 1000 / GATE_FPS);
      const step = detectMotion(gate, frame, timeMs);
      gate = step.gate;
      if (step.motion.calibrating) calibrating.push(timeMs / 1000);
      if (step.motion.boxes.length > 0) moved.push(timeMs / 1000);
      return { frame: { ...frame, timeMs }, motion: step.motion };
    },
  };
}

function verdictOf({ calibrating, boxes }: Motion): "moved" | "still" | "unknown" {
  if (calibrating) return "unknown";
  return boxes.length > 0 ? "moved" : "still";
}

const NO_DATA = new Uint8Array();

/** The access units of a clip without B frames, without their data. */
async function unitsOf(file: string): Promise<readonly TimedUnit[]> {
  const entries = ["-show_entries", "packet=pts_time,size,flags", "-of", "csv=p=0"];
  const { stdout } = await promisify(execFile)(
    "ffprobe",
    ["-v", "error", "-select_streams", "v:0", ...entries, file],
    { maxBuffer: 2 ** 28 },
  );
  return stdout
    .trimEnd()
    .split("\n")
    .map((line): TimedUnit => {
      const [seconds = 0, bytes = 0] = line.split(",").map(Number);
      const timeMs = Math.round(seconds * 1000);
      const isKey = line.includes("K");
      const arrival = { streamSeconds: seconds, arrivedMs: timeMs, timeMs };
      return { data: NO_DATA, bytes, isKey, rotation: 0, isDamaged: false, ...arrival };
    });
}

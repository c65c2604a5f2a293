import type { Frame } from "../../../agent/camera/frame.ts";
import type { CameraConfig } from "../../../agent/config/schema.ts";
import { eventIds, seededRandom } from "../../../agent/events/event-id.ts";
import type { Sighting } from "../../../agent/motion/watch-motion.ts";
import type { Outcome } from "../../../agent/outcome.ts";
import { type WatchDependencies, watchCamera } from "../../../agent/watch-camera.ts";
import type { Box } from "../../../detectors/detector.ts";
import { greyFrame } from "../camera/raw-frames.ts";
import { scriptedDetector } from "../detectors/scripted-detector.ts";

/** Pixels of a frame: ten are one pixel of the scripted detector's input. */
export const WALK_SIZE = { width: 640, height: 320 } as const;
const FRAME_MS = 200;

interface WalkOptions {
  readonly frames?: number;
  readonly startMs?: number;
  readonly prefix?: string;
  /** Whether a switch of the camera is on. Default: as configured. */
  readonly isOn?: WatchDependencies["isOn"];
}

/** The outcomes of a camera's pipeline for a person who walks through the frame from left to right. */
export async function* walkPast(
  camera: CameraConfig,
  { frames = 20, startMs = 1_700_000_000_000, prefix = "sabrewing", isOn }: WalkOptions = {},
): AsyncGenerator<Outcome, void> {
  const boxes = Array.from({ length: frames }, (_, index): Box => [4 + index, 8, 10 + index, 28]);
  const script = boxes.map((box) => [{ label: "person", score: 0.9, box }]);
  yield* watchCamera(withoutMotion(filmWalk(camera.name, frames, startMs)), camera, {
    detector: scriptedDetector(script),
    prefix,
    signal: new AbortController().signal,
    newId: eventIds(seededRandom(1)),
    startMs,
    ...(camera.snapshots.directory === undefined ? {} : { keepSnapshot: async () => {} }),
    ...(isOn === undefined ? {} : { isOn }),
  });
}

async function* withoutMotion(frames: AsyncIterable<Frame>): AsyncGenerator<Sighting, void> {
  for await (const frame of frames) yield { frame, motion: undefined };
}

/** The frames of the walk. */
export async function* filmWalk(
  camera: string,
  frames: number,
  startMs = 1_700_000_000_000,
): AsyncGenerator<Frame, void> {
  const { width, height } = WALK_SIZE;
  for (let sequence = 0; sequence < frames; sequence++) {
    const brightness = new Uint8Array(width * height).fill(120);
    const left = 40 + sequence * 10;
    for (let y = 80; y < 280; y++) brightness.fill(30, y * width + left, y * width + left + 60);
    const image = greyFrame(width, height, brightness);
    yield { camera, sequence, timeMs: startMs + sequence * FRAME_MS, ...image };
  }
}

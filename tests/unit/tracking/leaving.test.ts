import { describe, expect, test } from "vitest";
import { DetectSchema, ObjectsSchema } from "../../../agent/config/schema.ts";
import type { FrameDetection } from "../../../agent/detection/detect-regions.ts";
import { hasLeft } from "../../../agent/tracking/leaving.ts";
import { predictedBox } from "../../../agent/tracking/track.ts";
import { NO_TRACKS, type Tracker, trackerOptions, updateTracks } from "../../../agent/tracking/tracker.ts";
import type { Box } from "../../../detectors/detector.ts";

const FRAME = { width: 768, height: 432 };
const WHOLE: Box = [0, 0, 768, 432];

/** The tracker after each frame; `at` gives what the detector finds, undefined: nothing. */
function follow(seconds: number, fps: number, at: (second: number) => Box | undefined): readonly Tracker[] {
  const detect = DetectSchema.parse({ fps });
  const options = trackerOptions({ detect, objects: ObjectsSchema.parse({}) }, FRAME, []);
  const states: Tracker[] = [];
  for (let frame = 0; frame <= seconds * fps; frame++) {
    const second = frame / fps;
    const box = at(second);
    const found: FrameDetection[] =
      box === undefined ? [] : [{ label: "person", score: 0.85, box, region: WHOLE }];
    states.push(updateTracks(states.at(-1) ?? NO_TRACKS, found, second * 1000, options, [WHOLE]));
  }
  return states;
}

/** The visible part of a box of which the detector still finds the last few pixels. */
function shown([x1, y1, x2, y2]: Box): Box | undefined {
  const part: Box = [Math.max(0, x1), Math.max(0, y1), Math.min(768, x2), Math.min(432, y2)];
  return part[2] - part[0] >= 8 && part[3] - part[1] >= 8 ? part : undefined;
}

const counted = ({ tracks }: Tracker) =>
  tracks.filter((track) => track.truePositive && !hasLeft(track, FRAME)).length;

/** How long an object is counted, and kept, after its last detection, seconds. */
function durations(fps: number, at: (second: number) => Box | undefined) {
  const states = follow(20, fps, at);
  const last = states.findLastIndex((_, frame) => at(frame / fps) !== undefined);
  const framesUntil = (isOver: (tracker: Tracker) => boolean) =>
    states.slice(last).findIndex((state) => isOver(state)) / fps;
  return {
    counted: framesUntil((state) => counted(state) === 0),
    kept: framesUntil(({ tracks }) => tracks.length === 0),
  };
}

const WALKS: readonly (readonly [side: string, at: (second: number) => Box])[] = [
  ["right", (s) => [600 + 80 * s, 200, 640 + 80 * s, 310]],
  ["left", (s) => [150 - 80 * s, 200, 190 - 80 * s, 310]],
  ["bottom", (s) => [300, 200 + 60 * s, 340, 310 + 60 * s]],
  ["top", (s) => [300, 150 - 60 * s, 340, 260 - 60 * s]],
];

describe.each([1, 2, 5, 10])("at %d frames per second, a walker", (fps) => {
  test.each(WALKS)(
    "who leaves over the %s border is gone within a second, or with the next frame",
    (_, at) => {
      const { counted, kept } = durations(fps, (second) => shown(at(second)));
      expect(counted).toBeLessThanOrEqual(Math.max(0.4, 1 / fps));
      expect(kept).toBeGreaterThan(0);
      expect(kept).toBeLessThanOrEqual(1);
    },
  );

  test("who is hidden in the middle of the frame is kept and counted for five seconds", () => {
    const { counted, kept } = durations(fps, (s) =>
      s < 4 ? [100 + 40 * s, 200, 140 + 40 * s, 310] : undefined,
    );
    expect(counted).toBeGreaterThanOrEqual(5);
    expect(kept).toBeGreaterThanOrEqual(5);
    expect(kept).toBeLessThanOrEqual(5 + 3 / fps);
  });
});

test("a slow walker whom the detector misses as soon as the border cuts him off is not counted any more", () => {
  const { counted } = durations(5, (s) => (s <= 2.6 ? [600 + 40 * s, 200, 660 + 40 * s, 310] : undefined));
  expect(counted).toBeLessThanOrEqual(0.6);
});

test("a person who stands at the border and is missed has not left", () => {
  const { counted } = durations(5, (s) => (s < 4 ? [740, 200, 768, 310] : undefined));
  expect(counted).toBeGreaterThanOrEqual(5);
});

test("a walker who is missed for a moment on the way out stays the same", () => {
  const isMissed = (s: number) => s > 1.5 && s < 1.9;
  const states = follow(3, 5, (s) =>
    isMissed(s) ? undefined : shown([600 + 80 * s, 200, 640 + 80 * s, 310]),
  );
  expect(new Set(states.flatMap(({ tracks }) => tracks.map(({ id }) => id)))).toEqual(new Set([1]));
});

describe.each([40, 60, 100, 160])("a walker of %d pixels a second behind a pillar of 100 pixels", (speed) => {
  test.each([
    ["keeps the height of the box", false],
    ["also loses head and feet", true],
  ])("stays one object with its full size, if the visible part %s", (_, shrinks) => {
    const at = (second: number): Box | undefined => {
      const x = 120 + second * speed;
      const part: Box = x < 340 ? [x, 60, Math.min(x + 80, 340), 360] : [Math.max(x, 440), 60, x + 80, 360];
      if (x > 680 || part[2] - part[0] <= 15) return undefined;
      return shrinks && part[2] - part[0] < 40 ? [part[0], 130, part[2], 250] : part;
    };
    const states = follow(600 / speed, 5, at);
    const believed = states.flatMap(({ tracks }) => tracks.filter(({ truePositive }) => truePositive));
    expect(new Set(believed.map(({ id }) => id)).size).toBe(1);
    for (const track of believed.filter(({ missed }) => missed > 0)) {
      const [x1, , x2] = predictedBox(track);
      expect(x2 - x1).toBeGreaterThan(60);
    }
  });
});

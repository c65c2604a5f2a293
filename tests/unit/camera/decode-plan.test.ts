import { describe, expect, test } from "vitest";
import {
  idleModeOf,
  KEPT_BYTES,
  NEW_PLAN,
  type PlanEvent,
  type PlanRules,
  planDecoding,
  type TimedUnit,
} from "../../../agent/camera/decode-plan.ts";
import { formatOf } from "../../support/camera/access-units.ts";

const AUTO: PlanRules = { idle: "auto", hasMotionDetection: true, keptBytes: KEPT_BYTES };
const FRAME_MS = 100;

interface StreamOptions {
  readonly rules?: PlanRules;
  /** Frames between key frames. */
  readonly group?: number;
  readonly reorderFrames?: number;
  readonly isInterlaced?: boolean;
}

type Shot = Partial<Pick<TimedUnit, "bytes" | "isDamaged" | "isKey" | "isLeading" | "timeMs">>;

/** A camera with a key frame every two seconds at first; what is fed is listed by the numbers of its frames. */
function open({ rules = AUTO, group = 20, reorderFrames = 0, isInterlaced = false }: StreamOptions = {}) {
  let plan = NEW_PLAN;
  let number = 0;
  const format = formatOf({ reorderFrames, isInterlaced });
  const numberOf = new Map<TimedUnit, number>();
  const tell = (event: PlanEvent) => {
    const step = planDecoding(plan, event, rules);
    plan = step.plan;
    return step.feed.map((unit) => numberOf.get(unit));
  };
  const film = (shot: Shot = {}) => {
    const { isKey = number % group === 0 } = shot;
    // Sizes vary a little, as those of a real encoder do.
    const bytes = (isKey ? 30_000 : 1000) + ((number * 37) % 60);
    const timeMs = number * FRAME_MS;
    const times = { streamSeconds: timeMs / 1000, arrivedMs: timeMs, timeMs };
    const plain: TimedUnit = {
      data: new Uint8Array(),
      bytes,
      isKey,
      isDamaged: false,
      rotation: 0,
      ...times,
    };
    const unit: TimedUnit = { ...plain, ...(isKey ? { format } : {}), ...shot };
    numberOf.set(unit, number++);
    return tell({ type: "unit", unit });
  };
  const judge = (motion: "moved" | "still" | "unknown", frame = number - 1) => {
    return tell({ type: "frame", timeMs: frame * FRAME_MS, motion });
  };
  return {
    film,
    judge,
    tell,
    plan: () => plan,
    mode: () => idleModeOf(plan, rules),
    /** Films without motion up to this frame. */
    still(until: number) {
      const fed: (number | undefined)[] = [];
      while (number < until) {
        const now = film();
        fed.push(...now, ...(now.length > 0 ? judge("still") : []));
      }
      return fed;
    },
  };
}

const range = (from: number, to: number, step = 1) =>
  Array.from({ length: Math.ceil((to - from) / step) }, (_, index) => from + index * step);

describe("while nothing moves", () => {
  test("everything is decoded for ten seconds, so that the gate learns the scene, and then key frames", () => {
    const camera = open();
    expect(camera.still(201)).toEqual([...range(0, 101), ...range(120, 201, 20)]);
    expect(camera.mode()).toEqual({ idle: "keyframes", reason: "close", keyFrameSeconds: 2 });
  });

  test("of a camera with B frames, as many further frames are decoded as the decoder holds back", () => {
    const camera = open({ reorderFrames: 2 });
    camera.still(121);
    expect(camera.still(161)).toEqual([121, 122, 140, 141, 142, 160]);
  });

  test("frames that are displayed before a key frame are omitted, because they refer to frames before it", () => {
    const camera = open({ reorderFrames: 1 });
    camera.still(141);
    expect(camera.film({ timeMs: 13_950 })).toEqual([]);
    expect(camera.film()).toEqual([142]);
    expect(camera.judge("moved", 140)).toEqual([]);
    expect(camera.film()).toEqual([143]);
  });

  test("frames that are displayed before a key frame are omitted, although the stream does not announce B frames", () => {
    const camera = open();
    camera.still(141);
    expect(camera.film({ isLeading: true })).toEqual([]);
    expect(camera.judge("moved", 140)).toEqual([]);
    expect(camera.film()).toEqual([142]);
    expect(camera.still(161)).toEqual(range(143, 161));
    expect(camera.film({ isLeading: true })).toEqual([161]);
  });

  test("of a camera that sends only key frames, two per second are decoded", () => {
    const camera = open({ group: 1 });
    camera.still(100);
    expect(camera.still(131)).toEqual([100, 105, 110, 115, 120, 125, 130]);
  });

  test("every frame is decoded while a track moves, but not for a stationary track", () => {
    const camera = open();
    camera.still(146);
    expect(camera.tell({ type: "tracks", areMoving: false })).toEqual([]);
    expect(camera.tell({ type: "tracks", areMoving: true })).toEqual(range(141, 146));
    expect(camera.still(300)).toEqual(range(146, 300));
    camera.tell({ type: "tracks", areMoving: false });
    expect(camera.still(401)).toEqual([...range(300, 350), ...range(360, 401, 20)]);
  });
});

describe("when something moves", () => {
  test("everything from the key frame that shows it is decoded, until nothing has moved for five seconds", () => {
    const camera = open();
    camera.still(141);
    camera.film();
    camera.film();
    expect(camera.judge("moved", 140)).toEqual([141, 142]);
    expect(camera.still(221)).toEqual([...range(143, 191), 200, 220]);
    expect(camera.plan().counts.wakeUpsByMotion).toBe(1);
  });

  test("an unusually large frame wakes the decoder, from the last decoded key frame on", () => {
    const camera = open();
    camera.still(305);
    expect(camera.film({ bytes: 1400 })).toEqual(range(301, 306));
    expect(camera.plan().counts.wakeUpsByHint).toBe(1);
  });

  test("after a hint without motion, the camera idles at once, and the next hint must be stronger", () => {
    const camera = open();
    camera.still(305);
    const before = camera.plan().hint.threshold;
    camera.film({ bytes: 1400 });
    expect(camera.still(321)).toEqual([...range(306, 314), 320]);
    expect(camera.plan().hint.threshold).toBeGreaterThan(before);
  });

  test("a hint that finds motion keeps the decoder awake like any motion", () => {
    const camera = open();
    camera.still(305);
    camera.film({ bytes: 1400 });
    camera.film();
    camera.judge("moved");
    expect(camera.still(341)).toEqual(range(307, 341));
  });

  test("a frame that lost packets is no hint", () => {
    const camera = open();
    camera.still(305);
    expect(camera.film({ bytes: 4000, isDamaged: true })).toEqual([]);
  });

  test("a calibrating gate keeps the decoder awake", () => {
    const camera = open();
    camera.still(141);
    camera.film();
    expect(camera.judge("unknown", 140)).toEqual([141]);
  });

  test("after a change of light, the camera idles again as soon as the gate has settled", () => {
    const camera = open();
    camera.still(141);
    camera.film();
    camera.judge("unknown", 140);
    // From 14.0 s on, everything is decoded for 1.5 s.
    expect(camera.still(181)).toEqual([...range(142, 156), 160, 180]);
  });

  test("after a group that is too large to keep, decoding resumes at the next key frame", () => {
    const camera = open({ rules: { ...AUTO, keptBytes: 10_000 } });
    camera.still(150);
    expect(camera.plan().kept).toEqual([]);
    expect(camera.judge("moved", 140)).toEqual([]);
    expect(camera.still(163)).toEqual([160, 161, 162]);
    expect(camera.plan().counts.overflows).toBe(3);
  });
});

describe("idle: auto", () => {
  test("decodes everything if key frames are more than 2.5 seconds apart, and gives this reason", () => {
    const camera = open({ group: 40 });
    expect(camera.still(300)).toEqual(range(0, 300));
    expect(camera.mode()).toEqual({ idle: "all", reason: "far_apart", keyFrameSeconds: 4 });
  });

  test("decodes everything as soon as the next key frame is overdue, from the last one on", () => {
    const camera = open();
    camera.still(150);
    for (let frame = 150; frame <= 167; frame++) expect(camera.film({ isKey: false })).toEqual([]);
    expect(camera.film({ isKey: false })).toEqual(range(141, 169));
    expect(camera.mode()).toMatchObject({ idle: "all", reason: "far_apart" });
  });

  test("decodes everything of an interlaced stream", () => {
    const camera = open({ isInterlaced: true });
    expect(camera.still(300)).toEqual(range(0, 300));
    expect(camera.mode()).toMatchObject({ idle: "all", reason: "interlaced" });
  });

  test("decodes everything if motion detection is off", () => {
    const camera = open({ rules: { ...AUTO, hasMotionDetection: false } });
    expect(camera.still(300)).toEqual(range(0, 300));
    expect(camera.mode()).toMatchObject({ idle: "all", reason: "no_motion_detection" });
  });
});

test("`keyframes` decodes key frames at any interval, `all` decodes everything", () => {
  const forced = open({ rules: { ...AUTO, idle: "keyframes" }, group: 80 });
  expect(forced.still(321)).toEqual([...range(0, 101), 160, 240, 320]);
  expect(forced.mode()).toEqual({ idle: "keyframes", reason: "configured", keyFrameSeconds: 8 });
  const all = open({ rules: { ...AUTO, idle: "all" } });
  expect(all.still(300)).toEqual(range(0, 300));
  expect(all.mode()).toEqual({ idle: "all", reason: "configured", keyFrameSeconds: 2 });
});

describe("damage", () => {
  test("nothing is decoded before the first whole key frame", () => {
    const camera = open();
    for (let frame = 0; frame < 7; frame++) camera.film({ isKey: false });
    for (let frame = 7; frame < 20; frame++) camera.film();
    expect(camera.film({ isDamaged: true })).toEqual([]);
    expect(camera.still(43)).toEqual([40, 41, 42]);
  });

  test("a stream that loses packets of every key frame starts at the third one", () => {
    const camera = open();
    const fed = range(0, 42).map((number) => camera.film({ isDamaged: number % 20 === 0 }));
    expect(fed.flat()).toEqual([40, 41]);
  });

  test("damaged frames are decoded while all frames are decoded", () => {
    const camera = open();
    camera.still(20);
    expect(camera.film({ isDamaged: true })).toEqual([20]);
    expect(camera.film({ isDamaged: true })).toEqual([21]);
  });

  test("a damaged key frame is left out while nothing moves, because its flaws look like motion", () => {
    const camera = open();
    camera.still(140);
    expect(camera.film({ isDamaged: true })).toEqual([]);
  });
});

describe("a decoder that is behind", () => {
  test("gets key frames only, and everything again from a key frame on when it has caught up", () => {
    const camera = open();
    camera.still(10);
    camera.tell({ type: "backlog", isBehind: true });
    expect(camera.still(50)).toEqual([20, 40]);
    expect(camera.plan().counts.skipped).toBe(38);
    camera.tell({ type: "backlog", isBehind: false });
    expect(camera.still(63)).toEqual([60, 61, 62]);
  });

  test("gets the kept frames after it has caught up", () => {
    const camera = open();
    camera.still(145);
    camera.tell({ type: "backlog", isBehind: true });
    expect(camera.judge("moved", 140)).toEqual([]);
    expect(camera.tell({ type: "backlog", isBehind: false })).toEqual(range(141, 145));
  });
});

test("a new decoder starts at a key frame", () => {
  const camera = open();
  camera.still(30);
  camera.tell({ type: "reopened" });
  expect(camera.still(42)).toEqual([40, 41]);
});

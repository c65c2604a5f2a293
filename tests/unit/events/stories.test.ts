import { describe, expect, test } from "vitest";
import type { Box } from "../../../detectors/detector.ts";
import {
  type Actor,
  GOOD_EYES,
  HEIGHT,
  idsOf,
  POOR_EYES,
  parkingCar,
  type Story,
  tell,
  WIDTH,
  walker,
} from "../../support/scenes/synthetic-world.ts";

const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8];
const WHOLE: Box = [0, 0, WIDTH, HEIGHT];

/** The number of events of a story, in several runs with different random detections. */
function eventCounts(story: Story, label?: string): readonly number[] {
  const eyes = story.eyes ?? GOOD_EYES;
  return SEEDS.map((seed) => idsOf(tell({ ...story, eyes: { ...eyes, seed } }), "new", label).length);
}

const always = (count: number) => SEEDS.map(() => count);

describe("one event for each visit", () => {
  const leftToRight = walker({ x: -30, y: 200 }, { x: 60, y: 0 }, { start: 1, end: 60 });
  const rightToLeft = walker({ x: WIDTH - 20, y: 215 }, { x: -55, y: 0 }, { start: 1, end: 60 });

  test("a person walks through the frame", () => {
    expect(eventCounts({ seconds: 25, actors: [leftToRight] })).toEqual(always(1));
  });

  test("a person walks through the frame of a poor detector", () => {
    const story = { seconds: 25, actors: [{ ...leftToRight, score: 0.75 }], eyes: POOR_EYES };
    expect(eventCounts(story)).toEqual(always(1));
  });

  test("two people cross paths", () => {
    expect(eventCounts({ seconds: 25, actors: [leftToRight, rightToLeft] })).toEqual(always(2));
  });

  test("one person follows another two steps behind", () => {
    const follower = walker({ x: -30, y: 210 }, { x: 60, y: 0 }, { start: 2.5, end: 60 });
    expect(eventCounts({ seconds: 25, actors: [leftToRight, follower] })).toEqual(always(2));
  });

  test("a pillar hides a person for three seconds", () => {
    const behindPillar: Actor = { label: "person", at: (second) => behind(leftToRight, second, 4, 7) };
    expect(eventCounts({ seconds: 25, actors: [behindPillar] })).toEqual(always(1));
  });

  test("a person stops behind a wall, turns, and comes out again", () => {
    const turning: Actor = {
      label: "person",
      at: (second) =>
        second < 5 ? leftToRight.at(second) : second < 9 ? undefined : leftToRight.at(14 - second),
    };
    expect(eventCounts({ seconds: 25, actors: [turning] })).toEqual(always(1));
  });

  test("six people follow the same path, three seconds apart", () => {
    const actors = Array.from({ length: 6 }, (_, index) =>
      walker({ x: -30, y: 200 }, { x: 80, y: 0 }, { start: 1 + 13 * index, end: 1 + 13 * index + 10 }),
    );
    expect(eventCounts({ seconds: 85, actors })).toEqual(always(6));
  });

  test("a crowd of twelve in all directions causes few more events than people", () => {
    const actors = Array.from({ length: 12 }, (_, index) => {
      const speed = (index % 2 === 0 ? 1 : -1) * (40 + 5 * index);
      return walker(
        { x: speed > 0 ? -30 : WIDTH - 20, y: 20 + 22 * index },
        { x: speed, y: 0 },
        { start: 1 + 2 * index, end: 100 },
      );
    });
    for (const count of eventCounts({ seconds: 50, actors })) {
      expect(count).toBeGreaterThanOrEqual(12);
      expect(count).toBeLessThanOrEqual(14);
    }
  });

  test("the upper half of a person, detected beside the whole, is no second person", () => {
    const half: Actor = { label: "person", at: (second) => upperHalf(leftToRight.at(second)) };
    expect(eventCounts({ seconds: 25, actors: [leftToRight, half] })).toEqual(always(1));
  });

  test("two people who meet and part are two", () => {
    const first = walker({ x: 200, y: 200 }, { x: 0, y: 0 }, { start: 0, end: 30 });
    const second: Actor = {
      label: "person",
      at: (time) => [210 + 8 * Math.max(0, time - 10), 215, 255 + 8 * Math.max(0, time - 10), 335],
    };
    expect(eventCounts({ seconds: 30, actors: [first, second] })).toEqual(always(2));
  });
});

describe("at other rates", () => {
  test.each([2, 10])("%i frames a second, a person and a car pass", (fps) => {
    const car: Actor = {
      label: "car",
      at(second) {
        const x = -150 + 200 * (second - 1);
        return x > -120 && x < WIDTH - 20 ? [x, 220, x + 160, 310] : undefined;
      },
    };
    const person = walker({ x: WIDTH - 20, y: 40 }, { x: -50, y: 0 }, { start: 1, end: 60 });
    expect(eventCounts({ seconds: 25, actors: [car, person], detect: { fps } })).toEqual(always(2));
  });
});

describe("no event is published", () => {
  test("for an object whose score stays low", () => {
    const statue: Actor = { label: "person", at: () => [300, 100, 345, 220], score: 0.55 };
    expect(eventCounts({ seconds: 120, actors: [statue] })).toEqual(always(0));
  });

  test("for detections that flicker", () => {
    const bush: Actor = { label: "person", at: () => [300, 100, 345, 220], score: 0.5 };
    const eyes = { ...POOR_EYES, blinks: 0.7 };
    expect(eventCounts({ seconds: 120, actors: [bush], eyes })).toEqual(always(0));
  });

  test("for an object that stands on a mask, is too small or has the wrong shape", () => {
    const statue: Actor = { label: "person", at: () => [300, 100, 345, 220] };
    const eventsWith = (person: object, mask = "") => {
      return eventCounts({ seconds: 10, actors: [statue], objects: { mask, filters: { person } } });
    };
    expect(eventsWith({})).toEqual(always(1));
    expect(eventsWith({ mask: "0.3,0.4,0.6,0.4,0.6,0.6,0.3,0.6" })).toEqual(always(0));
    expect(eventsWith({}, "0.3,0.4,0.6,0.4,0.6,0.6,0.3,0.6")).toEqual(always(0));
    expect(eventsWith({ mask: "0.3,0,0.6,0,0.6,0.4,0.3,0.4" })).toEqual(always(1));
    expect(eventsWith({ min_area: 0.02 })).toEqual(always(0));
    expect(eventsWith({ min_ratio: 0.6 })).toEqual(always(0));
  });
});

describe("a car that parks", () => {
  const tenMinutes = 600;

  test("is one event while it stands, and becomes stationary once", () => {
    const outcome = tell({ seconds: tenMinutes, actors: [parkingCar()], eyes: POOR_EYES });
    expect(idsOf(outcome, "new")).toHaveLength(1);
    expect(idsOf(outcome, "end")).toHaveLength(1);
    const turns = outcome.messages.filter(({ before, after }) => before.active !== after.active);
    expect(turns.map(({ after }) => after.stationary)).toEqual([true]);
    expect(outcome.messages.at(-1)).toMatchObject({ reason: "shutdown", after: { position_changes: 1 } });
  });

  test("never seems to move with any random detections, nor does a person who stands still", () => {
    const standing: Actor = { label: "person", at: () => [300, 100, 345, 220] };
    for (const seed of SEEDS) {
      const actors = [parkingCar(), standing];
      const { messages } = tell({ seconds: 200, actors, eyes: { ...POOR_EYES, seed } });
      const changes = messages
        .filter(({ type }) => type === "end")
        .map(({ after }) => after.position_changes);
      expect(Math.max(...changes)).toBe(1);
    }
  });

  test("is the same event when it leaves", () => {
    expect(eventCounts({ seconds: 120, actors: [parkingCar(100)] })).toEqual(always(1));
    const outcome = tell({ seconds: 120, actors: [parkingCar(100)] });
    expect(outcome.messages.at(-1)).toMatchObject({
      type: "end",
      reason: "gone",
      after: { position_changes: 2 },
    });
    expect(outcome.messages.at(-1)?.after.end_time).toBeGreaterThan(103);
  });

  test("is kept when it is examined only every ten seconds", () => {
    const regions: Story["regions"] = (frame, second) => (second < 20 || frame % 50 === 0 ? [WHOLE] : []);
    const outcome = tell({ seconds: tenMinutes, actors: [parkingCar()], regions });
    expect(idsOf(outcome, "new")).toHaveLength(1);
    expect(outcome.tracker.tracks).toMatchObject([{ stationary: true, missed: 0 }]);
  });

  test("is kept in poor light, in which every second detection pass misses it", () => {
    const eyes = { ...POOR_EYES, blinks: 0.5 };
    const regions: Story["regions"] = (frame, second) => (second < 20 || frame % 5 === 0 ? [WHOLE] : []);
    const story = { seconds: tenMinutes, actors: [{ ...parkingCar(), score: 0.9 }], eyes, regions };
    expect(eventCounts(story)).toEqual(always(1));
  });

  test("stays the same event when cars and people pass in front of it", () => {
    const passing = (start: number): Actor => ({
      label: "car",
      at(second) {
        const x = -180 + 200 * (second - start);
        return x > -160 && x < WIDTH ? [x, 250, x + 190, 360] : undefined;
      },
    });
    const actors = [
      parkingCar(),
      passing(30),
      passing(60),
      passing(90),
      walker({ x: -30, y: 260 }, { x: 60, y: 0 }, { start: 40, end: 60 }),
    ];
    expect(eventCounts({ seconds: 120, actors }, "car")).toEqual(always(4));
    const outcome = tell({ seconds: 120, actors });
    const parked = outcome.messages.filter(({ after }) => after.start_time < 5);
    expect(parked.at(-1)).toMatchObject({
      reason: "shutdown",
      after: { stationary: true, position_changes: 1 },
    });
  });

  test("is one event even if it is detected as a truck in every second frame", () => {
    const van: Actor = {
      ...parkingCar(),
      called: (second) => (second > 8 && Math.floor(second * 5) % 2 === 0 ? "truck" : "car"),
    };
    const objects = { track: ["car", "truck"] };
    expect(eventCounts({ seconds: 60, actors: [van], objects })).toEqual(always(1));
  });

  test("ends when it is towed away between detection passes", () => {
    const towed: Actor = {
      label: "car",
      at: (second) => (second < 62 ? parkingCar().at(second) : undefined),
    };
    const regions: Story["regions"] = (frame, second, { tracks }) =>
      second < 20 || frame % 50 === 0 || tracks.some(({ missed }) => missed > 0) ? [WHOLE] : [];
    const outcome = tell({ seconds: 100, actors: [towed], regions });
    expect(outcome.messages.at(-1)).toMatchObject({ type: "end", reason: "gone", after: { end_time: 60 } });
  });
});

describe("where the detector examines parts of the frame only", () => {
  const past = walker({ x: -30, y: 200 }, { x: 60, y: 0 }, { start: 1, end: 60 });
  const halves: readonly Box[] = [
    [0, 0, WIDTH / 2, HEIGHT],
    [WIDTH / 2, 0, WIDTH, HEIGHT],
  ];

  test("a person who walks across the border of two regions is one event", () => {
    expect(eventCounts({ seconds: 25, actors: [past], regions: () => halves })).toEqual(always(1));
  });

  test("a person is followed with a detection pass in every second or third frame", () => {
    for (const every of [2, 3]) {
      const regions: Story["regions"] = (frame) => (frame % every === 0 ? [WHOLE] : []);
      expect(eventCounts({ seconds: 25, actors: [past], regions })).toEqual(always(1));
    }
  });

  test("a person outside the examined half is neither missed nor scored", () => {
    const still: Actor = { label: "person", at: () => [100, 200, 145, 320] };
    const regions: Story["regions"] = (_, second) => (second < 5 ? [WHOLE] : [halves[1] ?? WHOLE]);
    const [track] = tell({ seconds: 30, actors: [still], regions }).tracker.tracks;
    expect(track).toMatchObject({ missed: 0, lastSeenMs: 4800, stationary: true });
    expect(Math.min(...(track?.scoreHistory ?? []))).toBeGreaterThan(0.5);
  });
});

describe("zones", () => {
  const past = walker({ x: -30, y: 200 }, { x: 60, y: 0 }, { start: 0, end: 60 });
  const left = "0.2,0.5,0.4,0.5,0.4,1,0.2,1";
  const right = "0.6,0.5,0.8,0.5,0.8,1,0.6,1";

  test("are entered in order, published at once, and left", () => {
    const zones = { gate: { coordinates: right }, porch: { coordinates: left } };
    const outcome = tell({ seconds: 25, actors: [past], zones, eyes: { ...GOOD_EYES, jitter: 0.01 } });
    const ways = outcome.messages.map(({ after }) => after.current_zones.join());
    expect(ways.filter((zone, index) => zone !== ways[index - 1])).toEqual(["", "porch", "", "gate", ""]);
    expect(outcome.messages.at(-1)?.after.entered_zones).toEqual(["porch", "gate"]);
  });

  test("do not flicker for a person on their border", () => {
    const onBorder: Actor = { label: "person", at: () => [131, 200, 176, 320] };
    const zones = { porch: { coordinates: left, inertia: 5 } };
    const { messages } = tell({ seconds: 60, actors: [onBorder], zones });
    expect(messages.length).toBeLessThan(12);
  });

  test("with a loitering time are not entered by people who pass", () => {
    const zones = { porch: { coordinates: left, loitering_time: 4 } };
    expect(tell({ seconds: 25, actors: [past], zones }).messages.at(-1)?.after.entered_zones).toEqual([]);
    const slow = walker({ x: -30, y: 200 }, { x: 30, y: 0 }, { start: 0, end: 60 });
    expect(tell({ seconds: 35, actors: [slow], zones }).messages.at(-1)?.after.entered_zones).toEqual([
      "porch",
    ]);
  });
});

test("a story gives the same events every time", () => {
  const story: Story = {
    seconds: 30,
    actors: [parkingCar(), walker({ x: -30, y: 260 }, { x: 60, y: 0 }, { start: 4, end: 60 })],
    eyes: POOR_EYES,
  };
  expect(JSON.stringify(tell(story).messages)).toBe(JSON.stringify(tell(story).messages));
});

function behind(actor: Actor, second: number, from: number, to: number): Box | undefined {
  return second >= from && second < to ? undefined : actor.at(second);
}

function upperHalf(box: Box | undefined): Box | undefined {
  return box === undefined ? undefined : [box[0], box[1], box[2], (box[1] + box[3]) / 2];
}

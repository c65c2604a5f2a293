import { describe, expect, test } from "vitest";
import { ZonesSchema } from "../../../agent/config/zones-schema.ts";
import { advanceZones, currentZones, NO_ZONES, type ZoneHistory } from "../../../agent/events/zones.ts";
import { startTrack, type Track } from "../../../agent/tracking/track.ts";
import type { Box } from "../../../detectors/detector.ts";

const FRAME = { width: 1000, height: 500 };
const WHOLE: Box = [0, 0, 1000, 500];
const LEFT = "0,0,0.5,0,0.5,1,0,1";
const FRAME_MS = 200;

describe("an object is in a zone", () => {
  test("by the centre of its lower edge, not by its head", () => {
    expect(zonesAfter([at(480)], { left: { coordinates: LEFT, inertia: 1 } })).toEqual(["left"]);
    expect(zonesAfter([at(510)], { left: { coordinates: LEFT, inertia: 1 } })).toEqual([]);
  });

  test("also on the frame's lower border, or beyond the frame's side", () => {
    expect(zonesAfter([at(400, 500)], { left: { coordinates: LEFT, inertia: 1 } })).toEqual(["left"]);
    expect(zonesAfter([at(-20, 510)], { left: { coordinates: LEFT, inertia: 1 } })).toEqual(["left"]);
  });

  test("after `inertia` detections inside, until as many detections outside", () => {
    const zone = { left: { coordinates: LEFT, inertia: 3 } };
    const inside = at(400);
    const outside = at(600);
    const histories = [
      inside,
      inside,
      outside,
      inside,
      inside,
      inside,
      outside,
      inside,
      outside,
      outside,
      outside,
    ];
    const present = histories.map((_, last) => zonesAfter(histories.slice(0, last + 1), zone).length);
    expect(present).toEqual([0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 0]);
  });

  test("as long as it is not detected elsewhere: a miss changes nothing", () => {
    const zone = { left: { coordinates: LEFT, inertia: 3 } };
    const inside = at(400);
    expect(zonesAfter([inside, inside, unseen, unseen, unseen], zone)).toEqual([]);
    expect(zonesAfter([inside, inside, inside, unseen, unseen, unseen], zone)).toEqual(["left"]);
  });

  test("after its loitering time, examined or not", () => {
    const zone = { left: { coordinates: LEFT, inertia: 3, loitering_time: 2 } };
    const seconds = (count: number) => [...times(3, at(400)), ...times(count * 5 - 3, unseen)];
    expect(zonesAfter(seconds(2), zone)).toEqual([]);
    expect(zonesAfter([...seconds(2), unseen], zone)).toEqual(["left"]);
    expect(zonesAfter([...seconds(1), at(600), ...seconds(1), ...seconds(1)], zone)).toEqual([]);
  });

  test("only if the zone accepts its label", () => {
    const zones = (objects: string[]) => ({ left: { coordinates: LEFT, inertia: 1, objects } });
    expect(zonesAfter([at(400)], zones(["car"]))).toEqual([]);
    expect(zonesAfter([at(400)], zones(["car", "person"]))).toEqual(["left"]);
  });

  test("only if its size, shape and score pass the zone's filter", () => {
    const zones = (person: object) => ({ left: { coordinates: LEFT, inertia: 1, filters: { person } } });
    const here = times(3, at(400));
    expect(zonesAfter(here, zones({}))).toEqual(["left"]);
    for (const strict of [{ min_area: 7000 }, { max_ratio: 0.2 }, { min_score: 0.95 }, { threshold: 0.95 }]) {
      expect(zonesAfter(here, zones(strict))).toEqual([]);
    }
  });
});

test("the entered zones are kept in order, each once", () => {
  const zones = {
    right: { coordinates: "0.5,0,1,0,1,1,0.5,1", inertia: 1 },
    left: { coordinates: LEFT, inertia: 1 },
    all: { coordinates: "0,0,1,0,1,1,0,1", inertia: 2 },
  };
  const history = follow([at(400), at(600), at(400)], zones);
  expect(history.entered).toEqual(["left", "right", "all"]);
  expect(currentZones(history)).toEqual(["left", "all"]);
});

/** The box of a detected object; undefined: not detected. */
type Sight = Box | undefined;
const unseen: Sight = undefined;

function at(x: number, bottom = 300): Box {
  return [x - 25, bottom - 120, x + 25, bottom];
}

function times(count: number, sight: Sight): Sight[] {
  return Array.from({ length: count }, () => sight);
}

function zonesAfter(sights: readonly Sight[], zones: Parameters<typeof follow>[1]): readonly string[] {
  return currentZones(follow(sights, zones));
}

function follow(sights: readonly Sight[], zones: Readonly<Record<string, unknown>>): ZoneHistory {
  const configured = ZonesSchema.parse(zones);
  const detection = { label: "person", score: 0.9, box: at(400), region: WHOLE };
  let track: Track = { ...startTrack(1, detection, 0), scoreHistory: [0.9, 0.9, 0.9] };
  let history = NO_ZONES;
  for (const [frame, box] of sights.entries()) {
    const updatedMs = frame * FRAME_MS;
    track = box === undefined ? { ...track, updatedMs } : { ...track, updatedMs, lastSeenMs: updatedMs, box };
    history = advanceZones(history, track, configured, FRAME);
  }
  return history;
}

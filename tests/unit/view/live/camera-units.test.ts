import { expect, test } from "vitest";
import type { TimedUnit } from "../../../../agent/camera/decode-plan.ts";
import { type CameraUnits, cameraUnits } from "../../../../agent/view/live/camera-units.ts";

const FORMAT = {
  codec: "H264",
  size: { width: 320, height: 240 },
  codedSize: { width: 320, height: 240 },
  pixelAspect: 1,
  reorderFrames: 0,
  isInterlaced: false,
} as const;

/** An access unit with this number as its time. */
function unit(number: number, { isKey = false, bytes = 100 } = {}): TimedUnit {
  return {
    data: new Uint8Array(),
    bytes,
    isKey,
    ...(isKey ? { format: FORMAT } : {}),
    rotation: 0,
    streamSeconds: number,
    arrivedMs: number * 1000,
    timeMs: number * 1000,
    isDamaged: false,
  };
}

/** Listens from now on. @returns the numbers of the units received so far, and what ends the delivery */
function listener(units: CameraUnits) {
  const received: number[] = [];
  const leave = units.listen(({ streamSeconds }) => received.push(streamSeconds));
  return { received, leave };
}

test("a new viewer receives everything since the latest key frame at once, and then what follows", () => {
  const units = cameraUnits();
  units.publish(unit(1, { isKey: true }));
  units.publish(unit(2));
  units.publish(unit(3, { isKey: true }));
  units.publish(unit(4));
  const viewer = listener(units);
  expect(viewer.received).toEqual([3, 4]);
  units.publish(unit(5));
  expect(viewer.received).toEqual([3, 4, 5]);
});

test("each of two viewers receives all units, until it leaves", () => {
  const units = cameraUnits();
  units.publish(unit(1, { isKey: true }));
  const first = listener(units);
  units.publish(unit(2));
  const second = listener(units);
  first.leave();
  units.publish(unit(3));
  expect({ first: first.received, second: second.received }).toEqual({ first: [1, 2], second: [1, 2, 3] });
});

test("units before the first key frame are not kept", () => {
  const units = cameraUnits();
  units.publish(unit(1));
  expect(listener(units).received).toEqual([]);
});

test("of a group of more than 8 MB only the key frame is kept: a new viewer waits for the next one", () => {
  const units = cameraUnits();
  const early = listener(units);
  units.publish(unit(1, { isKey: true, bytes: 5e6 }));
  units.publish(unit(2, { bytes: 4e6 }));
  units.publish(unit(3));
  const late = listener(units);
  expect(units.latest().map(({ streamSeconds }) => streamSeconds)).toEqual([1]);
  units.publish(unit(4));
  units.publish(unit(5, { isKey: true }));
  const later = listener(units);
  expect({ early: early.received, late: late.received, later: later.received }).toEqual({
    early: [1, 2, 3, 4, 5],
    late: [4, 5],
    later: [5],
  });
});

test("thousands of tiny units are not kept either", () => {
  const units = cameraUnits();
  units.publish(unit(0, { isKey: true, bytes: 0 }));
  for (let number = 1; number <= 10_000; number++) units.publish(unit(number, { bytes: 0 }));
  expect(listener(units).received).toEqual([]);
});

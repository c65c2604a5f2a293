import { expect, test } from "vitest";
import type { AccessUnit } from "../../../../agent/camera/rtsp/access-unit.ts";
import { cameraUnits } from "../../../../agent/view/live/camera-units.ts";

const unit = (streamSeconds: number, isKey = false): AccessUnit => ({
  parts: [],
  bytes: 100,
  isKey,
  rotation: 0,
  streamSeconds,
  arrivedMs: 0,
  isDamaged: false,
});

function listening(units: ReturnType<typeof cameraUnits>) {
  const received: number[] = [];
  const leave = units.listen(({ streamSeconds }) => received.push(streamSeconds));
  return { received, leave };
}

test("a listener receives everything from the latest key frame on", () => {
  const units = cameraUnits();
  for (const [seconds, isKey] of [
    [0, false],
    [1, true],
    [2, false],
    [3, true],
    [4, false],
  ] as const) {
    units.publish(unit(seconds, isKey));
  }
  const { received, leave } = listening(units);
  units.publish(unit(5));
  leave();
  units.publish(unit(6));
  expect(received).toEqual([3, 4, 5]);
});

test("a group of frames that is too large is not kept, and the next one is", () => {
  const units = cameraUnits(250);
  for (const seconds of [0, 1, 2, 3]) units.publish(unit(seconds, seconds === 0));
  expect(listening(units).received).toEqual([]);
  for (const seconds of [4, 5]) units.publish(unit(seconds, seconds === 4));
  expect(listening(units).received).toEqual([4, 5]);
});

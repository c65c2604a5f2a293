import { expect, test } from "vitest";
import { mpeg4Depacketizer } from "../../../../agent/camera/rtsp/mpeg4.ts";

const frame = (type: number, ...rest: readonly number[]) => [0, 0, 1, 0xb6, type << 6, ...rest];
const packet = (sequence: number, payload: readonly number[]) => ({
  ...{ payload: Uint8Array.from(payload), payloadType: 96, marker: true, sequence },
  ...{ timestamp: sequence * 9_000, arrivedMs: sequence, isAfterLoss: false },
});

test("splits a packet that contains several frames, so that ffmpeg decodes each of them", () => {
  const { push } = mpeg4Depacketizer({ clockRate: 90_000, fmtp: {} });
  const joined = [...frame(1, 7), ...frame(1, 8, 9), ...frame(1)];
  const units = push(packet(1, joined));
  expect(units.map(({ data }) => [...data])).toEqual([frame(1, 7), frame(1, 8, 9), frame(1)]);
  expect(units.map(({ bytes }) => bytes)).toEqual([6, 7, 5]);
  expect(new Set(units.map(({ streamSeconds }) => streamSeconds)).size).toBe(1);
  expect(push(packet(2, frame(1, 7))).map(({ bytes }) => bytes)).toEqual([6]);
});

import { expect, test } from "vitest";
import { ConfigError, TransientError } from "../../../agent/base/errors.ts";
import type { Rotation } from "../../../agent/base/rotation.ts";
import { decoderChain } from "../../../agent/camera/decoder-chain.ts";
import type { AccessUnit, VideoFormat } from "../../../agent/camera/rtsp/access-unit.ts";
import { formatOf } from "../../support/camera/access-units.ts";
import { type FakeDecoder, fakeDecoder } from "../../support/camera/fake-decoder.ts";

const SMALL = formatOf();
const LARGE = formatOf({ size: { width: 640, height: 480 } });

const BETWEEN: AccessUnit = {
  data: new Uint8Array(),
  bytes: 0,
  isKey: false,
  rotation: 0,
  streamSeconds: 0,
  arrivedMs: 0,
  isDamaged: false,
};
const key = (format = SMALL, rotation: Rotation = 0): AccessUnit => ({
  ...BETWEEN,
  isKey: true,
  format,
  rotation,
});

function startChain() {
  const opened: FakeDecoder[] = [];
  const chain = decoderChain("door", (display) => {
    const decoder = fakeDecoder(display);
    opened.push(decoder);
    return decoder;
  });
  return { opened, chain };
}

test("the first key frame opens the decoder", async () => {
  const { opened, chain } = startChain();
  expect(chain.write(BETWEEN, 0)).toBe(false);
  expect(opened).toEqual([]);
  expect(chain.write(key(), 40)).toBe(true);
  expect(chain.write(BETWEEN, 80)).toBe(true);
  expect(opened.map(({ written }) => written)).toEqual([[40, 80]]);
});

test.each<[string, VideoFormat, Rotation]>([
  ["size", LARGE, 0],
  ["rotation", SMALL, 90],
  ["number of B frames", formatOf({ reorderFrames: 2 }), 0],
])("another %s opens another decoder and closes the former one", async (_what, format, rotation) => {
  const { opened, chain } = startChain();
  chain.write(key(), 0);
  opened[0]?.show(0);
  expect((await chain.frames.next()).value).toMatchObject({ width: 320, timeMs: 0 });
  const next = chain.frames.next();
  chain.write(key(format, rotation), 40);
  opened[1]?.show(40);
  expect((await next).value).toMatchObject({ width: format.size.width, timeMs: 40 });
  expect(opened.map((decoder) => decoder.isClosed())).toEqual([true, false]);
});

test("the same format keeps the decoder", () => {
  const { opened, chain } = startChain();
  for (const timeMs of [0, 40, 80]) chain.write(key(formatOf()), timeMs);
  expect(opened).toHaveLength(1);
});

test("a decoder that was replaced before its frames were read is not read", async () => {
  const { opened, chain } = startChain();
  chain.write(key(), 0);
  opened[0]?.fail(new TransientError("died", ""));
  chain.write(key(LARGE), 40);
  opened[1]?.show(40);
  expect((await chain.frames.next()).value).toMatchObject({ timeMs: 40 });
});

test("says that a decoder which lost its state needs a key frame", () => {
  const { opened, chain } = startChain();
  chain.write(key(), 0);
  opened[0]?.loseState();
  expect(chain.write(BETWEEN, 40)).toBe(false);
  expect(chain.write(key(), 80)).toBe(true);
});

test("the failure of a decoder ends the frames", async () => {
  const { opened, chain } = startChain();
  chain.write(key(), 0);
  opened[0]?.fail(new TransientError("ffmpeg was killed", ""));
  await expect(chain.frames.next()).rejects.toThrow("ffmpeg was killed");
});

test("a decoder that cannot be opened ends the frames, not the caller of write", async () => {
  const chain = decoderChain("door", () => {
    throw new ConfigError("its frames are too large", "");
  });
  const next = chain.frames.next();
  expect(chain.write(key(), 0)).toBe(false);
  await expect(next).rejects.toThrow("its frames are too large");
});

test("a camera that changes its format all the time is given up", async () => {
  const { opened, chain } = startChain();
  const next = chain.frames.next();
  for (let turn = 0; turn < 20; turn++) chain.write(key(turn % 2 === 0 ? SMALL : LARGE), turn * 1000);
  await expect(next).rejects.toThrow(
    "door: the size or format of the video changes more than 5 times within 10 s",
  );
  expect(opened).toHaveLength(5);
});

test("a camera may change its format every few seconds", () => {
  const { opened, chain } = startChain();
  for (let turn = 0; turn < 20; turn++) chain.write(key(turn % 2 === 0 ? SMALL : LARGE), turn * 2500);
  expect(opened).toHaveLength(20);
});

test.each(["disposed of", "ended"])("once %s, it opens no decoder", async (how) => {
  const { opened, chain } = startChain();
  chain.write(key(), 0);
  if (how === "ended") chain.end(undefined);
  else await chain[Symbol.asyncDispose]();
  expect(chain.write(key(LARGE), 40)).toBe(false);
  expect(opened.map((decoder) => decoder.isClosed())).toEqual([true]);
  expect(await chain.frames.next()).toEqual({ done: true, value: undefined });
});

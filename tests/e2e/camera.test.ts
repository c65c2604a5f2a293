import { createServer } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { systemClock } from "../../agent/base/clock.ts";
import { ConfigError, TransientError } from "../../agent/base/errors.ts";
import type { Rotation } from "../../agent/base/rotation.ts";
import { FfmpegMissing } from "../../agent/camera/ffmpeg.ts";
import type { Frame } from "../../agent/camera/frame.ts";
import { type ReadCameraOptions, readCamera } from "../../agent/camera/read-camera.ts";
import { hasRtspServer, type RtspCamera, startRtspCamera } from "../support/camera/rtsp-camera.ts";
import { makeTestClip, type TestClip } from "../support/camera/test-clip.ts";
import { freePort } from "../support/mqtt/brokers.ts";
import { listenOnLoopback } from "../support/network/listen-on-loopback.ts";
import { hurriedClock } from "../support/time/hurried-clock.ts";

const SIZE = { width: 160, height: 120 };
const never = new AbortController().signal;

/** The first `count` frames; leaving the loop closes the stream. */
async function take(
  address: string,
  count: number,
  options: Partial<ReadCameraOptions> = {},
  size?: typeof SIZE,
) {
  const frames: Frame[] = [];
  const stream = { camera: "door", address, transport: "auto", size, fps: 5 } as const;
  for await (const frame of readCamera(stream, { clock: systemClock, signal: never, ...options })) {
    frames.push(frame);
    if (frames.length === count) break;
  }
  return frames;
}

async function failure(run: Promise<unknown>): Promise<Error> {
  const error = await run.then(
    () => new Error("it did not fail"),
    (thrown: unknown) => thrown,
  );
  return error instanceof Error ? error : new Error(String(error));
}

test("reports a missing ffmpeg with the command that installs it", async () => {
  const error = await failure(take("rtsp://127.0.0.1:1/camera", 1, { ffmpeg: "/nowhere/ffmpeg" }, SIZE));
  expect(error).toBeInstanceOf(FfmpegMissing);
  expect(error).toMatchObject({ remedy: "Install it: apt install ffmpeg" });
});

test("reports a camera that accepts the connection but sends nothing as transient", async () => {
  const mute = createServer();
  const port = await listenOnLoopback(mute);
  const error = await failure(take(`rtsp://127.0.0.1:${port}/camera`, 1, { clock: hurriedClock(20) }, SIZE));
  mute.close();
  expect(error).toBeInstanceOf(TransientError);
  expect(error.message).toBe("door: the camera does not answer within 10 s");
});

test("reports a camera that refuses the connection as transient", async () => {
  const address = `rtsp://user:secret@127.0.0.1:${await freePort()}/camera`;
  const error = await failure(take(address, 1, {}, SIZE));
  expect(error).toBeInstanceOf(TransientError);
  expect(error.message).toContain("cannot be reached");
  expect(error.message).not.toContain("secret");
});

/** The corner of a frame that is bright. */
function brightCorner({ width, height, planes }: Frame): string {
  const corners = [
    ["left top", 10, 10],
    ["right top", width - 10, 10],
    ["left bottom", 10, height - 10],
    ["right bottom", width - 10, height - 10],
  ] as const;
  const bright = corners.filter(([, x, y]) => (planes[y * width + x] ?? 0) > 128);
  return bright.map(([name]) => name).join(" and ");
}

describe.skipIf(!hasRtspServer())("with a real RTSP server", () => {
  let clip: TestClip;
  let cornered: TestClip;
  let camera: RtspCamera;
  beforeAll(async () => {
    clip = makeTestClip({ seconds: 2 });
    cornered = makeTestClip({ filter: "drawbox=color=black:t=fill,drawbox=w=80:h=60:color=white:t=fill" });
    camera = await startRtspCamera({ clip: clip.file });
  });
  afterAll(async () => {
    await camera[Symbol.asyncDispose]();
    clip[Symbol.dispose]();
    cornered[Symbol.dispose]();
  });

  test("delivers complete, numbered frames of the requested size", async () => {
    const frames = await take(camera.address, 6, {}, SIZE);
    expect(frames.map(({ sequence }) => sequence)).toEqual([...Array(6).keys()]);
    for (const frame of frames) {
      expect(frame).toMatchObject({ camera: "door", ...SIZE });
      expect(frame.planes.length).toBe((160 * 120 * 3) / 2);
    }
  });

  test("delivers the image: the test card is neither black nor of one colour", async () => {
    const [frame] = await take(camera.address, 1, {}, SIZE);
    expect(new Set(frame?.planes).size).toBeGreaterThan(50);
  });

  test("uses the stream's own size by default", async () => {
    const [frame] = await take(camera.address, 1);
    expect(frame).toMatchObject({ width: clip.width, height: clip.height });
  });

  test.each<[Rotation, string]>([
    [90, "right top"],
    [180, "right bottom"],
    [270, "left bottom"],
  ])("rotates the frames by %i° clockwise", async (rotate, corner) => {
    await using marked = await startRtspCamera({ clip: cornered.file });
    const size = rotate === 180 ? SIZE : { width: SIZE.height, height: SIZE.width };
    const stream = {
      camera: "door",
      address: marked.address,
      transport: "auto",
      size,
      rotate,
      fps: 5,
    } as const;
    for await (const frame of readCamera(stream, { clock: systemClock, signal: never })) {
      expect(frame).toMatchObject(size);
      expect(brightCorner(frame)).toBe(corner);
      break;
    }
  });

  test("delivers frames beyond the end of the looped clip", async () => {
    const frames = await take(camera.address, 16, {}, SIZE);
    expect(frames).toHaveLength(16);
  });

  test("reports a path that the camera does not have as a configuration error", async () => {
    const error = await failure(take(camera.address.replace("/camera", "/other"), 1, {}, SIZE));
    expect(error).toBeInstanceOf(ConfigError);
    expect(error.message).toContain("no such stream");
  });

  test("ends the frames without an error when aborted", async () => {
    const stop = new AbortController();
    const frames: Frame[] = [];
    const stream = {
      camera: "door",
      address: camera.address,
      transport: "auto",
      size: SIZE,
      fps: 5,
    } as const;
    for await (const frame of readCamera(stream, { clock: systemClock, signal: stop.signal })) {
      frames.push(frame);
      stop.abort();
    }
    expect(frames).toHaveLength(1);
  });

  test("fails when a camera freezes", async () => {
    await using frozen = await startRtspCamera({ clip: clip.file });
    const stream = {
      camera: "door",
      address: frozen.address,
      transport: "auto",
      size: SIZE,
      fps: 5,
    } as const;
    const seen: number[] = [];
    const reading = (async () => {
      const options = { clock: hurriedClock(20), signal: never };
      for await (const frame of readCamera(stream, options)) {
        if (seen.push(frame.sequence) === 1) frozen.freeze();
      }
    })();
    const error = await failure(reading);
    expect(error).toBeInstanceOf(TransientError);
    expect(error.message).toBe("door: frozen, no video for 10 s");
  });

  test("reports a camera that disconnects in mid-stream as transient", async () => {
    const brief = await startRtspCamera({ clip: clip.file });
    const stream = { camera: "door", address: brief.address, transport: "auto", size: SIZE, fps: 5 } as const;
    const reading = (async () => {
      for await (const frame of readCamera(stream, { clock: systemClock, signal: never })) {
        if (frame.sequence === 0) await brief[Symbol.asyncDispose]();
      }
    })();
    expect(await failure(reading)).toBeInstanceOf(TransientError);
  });

  test("reports a wrong password as a configuration error, without showing it", async () => {
    await using locked = await startRtspCamera({ clip: clip.file, user: "user", password: "p@ss/word" });
    const as = (password: string) => locked.address.replace("rtsp://", `rtsp://user:${password}@`);
    const error = await failure(take(as("guess"), 1, {}, SIZE));
    expect(error).toBeInstanceOf(ConfigError);
    expect(error.message).toContain("refuses this user name or password");
    expect(error.message).not.toContain("guess");
    expect(await take(as(encodeURIComponent("p@ss/word")), 1, {}, SIZE)).toHaveLength(1);
  });
});

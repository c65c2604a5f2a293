/** Limits on a camera's answers, redirects and frames. Honest cameras stay within them. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { systemClock } from "../../agent/base/clock.ts";
import { ConfigError, TransientError } from "../../agent/base/errors.ts";
import { probeClip, readClip } from "../../agent/camera/clip.ts";
import { startFfmpeg } from "../../agent/camera/ffmpeg.ts";
import { checkStream } from "../../agent/camera/rtsp/check-stream.ts";
import { readCamera } from "../../agent/camera/rtsp.ts";
import { tryStream } from "../../agent/camera/try-stream.ts";
import { CameraVideo } from "../../agent/view/live/camera-video.ts";
import { giantClip, honestClip, smallClip } from "../faults/hostile/clips.ts";
import { largestChild } from "../support/agent/process-figures.ts";
import {
  askBasic,
  askDigest,
  endlessDescription,
  endlessFragments,
  endlessHeader,
  endlessHeaders,
  endlessStrayReplies,
  escapes,
  type HostileCamera,
  type Misbehaviour,
  manyStreams,
  on,
  play,
  redirect,
  SIZELESS,
  startHostileCamera,
  toFfmpeg,
} from "../support/camera/hostile-camera.ts";
import { hasRtspServer, startRtspCamera } from "../support/camera/rtsp-camera.ts";

const never = new AbortController().signal;
const SIZE = { width: 160, height: 120 };
const MOST_CHILD_MB = 400;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "sabrewing-hostile-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const addressOf = ({ port }: { port: number }, path = "camera") =>
  `rtsp://admin:sekret@127.0.0.1:${port}/${path}`;

/** Reads the first frame of a camera; default size: the camera's own. */
async function firstFrame(address: string, size?: typeof SIZE) {
  const stream = { camera: "door", address, size, fps: 5 };
  for await (const frame of readCamera(stream, { clock: systemClock, signal: never })) return frame;
  return undefined;
}

/** Plays a camera's video for the live view until it ends or delivers data. */
async function playVideo(streamUrl: string): Promise<{ bytes: number; message: string }> {
  const { promise, resolve } = Promise.withResolvers<{ bytes: number; message: string }>();
  const stop = new AbortController();
  let bytes = 0;
  new CameraVideo({
    name: "door",
    streamUrl,
    signal: stop.signal,
    onData(part) {
      bytes += part.length;
      stop.abort();
    },
    onEnd: (errorLines, error) => resolve({ bytes, message: error?.message ?? errorLines.join(" ") }),
  });
  return promise;
}

const failure = (run: Promise<unknown>): Promise<unknown> =>
  run.then(
    () => new Error("it did not fail"),
    (error: unknown) => error,
  );

describe("a camera that redirects to another server", () => {
  const methods = ["OPTIONS", "DESCRIBE"] as const;
  const ways: readonly (readonly [string, (address: string) => Promise<string>])[] = [
    ["detection", async (address) => String(await failure(firstFrame(address, SIZE)))],
    ["detection with a probed size", async (address) => String(await failure(firstFrame(address)))],
    ["init", async (address) => String(await failure(tryStream("door", address, never)))],
    ["the live view", async (address) => (await playVideo(address)).message],
  ];
  test.each(ways.flatMap(([way, visit]) => methods.map((method) => [method, way, visit] as const)))(
    "in answer to %s is refused by %s, and nothing is sent to the other server",
    async (method, _way, visit) => {
      await using other = await startHostileCamera(askBasic);
      await using camera = await startHostileCamera(on(method, redirect(`rtsp://127.0.0.1:${other.port}/x`)));
      const message = await visit(addressOf(camera));
      expect(message).toContain("the camera redirects to another address");
      expect(message).not.toContain("sekret");
      expect({ connections: other.connections(), requests: other.requests }).toEqual({
        connections: 0,
        requests: [],
      });
    },
  );

  test.each(ways)("only when ffmpeg connects is refused too: %s", async (_way, visit) => {
    await using other = await startHostileCamera(askBasic);
    const away = toFfmpeg(on("DESCRIBE", redirect(`rtsp://127.0.0.1:${other.port}/x`)));
    await using camera = await startHostileCamera(away);
    expect(await visit(addressOf(camera))).toMatch(/redirects ffmpeg to another address|Redirecting to/);
    expect(other.requests.filter(({ authorization }) => authorization !== undefined)).toEqual([]);
  });

  test("does not receive a password without asking for it", async () => {
    await using camera = await startHostileCamera(on("DESCRIBE", redirect("rtsp://127.0.0.2/x")));
    await failure(firstFrame(addressOf(camera), SIZE));
    expect(camera.requests.map(({ authorization }) => authorization)).toEqual([undefined, undefined]);
  });

  test("is refused after three redirects to its own address", async () => {
    let camera: HostileCamera | undefined;
    const again: Misbehaviour = (visit) => redirect(`rtsp://127.0.0.1:${camera?.port}/again`)(visit);
    camera = await startHostileCamera(on("DESCRIBE", again));
    await using _ = camera;
    expect(await failure(firstFrame(addressOf(camera), SIZE))).toMatchObject({
      message: "door: the camera redirects more than 3 times",
    });
  });
});

test("a redirect to another stream of the same camera is followed with the login", async () => {
  const show = play(smallClip(folder));
  await using camera = await startHostileCamera((visit) => {
    const { method, uri, authorization } = visit.request;
    if (authorization === undefined) return askDigest(visit);
    if (method === "DESCRIBE" && uri.endsWith("/old")) return redirect("/new")(visit);
    return method === "PLAY" && show(visit);
  });
  expect(await firstFrame(addressOf(camera, "old"), SIZE)).toMatchObject(SIZE);
  expect(camera.requests.filter(({ method }) => method === "PLAY").map(({ uri }) => uri)).toEqual([
    expect.stringContaining("/new"),
  ]);
});

describe("a camera whose answer exceeds the limits is refused:", () => {
  test.each<readonly [string, Misbehaviour, string]>([
    ["endless header lines", endlessHeaders, "header of more than 16 kB"],
    ["an endless header line", endlessHeader, "header of more than 16 kB"],
    ["a description of 2 GB", endlessDescription, "description of more than 256 kB"],
    ["200,000 streams", manyStreams(200_000), "description of more than 256 kB"],
    ["3000 streams in 190 kB", manyStreams(3_000), "describes 3000 streams: expected at most 32"],
    ["unrelated replies", endlessStrayReplies, "sends other messages instead of an answer to DESCRIBE"],
  ])("%s", async (_what, misbehave, message) => {
    await using camera = await startHostileCamera(on("DESCRIBE", misbehave));
    const error = await failure(checkStream("door", addressOf(camera), AbortSignal.timeout(20_000)));
    expect(error).toBeInstanceOf(ConfigError);
    expect(String(error)).toContain(message);
  });
});

test("text from a camera is shown without control and direction characters", async () => {
  for (const misbehave of [on("DESCRIBE", escapes), toFfmpeg(on("DESCRIBE", escapes))]) {
    await using camera = await startHostileCamera(misbehave);
    const message = String(await failure(firstFrame(addressOf(camera), SIZE)));
    expect(message).toContain("no such stream");
    expect(message).not.toMatch(/[\p{Cc}\u202e]/u);
  }
});

test("a wrong password is sent once per attempt", async () => {
  const refuse: Misbehaviour = ({ reply }) =>
    reply("401 Unauthorized", ['WWW-Authenticate: Digest realm="x", nonce="y"']).then(() => true);
  await using camera = await startHostileCamera(refuse);
  expect(String(await failure(firstFrame(addressOf(camera), SIZE)))).toContain("refuses this user name");
  expect(camera.requests.filter(({ authorization }) => authorization !== undefined)).toHaveLength(1);
});

test("endless fragments end at ffmpeg's memory limit, and the message says so", async () => {
  using child = largestChild(process.pid, ["ffmpeg"]);
  await using camera = await startHostileCamera(on("PLAY", endlessFragments));
  const error = await failure(firstFrame(addressOf(camera), SIZE));
  expect(error).toBeInstanceOf(TransientError);
  expect(String(error)).toContain("its stream takes more memory than the 320 MB that ffmpeg may use");
  expect(child.peakMb()).toBeGreaterThan(0);
  expect(child.peakMb()).toBeLessThan(MOST_CHILD_MB);
});

describe("frames of 16000×16000", () => {
  const TOO_LARGE =
    /frames (are too large|are larger than 8\.9\d* megapixels|of .* are larger than 8\.9\d* megapixels)/;

  test.skipIf(!hasRtspServer())(
    "are refused before ffmpeg starts, if the camera announces them",
    async () => {
      await using camera = await startRtspCamera({ clip: giantClip(folder) });
      using child = largestChild(process.pid, ["ffmpeg", "ffprobe"]);
      const error = await failure(firstFrame(camera.address));
      expect(error).toBeInstanceOf(ConfigError);
      expect(error).toMatchObject({
        message: "door: its frames are too large: expected at most 8.912896 megapixels, received 16000×16000",
        remedy: expect.stringContaining("4096×2176"),
      });
      expect(child.peakMb()).toBe(0);
    },
  );

  test("are not decoded if the camera does not announce them, or sends small ones first", async () => {
    using child = largestChild(process.pid, ["ffmpeg", "ffprobe"]);
    for (const clips of [[giantClip(folder)], [smallClip(folder), giantClip(folder)]]) {
      await using camera = await startHostileCamera(on("PLAY", play(...clips)), { description: SIZELESS });
      const reading = async () => {
        const stream = { camera: "door", address: addressOf(camera), size: SIZE, fps: 5 };
        for await (const _ of readCamera(stream, { clock: systemClock, signal: never }));
      };
      const error = await failure(reading());
      expect(error).toBeInstanceOf(ConfigError);
      expect(String(error)).toMatch(TOO_LARGE);
    }
    expect(child.peakMb()).toBeLessThan(MOST_CHILD_MB);
  });

  test("take little memory while probing and in the live view", async () => {
    using child = largestChild(process.pid, ["ffmpeg", "ffprobe"]);
    await using camera = await startHostileCamera(on("PLAY", play(giantClip(folder))), {
      description: SIZELESS,
    });
    expect(String(await failure(firstFrame(addressOf(camera))))).toMatch(/more memory|larger than/);
    expect(String(await failure(tryStream("door", addressOf(camera), never)))).toMatch(
      /more memory|larger than/,
    );
    expect(await playVideo(addressOf(camera))).toMatchObject({ bytes: 0 });
    expect(child.peakMb()).toBeGreaterThan(0);
    expect(child.peakMb()).toBeLessThan(MOST_CHILD_MB);
  });

  test("in a clip cause an error with an explanation", async () => {
    const file = giantClip(folder);
    for (const run of [
      () => probeClip(file, { signal: never }),
      () => readClip({ camera: "clip", file, size: SIZE }, { signal: never }).next(),
    ]) {
      const error = await failure(run());
      expect(error).toBeInstanceOf(ConfigError);
      expect(String(error)).toMatch(TOO_LARGE);
    }
  });
});

describe.skipIf(!hasRtspServer())("an honest camera of 3840×2160", () => {
  test.each(["h264", "h265"] as const)("stays within all limits: %s", async (codec) => {
    using child = largestChild(process.pid, ["ffmpeg", "ffprobe"]);
    await using camera = await startRtspCamera({ clip: honestClip(folder, codec), codec });
    expect(await firstFrame(camera.address)).toMatchObject({ width: 3840, height: 2160 });
    expect(await firstFrame(camera.address, SIZE)).toMatchObject(SIZE);
    expect(await tryStream("door", camera.address, never)).toMatchObject({ width: 3840, height: 2160 });
    expect((await playVideo(camera.address)).bytes).toBeGreaterThan(0);
    expect(child.peakMb()).toBeLessThan(MOST_CHILD_MB);
  });
});

test("the kernel kills ffmpeg before the agent when memory runs out", async () => {
  await using run = startFfmpeg("sh", ["-c", "cat /proc/self/oom_score_adj"], never, "", "camera");
  const parts: Uint8Array[] = [];
  for await (const part of run.output) parts.push(part);
  expect(Number(Buffer.concat(parts).toString())).toBe(500);
});

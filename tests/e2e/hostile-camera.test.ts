/** Limits on a camera's answers, redirects and frames. Honest cameras stay within them. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { systemClock } from "../../agent/base/clock.ts";
import { ConfigError, TransientError } from "../../agent/base/errors.ts";
import { probeClip, readClip } from "../../agent/camera/clip.ts";
import { startFfmpeg } from "../../agent/camera/ffmpeg.ts";
import { type ReadCameraOptions, readCamera } from "../../agent/camera/read-camera.ts";
import { tryStream } from "../../agent/camera/try-stream.ts";
import { type CameraUnits, cameraUnits } from "../../agent/view/live/camera-units.ts";
import { CameraVideo } from "../../agent/view/live/camera-video.ts";
import { giantClip, honestClip, smallClip } from "../faults/hostile/clips.ts";
import { largestChild } from "../support/agent/process-figures.ts";
import {
  askBasic,
  askDigest,
  askRedirect,
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
  playWithFalseSize,
  redirect,
  SIZELESS,
  startHostileCamera,
} from "../support/camera/hostile-camera.ts";
import { hasRtspServer, startRtspCamera } from "../support/camera/rtsp-camera.ts";

const never = new AbortController().signal;
const SIZE = { width: 160, height: 120 };
const MOST_CHILD_MB = 400;
/** Those of the camera, which runs in the same process, included. */
const MOST_BUFFER_BYTES = 200e6;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "sabrewing-hostile-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const addressOf = ({ port }: { port: number }, path = "camera") =>
  `rtsp://admin:sekret@127.0.0.1:${port}/${path}`;

const here = { clock: systemClock, signal: never };

/** Reads frames of a camera until it fails; default size: the camera's own. */
async function* frames(address: string, size?: typeof SIZE, options: Partial<ReadCameraOptions> = {}) {
  const stream = { camera: "door", address, transport: "auto", size, fps: 5 } as const;
  yield* readCamera(stream, { ...here, ...options });
}

async function firstFrame(...of: Parameters<typeof frames>) {
  for await (const frame of frames(...of)) return frame;
  return undefined;
}

async function readToTheEnd(...of: Parameters<typeof frames>): Promise<never> {
  for await (const _ of frames(...of));
  throw new Error("it ended without an error");
}

/** Plays the live video of what a camera sends until it ends or delivers data. */
async function playVideo(units: CameraUnits): Promise<{ bytes: number; message: string }> {
  const { promise, resolve } = Promise.withResolvers<{ bytes: number; message: string }>();
  const stop = new AbortController();
  let bytes = 0;
  new CameraVideo({
    name: "door",
    units,
    toUnixMs: (monotonicMs) => monotonicMs,
    signal: stop.signal,
    onData(part) {
      bytes += part.length;
      stop.abort();
    },
    onEnd: (end, error) => resolve({ bytes, message: error?.message ?? end?.errorLines.join(" ") ?? "" }),
  });
  return promise;
}

const failure = (run: Promise<unknown>): Promise<unknown> =>
  run.then(
    () => new Error("it did not fail"),
    (error: unknown) => error,
  );

describe("a camera that redirects to another server", () => {
  const ways: readonly (readonly [string, (address: string) => Promise<unknown>])[] = [
    ["detection", (address) => firstFrame(address, SIZE)],
    ["init", (address) => tryStream("door", address, here)],
  ];
  const moments: readonly (readonly [string, (location: string) => Misbehaviour])[] = [
    ...(["OPTIONS", "DESCRIBE", "SETUP", "PLAY"] as const).map(
      (method) => [`in answer to ${method}`, (location: string) => on(method, redirect(location))] as const,
    ),
    ["by a request of its own", (location) => on("PLAY", askRedirect(location))],
  ];
  const schemes = ["rtsp", "rtsps", "http"] as const;
  test.each(
    ways.flatMap(([way, visit]) =>
      moments.flatMap(([moment, misbehave]) =>
        schemes.map((scheme) => [moment, way, scheme, visit, misbehave] as const),
      ),
    ),
  )("%s is refused by %s, and the other server sees no connection: %s", async (...row) => {
    const [, , scheme, visit, misbehave] = row;
    await using other = await startHostileCamera(askBasic);
    const away = misbehave(`${scheme}://127.0.0.1:${other.port}/x`);
    await using camera = await startHostileCamera((asked) => askDigest(asked) || away(asked));
    const error = await failure(visit(addressOf(camera)));
    expect(error).toBeInstanceOf(ConfigError);
    expect(String(error)).toContain("the camera redirects to another address");
    expect(String(error)).not.toContain("sekret");
    expect(other.connections()).toBe(0);
    expect(camera.connections()).toBe(1);
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
    expect(camera.connections()).toBe(4);
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
    const error = await failure(firstFrame(addressOf(camera), SIZE));
    expect(error).toBeInstanceOf(ConfigError);
    expect(String(error)).toContain(message);
    expect(camera.connections()).toBe(1);
  });
});

test("text from a camera is shown without control and direction characters", async () => {
  await using camera = await startHostileCamera(on("DESCRIBE", escapes));
  const message = String(await failure(firstFrame(addressOf(camera), SIZE)));
  expect(message).toContain("no such stream");
  expect(message).toContain("Not Found");
  expect(message).not.toMatch(/[\p{Cc}\u202e]/u);
});

test("a wrong password is sent once per attempt", async () => {
  const refuse: Misbehaviour = ({ reply }) =>
    reply("401 Unauthorized", ['WWW-Authenticate: Digest realm="x", nonce="y"']).then(() => true);
  await using camera = await startHostileCamera(refuse);
  expect(String(await failure(firstFrame(addressOf(camera), SIZE)))).toContain("refuses this user name");
  expect(camera.requests.filter(({ authorization }) => authorization !== undefined)).toHaveLength(1);
});

test("the camera sees one connection, for detection and live view together", async () => {
  await using camera = await startHostileCamera(on("PLAY", play(smallClip(folder))));
  const units = cameraUnits();
  const video = playVideo(units);
  for await (const frame of frames(addressOf(camera), SIZE, { onUnit: units.publish })) {
    expect(frame).toMatchObject(SIZE);
    expect((await video).bytes).toBeGreaterThan(0);
    break;
  }
  expect(camera.connections()).toBe(1);
});

test("endless fragments reach no decoder, take little memory and end with an error", async () => {
  using child = largestChild(process.pid, ["ffmpeg"]);
  let mostBytes = 0;
  const sampling = setInterval(() => {
    mostBytes = Math.max(mostBytes, process.memoryUsage().arrayBuffers);
  }, 20);
  await using camera = await startHostileCamera(on("PLAY", endlessFragments));
  const error = await failure(firstFrame(addressOf(camera), SIZE));
  clearInterval(sampling);
  expect(error).toBeInstanceOf(TransientError);
  expect(String(error)).toContain("no complete frame within 10 MB");
  expect(child.peakMb()).toBe(0);
  expect(mostBytes).toBeLessThan(MOST_BUFFER_BYTES);
});

describe("frames of 16000×16000", () => {
  const REFUSED = {
    message: "door: its frames are too large: expected at most 8.912896 megapixels, received 16000×16000",
    remedy: expect.stringContaining("4096×2176"),
  };

  test.skipIf(!hasRtspServer())("are refused before a decoder starts", async () => {
    await using camera = await startRtspCamera({ clip: giantClip(folder) });
    using child = largestChild(process.pid, ["ffmpeg", "ffprobe"]);
    const error = await failure(firstFrame(camera.address));
    expect(error).toBeInstanceOf(ConfigError);
    expect(error).toMatchObject(REFUSED);
    expect(child.peakMb()).toBe(0);
  });

  test.each(["announced in the stream only", "after small ones"])("%s are refused, too", async (when) => {
    const clips = when === "after small ones" ? [smallClip(folder), giantClip(folder)] : [giantClip(folder)];
    using child = largestChild(process.pid, ["ffmpeg", "ffprobe"]);
    await using camera = await startHostileCamera(on("PLAY", play(...clips)), { description: SIZELESS });
    const error = await failure(readToTheEnd(addressOf(camera), SIZE));
    expect(error).toBeInstanceOf(ConfigError);
    expect(error).toMatchObject(REFUSED);
    expect(child.peakMb()).toBeLessThan(MOST_CHILD_MB);
  });

  test("are not decoded either if the camera announces another size", async () => {
    using child = largestChild(process.pid, ["ffmpeg", "ffprobe"]);
    await using camera = await startHostileCamera(on("PLAY", playWithFalseSize(giantClip(folder))));
    const units = cameraUnits();
    const video = playVideo(units);
    const error = await failure(readToTheEnd(addressOf(camera), SIZE, { onUnit: units.publish }));
    expect(error).toBeInstanceOf(ConfigError);
    expect(String(error)).toMatch(/larger than 8\.9\d* megapixels \(ffmpeg: /);
    expect(await video).toEqual({ bytes: 0, message: expect.stringContaining("max pixel count") });
    expect(child.peakMb()).toBeGreaterThan(0);
    expect(child.peakMb()).toBeLessThan(MOST_CHILD_MB);
  });

  test("start no decoder for the live view", async () => {
    using child = largestChild(process.pid, ["ffmpeg", "ffprobe"]);
    await using camera = await startHostileCamera(on("PLAY", play(giantClip(folder))));
    const units = cameraUnits();
    const video = playVideo(units);
    await failure(readToTheEnd(addressOf(camera), SIZE, { onUnit: units.publish }));
    expect(await video).toEqual({ bytes: 0, message: REFUSED.message });
    expect(child.peakMb()).toBe(0);
  });

  test("in a clip cause an error with an explanation", async () => {
    const file = giantClip(folder);
    for (const run of [
      () => probeClip(file, { signal: never }),
      () => readClip({ camera: "clip", file, size: SIZE }, { signal: never }).next(),
    ]) {
      const error = await failure(run());
      expect(error).toBeInstanceOf(ConfigError);
      expect(String(error)).toMatch(/larger than 8\.9\d* megapixels/);
    }
  });
});

describe.skipIf(!hasRtspServer())("an honest camera of 3840×2160", () => {
  test.each(["h264", "h265"] as const)("stays within all limits: %s", async (codec) => {
    using child = largestChild(process.pid, ["ffmpeg", "ffprobe"]);
    await using camera = await startRtspCamera({ clip: honestClip(folder, codec), codec });
    expect(await firstFrame(camera.address)).toMatchObject({ width: 3840, height: 2160 });
    expect(await tryStream("door", camera.address, here)).toMatchObject({ width: 3840, height: 2160 });
    const units = cameraUnits();
    const video = playVideo(units);
    for await (const frame of frames(camera.address, SIZE, { onUnit: units.publish })) {
      expect(frame).toMatchObject(SIZE);
      expect((await video).bytes).toBeGreaterThan(0);
      break;
    }
    expect(child.peakMb()).toBeLessThan(MOST_CHILD_MB);
  });
});

test("the kernel kills ffmpeg before the agent when memory runs out", async () => {
  // The agent writes the file after the start: the child waits for that, five seconds at most.
  const wait = "for i in $(seq 50); do [ $(cat /proc/self/oom_score_adj) = 500 ] && break; sleep 0.1; done";
  await using run = startFfmpeg("sh", ["-c", `${wait}; cat /proc/self/oom_score_adj`], never, 300);
  const parts: Uint8Array[] = [];
  for await (const part of run.output) parts.push(part);
  expect(Number(Buffer.concat(parts).toString())).toBe(500);
});

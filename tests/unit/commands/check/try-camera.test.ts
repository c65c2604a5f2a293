import { expect, test } from "vitest";
import type { Clock } from "../../../../agent/base/clock.ts";
import { ConfigError, TransientError } from "../../../../agent/base/errors.ts";
import type { TimedUnit } from "../../../../agent/camera/decode-plan.ts";
import { DEFAULT_COLOURS, type Frame } from "../../../../agent/camera/frame.ts";
import type { ReadCameraOptions } from "../../../../agent/camera/read-camera.ts";
import { refusalError } from "../../../../agent/camera/rtsp/reasons/refusal.ts";
import type { RtspSession, SessionFacts } from "../../../../agent/camera/rtsp/start-session.ts";
import { tryCamera } from "../../../../agent/commands/check/try-camera.ts";
import { parseConfig } from "../../../../agent/config/load.ts";
import { formatOf } from "../../../support/camera/access-units.ts";
import { type ManualClock, manualClock } from "../../../support/time/manual-clock.ts";

const FACTS: SessionFacts = {
  codec: "H264",
  format: undefined,
  transport: "tcp",
  login: "none",
  isPasswordExposed: false,
  isVideoExposed: false,
  audio: [],
  videoTracks: 1,
  chosen: { index: 0, why: "only" },
};
const SESSION: RtspSession = {
  facts: FACTS,
  async *units() {},
  async [Symbol.asyncDispose]() {},
};

function cameraOf(ffmpeg = "") {
  const text = `mqtt: {host: b}
model: {path: m.wasm}
cameras:
  door: {ffmpeg: {inputs: [{path: "rtsp://10.0.0.7/1"}]${ffmpeg}}}`;
  const [camera] = parseConfig(text, "sabrewing.yml", {}).cameras;
  if (camera === undefined) throw new Error("no camera");
  return camera;
}

interface Stream {
  /** Frames, five per second. */
  readonly frames: number;
  readonly keyEvery: number;
  /** Seconds until the session is open. */
  readonly openSeconds?: number;
  /** Seconds from then to the first key frame. */
  readonly keySeconds?: number;
  /** At the end. Default: the camera sends nothing more until it is stopped. */
  readonly failure?: Error;
}

/** Plays a stream on a clock that does not wait. */
function playing({ frames, keyEvery, openSeconds = 0, keySeconds = 0, failure }: Stream, clock: ManualClock) {
  return async function* read(_stream: unknown, options: ReadCameraOptions): AsyncGenerator<Frame, void> {
    await clock.pass(openSeconds * 1000);
    if (options.signal.aborted) return;
    options.onSession?.(SESSION);
    await clock.pass(keySeconds * 1000);
    for (let sequence = 0; sequence < frames; sequence++) {
      if (options.signal.aborted) return;
      options.onUnit?.(unitAt(sequence, keyEvery, clock.monotonicMs()));
      const planes = new Uint8Array();
      yield { camera: "door", sequence, timeMs: 0, width: 2, height: 2, planes, colours: DEFAULT_COLOURS };
      await clock.pass(200);
    }
    if (failure !== undefined) throw failure;
    await clock.pass(100_000);
  };
}

function unitAt(index: number, keyEvery: number, arrivedMs: number): TimedUnit {
  const isKey = index % keyEvery === 0;
  return {
    data: new Uint8Array(),
    bytes: 1000,
    isKey,
    ...(isKey ? { format: formatOf() } : {}),
    rotation: 0,
    streamSeconds: index / 5,
    arrivedMs,
    timeMs: arrivedMs,
    isDamaged: false,
  };
}

async function tryStream(stream: Stream, camera = cameraOf()) {
  const clock = manualClock();
  const options = { clock, signal: new AbortController().signal, cameraWithinMs: 15_000 };
  const finding = await tryCamera(camera, options, playing(stream, clock));
  return { finding, tookMs: clock.monotonicMs() };
}

test("ends as soon as the interval of the key frames is known", async () => {
  const { finding, tookMs } = await tryStream({ frames: 500, keyEvery: 5 });
  expect(finding.words).toBe("320×240 H.264 over TCP, 5 frames per second, a key frame every 1 s, no audio");
  expect(tookMs).toBeLessThan(2_500);
});

test("does not wait for key frames that are far apart", async () => {
  const { finding, tookMs } = await tryStream({ frames: 500, keyEvery: 100 });
  expect(finding.words).toContain("no second key frame within 8 s");
  expect(finding.advice?.[0]?.message).toContain("key frames are too far apart");
  expect(tookMs).toBeLessThan(9_000);
});

test("waits for the first key frame as long as the agent does, and says when it came", async () => {
  const { finding } = await tryStream({ frames: 500, keyEvery: 5, keySeconds: 25 });
  expect(finding.details?.[0]).toContain("first frame after 25.0 s");
});

test("does not wait for a camera that does not play its stream", async () => {
  await expect(tryStream({ frames: 500, keyEvery: 5, openSeconds: 30 })).rejects.toThrow(
    "door: the camera does not answer within 15 s",
  );
});

test("a stream that breaks off later still counts as tried", async () => {
  const failure = new TransientError("door: the camera has closed the connection", "");
  const { finding } = await tryStream({ frames: 3, keyEvery: 10, failure });
  expect(finding.words).toContain("320×240 H.264");
});

test("a stream that fails before its first frame is the error", async () => {
  const failure = new ConfigError("door: the camera has no such stream", "");
  await expect(tryStream({ frames: 0, keyEvery: 1, failure })).rejects.toThrow("no such stream");
});

/** A camera that refuses its first sessions with an RTSP status. */
function refusing(times: number, status: number, clock: ManualClock) {
  let attempts = 0;
  const plays = playing({ frames: 60, keyEvery: 5 }, clock);
  const read = async function* (stream: unknown, options: ReadCameraOptions) {
    attempts++;
    const reply = { status, reason: "", headers: new Map(), body: "" };
    if (attempts <= times) throw refusalError("door", "SETUP", reply);
    yield* plays(stream, options);
  };
  return { read, attempts: () => attempts };
}

/** Sleeps on a manual clock that passes by itself. */
function hurried(clock: ManualClock): Clock {
  return { ...clock, sleep: (ms) => (ms === 15_000 ? new Promise(() => {}) : clock.pass(ms)) };
}

test.each([453, 503])(
  "tries a camera again that has not freed its last session yet (RTSP %i)",
  async (status) => {
    const clock = manualClock();
    const { read, attempts } = refusing(3, status, clock);
    const options = { clock: hurried(clock), signal: new AbortController().signal, cameraWithinMs: 15_000 };
    expect((await tryCamera(cameraOf(), options, read)).words).toContain("H.264 over TCP");
    expect(attempts()).toBe(4);
  },
);

test("reports a camera that stays busy, and does not repeat another refusal", async () => {
  const options = (clock: ManualClock) => {
    return { clock: hurried(clock), signal: new AbortController().signal, cameraWithinMs: 15_000 };
  };
  for (const [status, expected, attempts] of [
    [453, "serves too many clients", 5],
    [404, "no such stream", 1],
    [454, "has lost the session", 1],
  ] as const) {
    const clock = manualClock();
    const camera = refusing(100, status, clock);
    await expect(tryCamera(cameraOf(), options(clock), camera.read)).rejects.toThrow(expected);
    expect(camera.attempts()).toBe(attempts);
  }
});

test("accepts a camera that serves only one client, if that is the running agent", async () => {
  const clock = manualClock();
  const ofDoor = { name: "door", online: true, camera_fps: 9.96 };
  const agent = (online: boolean) => ({
    folder: "/state",
    isOurs: true,
    pid: 42,
    config_file: "/a.yml",
    ports: { metrics: null, view: null },
    cameras: [{ ...ofDoor, online }],
  });
  const options = { clock: hurried(clock), signal: new AbortController().signal, cameraWithinMs: 15_000 };
  const { read } = refusing(100, 453, clock);
  const { words } = await tryCamera(cameraOf(), { ...options, agents: [agent(true)] }, read);
  expect(words).toBe("accepts no second client while the running agent receives 10 frames per second");
  await expect(tryCamera(cameraOf(), { ...options, agents: [agent(false)] }, read)).rejects.toThrow(
    "serves too many clients",
  );
});

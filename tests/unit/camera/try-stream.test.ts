import { expect, test } from "vitest";
import { TransientError } from "../../../agent/base/errors.ts";
import type { AccessUnit } from "../../../agent/camera/rtsp/access-unit.ts";
import type { openSession } from "../../../agent/camera/rtsp/session.ts";
import { tryStream } from "../../../agent/camera/try-stream.ts";
import { formatOf } from "../../support/camera/access-units.ts";
import { manualClock } from "../../support/time/manual-clock.ts";

interface Stream {
  readonly keyEvery: number;
  /** Frames, ten per second. */
  readonly frames?: number;
  readonly hasDescription?: boolean;
  readonly failure?: Error;
  /** Until the camera plays. */
  readonly openSeconds?: number;
  /** Between two frames. */
  readonly everyMs?: number;
}

/** Tries a camera that serves one client at a time. */
async function tried(stream: Stream) {
  const { keyEvery, frames = 1000, hasDescription = false, failure, openSeconds = 0, everyMs = 100 } = stream;
  const clock = manualClock();
  const signal = new AbortController().signal;
  let sessions = 0;
  const open: typeof openSession = async (_stream, options) => {
    sessions++;
    await clock.pass(1000 * openSeconds);
    options.signal.throwIfAborted();
    return {
      facts: {
        codec: "H264",
        format: hasDescription ? formatOf() : undefined,
        transport: "tcp",
        login: "none",
        isPasswordExposed: false,
        isVideoExposed: false,
        audio: [],
        videoTracks: 1,
        chosen: { index: 0, why: "only" },
      },
      async *units() {
        for (let index = 0; index < frames && !options.signal.aborted; index++) {
          yield unitAt(index, keyEvery, clock.monotonicMs());
          await clock.pass(everyMs);
        }
        if (failure !== undefined) throw failure;
        await clock.pass(60_000);
      },
      async [Symbol.asyncDispose]() {
        sessions--;
      },
    };
  };
  const result = await tryStream("door", "rtsp://door/1", { clock, signal }, open).catch((error) => error);
  return { stream: result, tookMs: clock.monotonicMs(), sessions };
}

function unitAt(index: number, keyEvery: number, arrivedMs: number): AccessUnit {
  const isKey = index % keyEvery === keyEvery - 1;
  return {
    data: new Uint8Array(),
    bytes: 100,
    isKey,
    ...(isKey ? { format: formatOf() } : {}),
    rotation: 0,
    streamSeconds: arrivedMs / 1000,
    arrivedMs,
    isDamaged: false,
  };
}

test("knows size, rate and codec of a stream after two intervals of key frames, and has closed it", async () => {
  const { stream, tookMs, sessions } = await tried({ keyEvery: 10 });
  expect(stream).toEqual({
    address: "rtsp://door/1",
    width: 320,
    height: 240,
    fps: 10,
    codec: "H264",
    areKeysFarApart: false,
  });
  expect(tookMs).toBeLessThan(3_500);
  expect(sessions).toBe(0);
});

test("sees that key frames are too far apart without waiting for the next one", async () => {
  const { stream, tookMs } = await tried({ keyEvery: 40 });
  expect(stream).toMatchObject({ fps: 10, areKeysFarApart: true });
  expect(tookMs).toBeLessThan(8_000);
});

test("does not mind key frames that are as rare as all frames", async () => {
  const { stream } = await tried({ keyEvery: 1, everyMs: 4_000 });
  expect(stream).toMatchObject({ fps: undefined, areKeysFarApart: false });
});

test("waits for a camera that plays only by the second transport", async () => {
  const { stream } = await tried({ keyEvery: 10, openSeconds: 35 });
  expect(stream).toMatchObject({ fps: 10 });
});

test("does not need a key frame for the size if the camera describes it", async () => {
  const { stream, tookMs } = await tried({ keyEvery: 900, hasDescription: true });
  expect(stream).toMatchObject({ width: 320, fps: 10, areKeysFarApart: true });
  expect(tookMs).toBeLessThan(7_000);
});

test("says that no key frame came", async () => {
  const { stream, sessions } = await tried({ keyEvery: 900 });
  expect(String(stream)).toContain("door: no key frame within 15 s");
  expect(sessions).toBe(0);
});

test("the camera's refusal is the error", async () => {
  const failure = new TransientError("door: the camera has closed the connection", "");
  const { stream } = await tried({ keyEvery: 10, frames: 3, failure });
  expect(stream).toBe(failure);
});

/** The whole RTSP client against a server that answers as told. */
import { createSocket } from "node:dgram";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { systemClock } from "../../../../agent/base/clock.ts";
import { ConfigError, TransientError } from "../../../../agent/base/errors.ts";
import type { AccessUnit } from "../../../../agent/camera/rtsp/access-unit.ts";
import {
  cameraMemory,
  OPENS_WITHIN_MS,
  openSession,
  type SessionStream,
} from "../../../../agent/camera/rtsp/session.ts";
import {
  describing,
  digestAnswer,
  H264_TRACK,
  interleaved,
  keyFramePacket,
  type ScriptedAnswer,
  type ScriptedCamera,
  type ScriptedCameraOptions,
  type ScriptedRequest,
  startScriptedCamera,
} from "../../../support/camera/scripted-camera.ts";
import { selfSigned } from "../../../support/network/self-signed.ts";
import { type ManualClock, manualClock } from "../../../support/time/manual-clock.ts";
import { waitUntil } from "../../../support/time/wait-until.ts";

const never = new AbortController().signal;
const options = { clock: systemClock, signal: never };
const streamOf = ({ port }: { port: number }, more: Partial<SessionStream> = {}): SessionStream => ({
  camera: "door",
  address: `rtsp://127.0.0.1:${port}/cam`,
  transport: "auto",
  ...more,
});
const withPassword = ({ port }: { port: number }) => ({ address: `rtsp://ann:pw@127.0.0.1:${port}/cam` });

async function firstUnits(units: AsyncIterable<AccessUnit>, count: number): Promise<readonly AccessUnit[]> {
  const taken: AccessUnit[] = [];
  for await (const unit of units) {
    taken.push(unit);
    if (taken.length === count) break;
  }
  return taken;
}

/** Why a camera cannot be opened. */
async function failureOf(
  script: ScriptedCameraOptions,
  more: (camera: { port: number }) => Partial<SessionStream> = () => ({}),
): Promise<ConfigError | TransientError> {
  await using camera = await startScriptedCamera(script);
  const opened = openSession(streamOf(camera, more(camera)), options);
  const error: unknown = await opened.then(
    (session) => session[Symbol.asyncDispose](),
    (reason: unknown) => reason,
  );
  if (error instanceof ConfigError || error instanceof TransientError) return error;
  throw new Error(`expected a failure, received ${error}`);
}

/** Advances the time in steps, so that packets arrive between them. */
async function passSlowly(clock: ManualClock, ms: number): Promise<void> {
  const stepMs = 2_000;
  for (let passed = 0; passed < ms; passed += stepMs) {
    await clock.pass(stepMs);
    await delay(30);
  }
}

/** Advances the time whenever the last request to the camera is PLAY: connecting and asking take no time. */
function passWhilePlaying(clock: ManualClock, camera: ScriptedCamera): Disposable {
  const timer = setInterval(() => {
    if (camera.requests.at(-1)?.method === "PLAY") void clock.pass(500);
  }, 20);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

const SIZELESS_TRACK = "video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000";

const on =
  (method: string, answer: ScriptedAnswer) =>
  (request: ScriptedRequest): ScriptedAnswer | undefined =>
    request.method === method ? answer : undefined;

describe("a session", () => {
  test("plays the video by TCP and ends with TEARDOWN", async () => {
    await using camera = await startScriptedCamera();
    {
      await using session = await openSession(streamOf(camera), options);
      expect(session.facts).toMatchObject({
        ...{ codec: "H264", transport: "tcp", login: "none", isPasswordExposed: false, videoTracks: 1 },
        chosen: { index: 0, why: "only" },
        format: { size: { width: 640, height: 480 } },
      });
      const [unit] = await firstUnits(session.units(), 3);
      expect(unit).toMatchObject({ isKey: true, isDamaged: false });
    }
    await waitUntil("TEARDOWN", () => camera.methods().includes("TEARDOWN"));
    expect(camera.methods()).toEqual(["OPTIONS", "DESCRIBE", "SETUP", "PLAY", "TEARDOWN"]);
    const teardown = camera.requests.at(-1);
    expect(teardown?.headers.session).toBe("12345678");
  });

  test("plays the video by UDP and opens a way through firewalls", async () => {
    await using camera = await startScriptedCamera();
    await using session = await openSession(streamOf(camera, { transport: "udp" }), options);
    expect(session.facts.transport).toBe("udp");
    expect(await firstUnits(session.units(), 2)).toHaveLength(2);
    expect(camera.reports.length).toBeGreaterThan(0);
  });

  test("takes UDP packets from the camera's address only", async () => {
    await using camera = await startScriptedCamera({ packet: () => undefined });
    const clock = manualClock();
    using _ = passWhilePlaying(clock, camera);
    const opened = openSession(streamOf(camera, { transport: "udp" }), { clock, signal: never });
    const stranger = createSocket("udp4").bind(0, "127.0.0.2");
    const sending = setInterval(() => {
      const setup = camera.requests.find(({ method }) => method === "SETUP");
      const port = /client_port=(\d+)/.exec(setup?.headers.transport ?? "")?.[1];
      if (port !== undefined) stranger.send(keyFramePacket(0), Number(port), "127.0.0.1", () => {});
    }, 5);
    await expect(opened).rejects.toThrow("the camera sends no video within 10 s");
    clearInterval(sending);
    stranger.close();
  });

  test.each([
    ["tcp", "RTP/AVP/TCP;unicast;interleaved=300-301"],
    ["tcp", "RTP/AVP;unicast;client_port=1-2;server_port=3-4"],
    ["udp", "RTP/AVP;unicast;server_port=0-1"],
    ["udp", "RTP/AVP;unicast;server_port=99998-99999"],
    ["udp", "RTP/AVP/TCP;unicast;interleaved=0-1"],
  ] as const)("by %s does not accept the transport %s", async (transport, stated) => {
    const answer = on("SETUP", { headers: ["Session: 1", `Transport: ${stated}`] });
    const error = await failureOf({ answer }, () => ({ transport }));
    expect(error.message).toBe(`door: the camera does not support this transport (camera: ${stated})`);
  });

  test("receives on the channels that the camera chooses", async () => {
    const transport = "RTP/AVP/TCP;unicast;interleaved=8-9";
    await using camera = await startScriptedCamera({
      answer: on("SETUP", { headers: ["Session: 1", `Transport: ${transport}`] }),
    });
    const opened = openSession(streamOf(camera, { transport: "tcp" }), options);
    await waitUntil("PLAY", () => camera.methods().includes("PLAY"));
    camera.send(interleaved(0, keyFramePacket(1)));
    camera.send(interleaved(8, keyFramePacket(2)));
    camera.send(interleaved(8, keyFramePacket(3)));
    await using session = await opened;
    expect(await firstUnits(session.units(), 1)).toMatchObject([{ isDamaged: false }]);
  });

  test.each([
    ["another channel", false, 4],
    ["the channel for RTCP", false, 9],
    ["another channel, beside audio", true, 4],
    ["the channel of the audio", true, 10],
  ])("receives video that comes on %s than the camera states", async (_, audio, channel) => {
    let tracks = 0;
    await using camera = await startScriptedCamera({
      description: describing(H264_TRACK, "audio 0 RTP/AVP 8\r\na=control:track2"),
      answer({ method }) {
        if (method !== "SETUP") return undefined;
        const first = 8 + 2 * tracks++;
        const transport = `RTP/AVP/TCP;unicast;interleaved=${first}-${first + 1}`;
        return { headers: ["Session: 1", `Transport: ${transport}`] };
      },
    });
    const opened = openSession({ ...streamOf(camera, { transport: "tcp" }), audio }, options);
    await waitUntil("PLAY", () => camera.methods().includes("PLAY"));
    for (let number = 1; number < 4; number++) camera.send(interleaved(channel, keyFramePacket(number)));
    await using session = await opened;
    expect(await firstUnits(session.units(), 2)).toMatchObject([{ isDamaged: false }, { isDamaged: false }]);
  });

  test("ignores other channels once the video comes on its own", async () => {
    await using camera = await startScriptedCamera({ packet: () => undefined });
    const opened = openSession(streamOf(camera, { transport: "tcp" }), options);
    await waitUntil("PLAY", () => camera.methods().includes("PLAY"));
    camera.send(interleaved(0, keyFramePacket(1)));
    camera.send(interleaved(6, keyFramePacket(50)));
    camera.send(interleaved(0, keyFramePacket(2)));
    camera.send(interleaved(0, keyFramePacket(3)));
    await using session = await opened;
    const units = await firstUnits(session.units(), 3);
    const seconds = units.map(({ streamSeconds }) => streamSeconds - (units[0]?.streamSeconds ?? 0));
    expect(seconds.map((each) => each.toFixed(2))).toEqual(["0.00", "0.04", "0.08"]);
  });

  test("takes damaged data between packets for a loss, and plays on", async () => {
    const interFrame = (number: number) => {
      const packet = Buffer.from(keyFramePacket(number));
      packet.set([0x41, 0x9a], 12);
      return packet;
    };
    await using camera = await startScriptedCamera({ packet: () => undefined });
    const opened = openSession(streamOf(camera, { transport: "tcp" }), options);
    await waitUntil("PLAY", () => camera.methods().includes("PLAY"));
    const frames = [keyFramePacket(1), interFrame(2), interFrame(3), keyFramePacket(4), interFrame(5)];
    const [first, second, ...others] = frames.map((packet) => interleaved(0, packet));
    for (const bytes of [first, second]) camera.send(bytes ?? "");
    await using session = await opened;
    camera.send("\x00\x01\x02 damage");
    for (const bytes of others) camera.send(bytes);
    expect(await firstUnits(session.units(), 5)).toMatchObject([
      { isKey: true, isDamaged: false },
      { isKey: false, isDamaged: false },
      { isKey: false, isDamaged: true },
      { isKey: true, isDamaged: false },
      { isKey: false, isDamaged: false },
    ]);
  });

  test("closes the connection if the camera does not answer TEARDOWN", async () => {
    await using camera = await startScriptedCamera({ answer: on("TEARDOWN", "silence") });
    const clock = manualClock();
    const session = await openSession(streamOf(camera), { clock, signal: never });
    const closed = session[Symbol.asyncDispose]();
    await waitUntil("TEARDOWN", () => camera.methods().includes("TEARDOWN"));
    await clock.pass(1_000);
    await closed;
    expect(camera.methods().at(-1)).toBe("TEARDOWN");
  });

  test("uses UDP if the camera refuses TCP, and tries it first the next time", async () => {
    await using camera = await startScriptedCamera({ transports: ["udp"] });
    const memory = cameraMemory();
    for (const refused of [1, 0]) {
      const before = camera.requests.length;
      await using session = await openSession(streamOf(camera), { ...options, memory });
      expect(session.facts.transport).toBe("udp");
      const setups = camera.requests.slice(before).filter(({ method }) => method === "SETUP");
      expect(setups).toHaveLength(1 + refused);
    }
  });

  test("waits longer for the first packet by TCP after no transport has worked", async () => {
    const clock = manualClock();
    let playedMs = Number.POSITIVE_INFINITY;
    await using camera = await startScriptedCamera({
      transports: ["tcp"],
      answer({ method }) {
        if (method === "PLAY") playedMs = clock.monotonicMs();
        return undefined;
      },
      packet: (number) => (clock.monotonicMs() - playedMs >= 7_000 ? keyFramePacket(number) : undefined),
    });
    const memory = cameraMemory();
    using _ = passWhilePlaying(clock, camera);
    const open = () => openSession(streamOf(camera), { clock, signal: never, memory });
    await expect(open()).rejects.toThrow("sends no video within 5 s");
    await using session = await open();
    expect(session.facts.transport).toBe("tcp");
  });

  test("does not use UDP for rtsps:// unless configured: the video would be unencrypted", async () => {
    await using camera = await startScriptedCamera({ transports: ["udp"], tls: selfSigned() });
    const address = `rtsps://127.0.0.1:${camera.port}/cam`;
    await expect(openSession(streamOf(camera, { address }), options)).rejects.toThrow(
      "does not support this transport",
    );
    await using session = await openSession(streamOf(camera, { address, transport: "udp" }), options);
    expect(session.facts).toMatchObject({ transport: "udp", isVideoExposed: true });
  });

  test("uses UDP if nothing arrives by TCP, after ending the first session", async () => {
    const isTcp = new Set<number>();
    await using camera = await startScriptedCamera({
      answer({ method, headers, connection }) {
        if (headers.transport?.includes("TCP")) isTcp.add(connection);
        return method === "PLAY" && isTcp.has(connection) ? {} : undefined;
      },
    });
    const clock = manualClock();
    const opening = openSession(streamOf(camera), { clock, signal: never });
    using _ = passWhilePlaying(clock, camera);
    await using session = await opening;
    expect(session.facts.transport).toBe("udp");
    const tcp = camera.requests.filter(({ connection }) => isTcp.has(connection));
    expect(tcp.at(-1)?.method).toBe("TEARDOWN");
  });

  test("reports on the received packets by RTCP", async () => {
    await using camera = await startScriptedCamera();
    const clock = manualClock();
    await using _ = await openSession(streamOf(camera), { clock, signal: never });
    await clock.pass(5_000);
    await waitUntil("a report", () => camera.reports.length > 0);
    const [report] = camera.reports;
    expect(report?.subarray(0, 4)).toEqual(Buffer.from([0x81, 201, 0, 7]));
    expect(report?.readUInt32BE(8)).toBe(0x1234_5678);
  });

  test("accepts frames before the reply to PLAY, replies without CSeq and requests from the camera", async () => {
    await using camera = await startScriptedCamera({
      answer: ({ method }) =>
        method === "PLAY"
          ? { before: interleaved(0, keyFramePacket(7)), isUnnumbered: true }
          : method === "OPTIONS"
            ? { isUnnumbered: true }
            : undefined,
    });
    await using session = await openSession(streamOf(camera), options);
    camera.send(
      "GET_PARAMETER rtsp://h/ RTSP/1.0\r\nCSeq: 5\r\n\r\nFLY rtsp://h/ RTSP/1.0\r\nCSeq: 6\r\n\r\n",
    );
    await waitUntil("a reply", () => camera.methods().includes("reply 501"));
    expect(camera.methods()).toContain("reply 200");
    camera.send(interleaved(0, keyFramePacket(8)));
    camera.send(interleaved(0, keyFramePacket(9)));
    expect(await firstUnits(session.units(), 2)).toHaveLength(2);
  });

  test("is set up at the control URLs that the camera states, and never at another host", async () => {
    const control = "rtsp://10.9.8.7:9/inner/track1?x=1";
    await using camera = await startScriptedCamera({
      description: describing(H264_TRACK.replace("track1", control)),
      describeHeaders: [],
    });
    await using _ = await openSession(streamOf(camera), options);
    const root = `rtsp://127.0.0.1:${camera.port}`;
    expect(camera.requests.map(({ method, uri }) => `${method} ${uri}`)).toEqual([
      `OPTIONS ${root}/cam`,
      `DESCRIBE ${root}/cam`,
      `SETUP ${root}/inner/track1?x=1`,
      `PLAY ${root}/cam`,
    ]);
  });

  test("plays each track by itself if the camera asks for it", async () => {
    let plays = 0;
    await using camera = await startScriptedCamera({
      answer: ({ method }) =>
        method === "PLAY" && plays++ === 0 ? { status: "459 Aggregate Operation Not Allowed" } : undefined,
    });
    await using session = await openSession(streamOf(camera), options);
    expect(await firstUnits(session.units(), 1)).toHaveLength(1);
    expect(camera.requests.at(-1)?.uri).toMatch(/\/cam\/track1$/);
  });

  test("includes the audio track if asked for it", async () => {
    const description = describing(H264_TRACK, "audio 0 RTP/AVP 8\r\na=control:track2");
    await using camera = await startScriptedCamera({ description });
    for (const audio of [false, true]) {
      await using session = await openSession(streamOf(camera, { audio }), options);
      expect(session.facts.audio).toMatchObject([{ encoding: "PCMA", clockRate: 8000 }]);
    }
    const setups = camera.requests.filter(({ method }) => method === "SETUP");
    expect(setups.map(({ headers }) => headers.transport)).toEqual([
      "RTP/AVP/TCP;unicast;interleaved=0-1",
      "RTP/AVP/TCP;unicast;interleaved=0-1",
      "RTP/AVP/TCP;unicast;interleaved=2-3",
    ]);
  });
});

describe("a session is kept alive", () => {
  test("by GET_PARAMETER after half of its timeout, and at once by OPTIONS if the camera refuses that", async () => {
    await using camera = await startScriptedCamera({
      answer: on("GET_PARAMETER", { status: "405 Method Not Allowed" }),
    });
    const clock = manualClock();
    await using _ = await openSession(streamOf(camera), { clock, signal: never });
    for (const methods of [["GET_PARAMETER", "OPTIONS"], ["OPTIONS"]]) {
      const before = camera.requests.length;
      await passSlowly(clock, 30_000);
      await waitUntil("requests", () => camera.requests.length >= before + methods.length);
      expect(camera.requests.slice(before)).toMatchObject(
        methods.map((method) => ({ method, headers: { session: "12345678" } })),
      );
    }
  });

  test("and goes on if the camera does not answer", async () => {
    await using camera = await startScriptedCamera({ answer: on("GET_PARAMETER", "silence") });
    const clock = manualClock();
    await using session = await openSession(streamOf(camera), { clock, signal: never });
    await passSlowly(clock, 62_000);
    expect(camera.requests.filter(({ method }) => method === "GET_PARAMETER")).toHaveLength(2);
    expect(await firstUnits(session.units(), 1)).toHaveLength(1);
  });

  test("and ends when the camera has forgotten it", async () => {
    await using camera = await startScriptedCamera({
      answer: on("GET_PARAMETER", { status: "454 Session Not Found" }),
    });
    const clock = manualClock();
    await using session = await openSession(streamOf(camera), { clock, signal: never });
    await passSlowly(clock, 30_000);
    await expect(firstUnits(session.units(), 1e9)).rejects.toThrow("door: the camera has ended the stream");
  });
});

describe("the access units", () => {
  test("end with an error when the camera closes the connection", async () => {
    await using camera = await startScriptedCamera();
    await using session = await openSession(streamOf(camera), options);
    camera.closeConnections();
    const error = await firstUnits(session.units(), 1e9).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(TransientError);
    expect(error).toMatchObject({ message: "door: the camera has closed the connection" });
  });

  test("end with an error when no video arrives for ten seconds", async () => {
    await using camera = await startScriptedCamera({
      packet: (number) => (number < 1 ? keyFramePacket(number) : undefined),
    });
    const clock = manualClock();
    await using session = await openSession(streamOf(camera), { clock, signal: never });
    const units = session.units();
    await firstUnitOf(units);
    const ended = rest(units);
    await clock.pass(9_000);
    camera.send(interleaved(0, keyFramePacket(3)));
    await waitUntil("an access unit or the end", () => ended.count() > 0);
    await clock.pass(9_000);
    expect(ended.error()).toBeUndefined();
    await clock.pass(60_000);
    await waitUntil("an access unit or the end", () => ended.error() !== undefined);
    expect(ended.error()).toBeInstanceOf(TransientError);
    expect(String(ended.error())).toContain("frozen, no video for 11 s");
  });

  test.each([
    ["are no RTP", () => Buffer.alloc(500, 0x47), "they are damaged or repeat one sequence number"],
    [
      "have another payload type",
      (number: number) => Buffer.from(keyFramePacket(number)).fill(0x80 | 98, 1, 2),
      "they have payload type 98, but the stream's description says 96",
    ],
  ])("end with an error when only packets arrive that %s", async (_, packet, why) => {
    await using camera = await startScriptedCamera({ packet });
    const clock = manualClock();
    await using session = await openSession(streamOf(camera), { clock, signal: never });
    await passSlowly(clock, 12_000);
    await expect(firstUnits(session.units(), 1)).rejects.toThrow(
      `no usable packet within 10 s, although the camera sends packets: ${why}`,
    );
  });

  test("end with an error when only RTCP arrives", async () => {
    await using camera = await startScriptedCamera({ packet: () => undefined });
    const clock = manualClock();
    const opened = openSession(streamOf(camera), { clock, signal: never });
    await waitUntil("PLAY", () => camera.methods().includes("PLAY"));
    const report = Buffer.from([0x80, 200, 0, 1, 0x12, 0x34, 0x56, 0x78]);
    const timer = setInterval(() => camera.send(interleaved(1, report)), 20);
    await using session = await opened;
    await passSlowly(clock, 12_000);
    clearInterval(timer);
    await expect(firstUnits(session.units(), 1)).rejects.toThrow("the camera sends no video within 10 s");
  });

  test("end with an error when packets arrive that complete no more frames", async () => {
    /** The beginning of a NAL unit in fragments (FU-A) that never ends. */
    const fragment = (number: number) => {
      const packet = Buffer.from(keyFramePacket(number));
      packet.writeUInt32BE(3600, 4);
      packet[1] = 96;
      packet.set([0x7c, number === 1 ? 0x85 : 0x05], 12);
      return packet;
    };
    await using camera = await startScriptedCamera({
      packet: (number) => (number < 1 ? keyFramePacket(number) : fragment(number)),
    });
    const clock = manualClock();
    await using session = await openSession(streamOf(camera), { clock, signal: never });
    const units = session.units();
    await firstUnitOf(units);
    const ended = rest(units);
    await passSlowly(clock, 15_000);
    expect(ended.error()).toBeInstanceOf(TransientError);
    expect(String(ended.error())).toContain(
      "no complete frame within 10 s, although the camera sends packets",
    );
  });

  test("end with an error when key frames come without parameter sets for five seconds", async () => {
    const clock = manualClock();
    await using camera = await startScriptedCamera({
      description: describing("video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:track1"),
    });
    await using session = await openSession(streamOf(camera), { clock, signal: never });
    const ended = rest(session.units());
    await passSlowly(clock, 4_000);
    expect(ended.error()).toBeUndefined();
    await passSlowly(clock, 2_000);
    expect(ended.error()).toMatchObject({
      message: "door: key frames arrive without parameter sets (SPS, PPS), for 5 s",
      remedy: expect.stringContaining("firmware"),
    });
  });

  test("end with an error when the camera announces the end", async () => {
    await using camera = await startScriptedCamera();
    await using session = await openSession(streamOf(camera), options);
    const bye = Buffer.from([0x81, 203, 0, 1, 0x12, 0x34, 0x56, 0x78]);
    camera.send(interleaved(1, bye));
    await expect(firstUnits(session.units(), 1e9)).rejects.toThrow("ended the stream (camera: BYE)");
  });

  test.each([
    [
      "to another host",
      "Location: rtsp://10.0.0.1/x\r\n",
      "to another address (rtsp://10.0.0.1/x): expected the same host",
    ],
    ["without saying where", "Location: \r\n", "without saying where"],
  ])("end with an error when the camera redirects %s", async (_where, header, words) => {
    await using camera = await startScriptedCamera();
    await using session = await openSession(streamOf(camera), options);
    camera.send(`REDIRECT rtsp://h/ RTSP/1.0\r\nCSeq: 5\r\n${header}\r\n`);
    await expect(firstUnits(session.units(), 1e9)).rejects.toThrow(`door: the camera redirects ${words}`);
  });

  test("end without an error when the signal is aborted, and the session is ended at the camera", async () => {
    await using camera = await startScriptedCamera();
    const stop = new AbortController();
    {
      await using session = await openSession(streamOf(camera), { clock: systemClock, signal: stop.signal });
      setTimeout(() => stop.abort(), 20);
      await firstUnits(session.units(), 1e9);
    }
    await waitUntil("TEARDOWN", () => camera.methods().includes("TEARDOWN"));
  });
});

async function firstUnitOf(units: AsyncIterable<AccessUnit>): Promise<void> {
  await units[Symbol.asyncIterator]().next();
}

/** Counts the remaining access units until their error. */
function rest(units: AsyncIterable<AccessUnit>) {
  let count = 0;
  let failure: unknown;
  void (async () => {
    for await (const _ of units) count++;
  })().catch((error: unknown) => {
    failure = error;
  });
  return { count: () => count, error: () => failure };
}

describe("a camera that asks for a password", () => {
  test.each(["MD5", "SHA-256"] as const)("by Digest receives it only so: %s", async (algorithm) => {
    const challenges = ['Basic realm="cam"'];
    const answer = digestAnswer({ user: "ann", password: "pw", algorithm, challenges });
    await using camera = await startScriptedCamera({ answer });
    await using session = await openSession(streamOf(camera, withPassword(camera)), options);
    expect(session.facts).toMatchObject({ login: "digest", isPasswordExposed: false });
    const sent = camera.requests.map(({ headers }) => headers.authorization ?? "none");
    expect(sent.filter((header) => !header.startsWith("Digest"))).toEqual(["none"]);
  });

  test("may change its nonce", async () => {
    const nonceOf = (request: number) => `nonce ${request >> 1}`;
    const answer = digestAnswer({ user: "ann", password: "pw", nonceOf });
    await using camera = await startScriptedCamera({ answer });
    await using session = await openSession(streamOf(camera, withPassword(camera)), options);
    expect(await firstUnits(session.units(), 1)).toHaveLength(1);
  });

  test("receives a wrong one once", async () => {
    await using camera = await startScriptedCamera({
      answer: digestAnswer({ user: "ann", password: "other" }),
    });
    const opened = openSession(streamOf(camera, withPassword(camera)), options);
    await expect(opened).rejects.toThrow("door: the camera refuses this user name or password");
    expect(camera.requests.filter(({ headers }) => headers.authorization !== undefined)).toHaveLength(1);
  });

  test("unencrypted receives it, and the session says so", async () => {
    const answer = ({ headers }: ScriptedRequest): ScriptedAnswer | undefined =>
      headers.authorization === "Basic YW5uOnB3"
        ? undefined
        : { status: "401 Unauthorized", headers: ['WWW-Authenticate: Basic realm="x"'] };
    await using camera = await startScriptedCamera({ answer });
    await using session = await openSession(streamOf(camera, withPassword(camera)), options);
    expect(session.facts).toMatchObject({ login: "basic", isPasswordExposed: true });
  });

  test("unencrypted does not receive it after it asked for Digest, on a later connection", async () => {
    let answer: ScriptedCameraOptions["answer"] = digestAnswer({ user: "ann", password: "pw" });
    await using camera = await startScriptedCamera({ answer: (request) => answer?.(request) });
    const memory = cameraMemory();
    await (await openSession(streamOf(camera, withPassword(camera)), { ...options, memory }))[
      Symbol.asyncDispose
    ]();
    const before = camera.requests.length;
    answer = () => ({ status: "401 Unauthorized", headers: ['WWW-Authenticate: Basic realm="x"'] });
    const opened = openSession(streamOf(camera, withPassword(camera)), { ...options, memory });
    await expect(opened).rejects.toThrow("it asked for an encrypted one before");
    const later = camera.requests.slice(before);
    expect(later.filter(({ headers }) => headers.authorization?.startsWith("Basic"))).toEqual([]);
  });
});

describe("a redirect", () => {
  test.each(["OPTIONS", "DESCRIBE", "SETUP", "PLAY"])(
    "to another stream of the same camera is followed: in answer to %s",
    async (method) => {
      await using camera = await startScriptedCamera({
        answer: (request) =>
          request.method === method && request.uri.includes("/cam")
            ? { status: "302 Found", headers: ["Location: /other"] }
            : undefined,
      });
      await using session = await openSession(streamOf(camera), options);
      expect(await firstUnits(session.units(), 1)).toHaveLength(1);
      expect(camera.requests.at(-1)?.uri).toContain("/other");
    },
  );

  test.each(["OPTIONS", "DESCRIBE", "SETUP", "PLAY"])(
    "to another server is refused and nothing is sent there: in answer to %s",
    async (method) => {
      await using other = await startScriptedCamera();
      const away = { status: "302 Found", headers: [`Location: rtsp://u:pw@127.0.0.1:${other.port}/x`] };
      const error = await failureOf({ answer: on(method, away) });
      expect(error).toBeInstanceOf(ConfigError);
      expect(error.message).toContain("redirects to another address (rtsp://***@127.0.0.1:");
      expect(other.requests).toEqual([]);
    },
  );

  test("is followed at most three times", async () => {
    const again = { status: "301 Moved", headers: ["Location: /again"] };
    expect((await failureOf({ answer: on("DESCRIBE", again) })).message).toBe(
      "door: the camera redirects more than 3 times",
    );
  });

  test("is not followed by an unencrypted password", async () => {
    const answer = ({ uri }: ScriptedRequest): ScriptedAnswer =>
      uri.includes("/other")
        ? { status: "401 Unauthorized", headers: ['WWW-Authenticate: Basic realm="x"'] }
        : { status: "302 Found", headers: ["Location: /other"] };
    const error = await failureOf({ answer }, withPassword);
    expect(error.message).toContain("after a redirect, the camera asks for an unencrypted password");
  });
});

describe("a camera that cannot be played says why:", () => {
  test.each([
    ["DESCRIBE", "403 Forbidden", ConfigError, "does not allow this user to view the stream"],
    ["DESCRIBE", "404 Not Found", ConfigError, "has no such stream"],
    ["DESCRIBE", "400 Bad Request", ConfigError, "refuses to show this stream"],
    ["DESCRIBE", "503 Service Unavailable", TransientError, "not available at the moment"],
    ["SETUP", "453 Not Enough Bandwidth", TransientError, "serves too many clients already"],
    ["SETUP", "461 Unsupported Transport", ConfigError, "does not support this transport"],
    ["PLAY", "500 Internal Server Error", TransientError, "cannot describe or play its stream"],
  ])("%s %s", async (method, status, kind, what) => {
    const error = await failureOf({ answer: on(method, { status }) });
    expect(error).toBeInstanceOf(kind);
    expect(error.message).toBe(
      `${error.message.slice(0, error.message.indexOf(" (camera: "))} (camera: ${method} answered ${status})`,
    );
    expect(error.message).toContain(what);
    expect(error.remedy).not.toBe("");
  });

  test.each<readonly [string, ScriptedCameraOptions, string]>([
    [
      "a web server",
      { answer: () => ({ before: Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n") }) },
      "is a web server",
    ],
    ["a server that closes", { answer: () => "close" }, "closes the connection without an answer"],
    ["audio only", { description: describing("audio 0 RTP/AVP 8") }, "has no video track, only audio (PCMA)"],
    ["no track", { description: "v=0\r\n" }, "has no video track"],
    [
      "an empty answer",
      { description: "" },
      "the camera's answer to DESCRIBE is empty: expected a description",
    ],
    ["a web page", { description: "<!DOCTYPE html><p>Log in" }, "DESCRIBE is a web page (HTML)"],
    ["a web page without a type", { description: "\n<html>" }, "DESCRIBE is a web page (HTML)"],
    ["XML", { description: '<?xml version="1.0"?><error/>' }, "DESCRIBE is XML"],
    ["JSON", { description: '{"error": "v=0"}' }, "DESCRIBE is JSON"],
    ["other text", { description: "Not available" }, "DESCRIBE is other text"],
    ["MPEG-2", { description: describing("video 0 RTP/AVP 32") }, "the stream's video is MPEG-2:"],
    [
      "H.263",
      { description: describing("video 0 RTP/AVP 96\r\na=rtpmap:96 H263-2000/90000") },
      "the stream's video is H.263:",
    ],
    [
      "an unsupported codec",
      { description: describing("video 0 RTP/AVP 96\r\na=rtpmap:96 AV1/90000") },
      "video is AV1: expected H.264, H.265, MJPEG, MPEG-4 or VP8",
    ],
    [
      "frames that are too large",
      { description: describing(`${SIZELESS_TRACK}\r\na=x-dimensions:16000,16000`) },
      "frames are too large",
    ],
    [
      "another method to log in",
      { answer: () => ({ status: "401 No", headers: ["WWW-Authenticate: Digest nonce=1, algorithm=X"] }) },
      "an unsupported login method",
    ],
  ])("%s", async (_, script, what) => {
    expect((await failureOf(script, withPassword)).message).toContain(what);
  });

  test("a password is needed", async () => {
    const asks = { status: "401 Unauthorized", headers: ['WWW-Authenticate: Basic realm="x"'] };
    const error = await failureOf({ answer: () => asks });
    expect(error.message).toContain("asks for a user name and a password");
  });

  test.each([
    ["OPTIONS", "does not answer within 10 s"],
    ["DESCRIBE", "does not answer within 10 s"],
    ["SETUP", "describes its stream, but does not start it within 10 s"],
    ["PLAY", "describes its stream, but does not start it within 10 s"],
  ])("no answer to %s within ten seconds", async (method, what) => {
    await using camera = await startScriptedCamera({ answer: on(method, "silence") });
    const clock = manualClock();
    const opened = openSession(streamOf(camera, { transport: "tcp" }), { clock, signal: never });
    opened.catch(() => {});
    await waitUntil(method, () => camera.methods().includes(method));
    await clock.pass(10_000);
    await expect(opened).rejects.toThrow(`door: the camera ${what}`);
  });

  test("it closes the connection after PLAY", async () => {
    await using camera = await startScriptedCamera({ packet: () => undefined });
    const opened = openSession(streamOf(camera), options);
    opened.catch(() => {});
    await waitUntil("PLAY", () => camera.methods().includes("PLAY"));
    await delay(50);
    camera.closeConnections();
    const error = await opened.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(TransientError);
    expect(String(error)).toContain("the camera closes the connection before it sends video");
  });

  test("no packet by any transport", async () => {
    await using camera = await startScriptedCamera({ packet: () => undefined });
    const clock = manualClock();
    const opened = openSession(streamOf(camera), { clock, signal: never });
    using _ = passWhilePlaying(clock, camera);
    const error = await opened.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(TransientError);
    expect(String(error)).toContain("the camera sends no video within 10 s");
    expect(clock.monotonicMs()).toBeLessThan(OPENS_WITHIN_MS);
  });

  test("nothing listens", async () => {
    const camera = await startScriptedCamera();
    await camera[Symbol.asyncDispose]();
    const error = await openSession(streamOf(camera), options).catch((reason: unknown) => reason);
    expect(String(error)).toContain("cannot be reached: nothing listens at this port");
  });

  test("an unknown host", async () => {
    const stream = streamOf({ port: 1 }, { address: "rtsp://no-such-host.invalid/cam" });
    const error = await openSession(stream, options).catch((reason: unknown) => reason);
    expect(String(error)).toContain("host name cannot be resolved");
  });

  test("an invalid address", async () => {
    const opened = openSession(streamOf({ port: 1 }, { address: "rtsp://h:99999/x" }), options);
    await expect(opened).rejects.toThrow("the address of the stream is invalid");
  });

  test("aborted before it is opened", async () => {
    await using camera = await startScriptedCamera();
    const signal = AbortSignal.abort(new Error("the agent stops"));
    await expect(openSession(streamOf(camera), { clock: systemClock, signal })).rejects.toThrow(
      "the agent stops",
    );
  });

  test("aborted", async () => {
    await using camera = await startScriptedCamera({ answer: () => "silence" });
    const stop = new AbortController();
    const opened = openSession(streamOf(camera), { clock: systemClock, signal: stop.signal });
    await waitUntil("a request", () => camera.requests.length > 0);
    stop.abort(new Error("the agent stops"));
    await expect(opened).rejects.toThrow("the agent stops");
  });
});

/** Cameras that speak RTSP in an unusual way, or ask for an unusual login: each comes on, or says why not. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type TemporaryFolder, temporaryFolder } from "../../support/base/temporary-folder.ts";
import { type GstCameras, startGstCameras } from "../../support/camera/odd/gst-cameras.ts";
import { as, digestLogin, PASSWORD, refusesEveryLogin, USER } from "../../support/camera/odd/login-habits.ts";
import { H264, makeOddClip } from "../../support/camera/odd/odd-clips.ts";
import { type Habit, type OddProxy, startOddProxy } from "../../support/camera/odd/odd-proxy.ts";
import {
  answering,
  describedAs,
  expiringSession,
  trackNamed,
  withHeaders,
} from "../../support/camera/odd/reply-habits.ts";
import { header, methodOf, replyTo, uriOf } from "../../support/camera/odd/rtsp-message.ts";
import { comesOn, failureOf, type Watching } from "../../support/camera/odd/watch.ts";
import { hasRtspServer } from "../../support/camera/rtsp-camera.ts";

interface Row {
  readonly camera: string;
  readonly habit: Habit;
  /** Behind rtsp://127.0.0.1:PORT. Default: /cam. */
  readonly path?: string;
  readonly watching?: Watching;
}

/** Longer than twice the time-out of a session. */
const OUTLIVES = { count: 45 };
const SESSION_S = 4;
const AFTER_QUERY = "/cam?channel=1&subtype=0";

const COMES_ON: readonly Row[] = [
  {
    camera: "an absolute address of the track",
    habit: trackNamed({ base: "HERE/cam/", control: "HERE/cam/trackID=0", setup: "HERE/cam/trackID=0" }),
  },
  {
    camera: "an absolute address of the track elsewhere on the camera",
    habit: trackNamed({ base: "HERE/cam/", control: "HERE/media/trackID=0", setup: "HERE/media/trackID=0" }),
  },
  {
    camera: "a relative name of the track",
    habit: trackNamed({ base: "HERE/cam/", control: "trackID=0", setup: "HERE/cam/trackID=0" }),
  },
  {
    camera: "a base address without a slash at its end",
    habit: trackNamed({ base: "HERE/cam", control: "trackID=0", setup: "HERE/cam/trackID=0" }),
  },
  {
    camera: "no base address",
    habit: trackNamed({ base: undefined, control: "trackID=0", setup: "HERE/cam/trackID=0" }),
  },
  {
    camera: "a base address with a query",
    path: AFTER_QUERY,
    habit: trackNamed({
      base: `HERE${AFTER_QUERY}/`,
      control: "trackID=0",
      setup: `HERE${AFTER_QUERY}/trackID=0`,
    }),
  },
  {
    camera: "an address with a query and no base address",
    path: AFTER_QUERY,
    habit: trackNamed({ base: undefined, control: "trackID=0", setup: `HERE${AFTER_QUERY}/trackID=0` }),
  },
  {
    camera: "names of header lines in lower case",
    habit: withHeaders(([name, value]) => [[name.toLowerCase(), value]]),
  },
  {
    camera: "replies without CSeq",
    habit: withHeaders((line) => (line[0].toLowerCase() === "cseq" ? [] : [line])),
  },
  { camera: "other channels than those that were asked for", habit: { channels: [4, 5] } },
  { camera: "TCP segments of seven bytes", habit: { pieceBytes: 7 } },
  {
    camera: "OPTIONS not implemented (501)",
    habit: answering("OPTIONS", (request) => replyTo(request, "501 Not Implemented")),
  },
  {
    camera: "OPTIONS not allowed (405)",
    habit: answering("OPTIONS", (request) => replyTo(request, "405 Method Not Allowed")),
  },
  {
    camera: "a session that GET_PARAMETER keeps alive",
    habit: expiringSession(SESSION_S, "GET_PARAMETER"),
    watching: OUTLIVES,
  },
  {
    camera: "a session that only OPTIONS keeps alive",
    habit: expiringSession(SESSION_S, "OPTIONS"),
    watching: OUTLIVES,
  },
  { camera: "a single client at a time", habit: { servesOneClient: true } },
  {
    camera: "a redirect to another path of the same camera",
    habit: {
      onRequest: (request, { port }) =>
        methodOf(request) === "DESCRIBE" && !uriOf(request).includes("/moved")
          ? replyTo(request, "302 Found", [["Location", `rtsp://127.0.0.1:${port}/moved`]])
          : request,
    },
  },
];

const LOGINS: readonly { readonly camera: string; readonly habit: Habit }[] = [
  { camera: "Digest with MD5", habit: digestLogin({}) },
  { camera: "Digest with MD5 and qop", habit: digestLogin({ qop: "auth" }) },
  { camera: "Digest with a choice of qop", habit: digestLogin({ qop: "auth,auth-int" }) },
  { camera: "Digest with SHA-256", habit: digestLogin({ algorithm: "SHA-256" }) },
  { camera: "Digest with SHA-256 and qop", habit: digestLogin({ algorithm: "SHA-256", qop: "auth" }) },
  { camera: "Digest with a nonce that serves two requests", habit: digestLogin({ nonceServes: 2 }) },
  {
    camera: "Basic offered in front of Digest",
    habit: digestLogin({ alsoOffers: ['Basic realm="camera"'] }),
  },
  {
    camera: "an unknown algorithm offered in front of MD5",
    habit: digestLogin({ alsoOffers: ['Digest realm="camera", nonce="x", algorithm=SHA-512-256'] }),
  },
];

describe.skipIf(!hasRtspServer())("cameras with odd sessions", { concurrent: true }, () => {
  let folder: TemporaryFolder;
  let cameras: GstCameras<"ordinary" | "basic" | "digest">;

  beforeAll(async () => {
    folder = await temporaryFolder();
    const file = await makeOddClip(folder.path, { file: "clip.mp4", options: H264 });
    const launch = `filesrc location=${file} ! qtdemux ! h264parse ! rtph264pay name=pay0 pt=96 config-interval=1`;
    cameras = await startGstCameras({
      ordinary: { launch },
      basic: { launch, login: "basic" },
      digest: { launch, login: "digest" },
    });
  });
  afterAll(async () => {
    await cameras[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  });

  const odd = (habit: Habit): Promise<OddProxy> => startOddProxy(cameras.port("ordinary"), habit);

  for (const { camera, habit, path = "/cam", watching } of COMES_ON) {
    test(`${camera}: comes on`, async () => {
      await using proxy = await odd(habit);
      await comesOn(proxy.address.replace(/\/cam$/, path), watching);
    });
  }

  for (const { camera, habit } of LOGINS) {
    test(`${camera}: comes on with the right password`, async () => {
      await using proxy = await odd(habit);
      await comesOn(as(proxy.address, USER, PASSWORD));
    });
  }

  test("a camera that offers Digest besides Basic never gets the password in clear", async () => {
    await using proxy = await odd(digestLogin({ alsoOffers: ['Basic realm="camera"'] }));
    await comesOn(as(proxy.address, USER, PASSWORD));
    const logins = proxy.requests.flatMap((request) => header(request, "Authorization") ?? []);
    expect(logins.length).toBeGreaterThan(0);
    expect(logins.filter((login) => login.startsWith("Basic"))).toEqual([]);
  });

  for (const method of ["basic", "digest"] as const) {
    test(`GStreamer's server with ${method}: comes on with the right password`, async () => {
      await comesOn(as(cameras.address(method), USER, PASSWORD));
    });

    test(`GStreamer's server with ${method} and a wrong password: says so`, async () => {
      const { kind, message } = await failureOf(as(cameras.address(method), USER, "guess"));
      expect(message).toMatch(/refuses this user name or password/);
      expect(message).not.toContain("guess");
      expect(kind).toBe("config");
    });
  }

  test("a login is asked for and none is configured: says so", async () => {
    const { kind, message, remedy } = await failureOf(cameras.address("digest"));
    expect(message).toMatch(/password/);
    expect(remedy).toMatch(/address/);
    expect(kind).toBe("config");
  });

  test("Digest with an algorithm that nobody else uses: names the algorithm", async () => {
    await using proxy = await odd(
      refusesEveryLogin('Digest realm="camera", nonce="x", algorithm=SHA-512-256'),
    );
    const { kind, message } = await failureOf(as(proxy.address, USER, PASSWORD));
    expect(message).toMatch(/SHA-512-256/);
    expect(kind).toBe("config");
  });

  test("401 without a challenge: says that the camera offers no login", async () => {
    await using proxy = await odd(refusesEveryLogin());
    const { kind, message } = await failureOf(as(proxy.address, USER, PASSWORD));
    expect(message).toMatch(/401/);
    expect(kind).toBe("config");
  });

  test("a connection that is closed on OPTIONS: says so", async () => {
    await using proxy = await odd(answering("OPTIONS", () => "close"));
    const { kind, message } = await failureOf(proxy.address);
    expect(message).toMatch(/closes the connection/);
    expect(kind).toBe("transient");
  });

  test("redirects without an end: says so", async () => {
    const moved = (number: number, port: number) => `rtsp://127.0.0.1:${port}/moved${number}`;
    let count = 0;
    await using proxy = await odd({
      onRequest: (request, { port }) => replyTo(request, "302 Found", [["Location", moved(++count, port)]]),
    });
    const { kind, message } = await failureOf(proxy.address);
    expect(message).toMatch(/redirects more than \d+ times/);
    expect(kind).toBe("config");
  });

  test("a redirect to another host: says so and does not go there", async () => {
    await using elsewhere = await odd({});
    const location = `rtsp://localhost:${elsewhere.port}/cam`;
    await using proxy = await odd({
      onRequest: (request) => replyTo(request, "302 Found", [["Location", location]]),
    });
    const { kind, message } = await failureOf(as(proxy.address, USER, PASSWORD));
    expect(message).toMatch(/redirects to another/);
    expect(message).not.toContain(PASSWORD);
    expect(kind).toBe("config");
    expect(elsewhere.requests).toEqual([]);
  });

  for (const { status, on, matches, kind } of [
    {
      status: "453 Not Enough Bandwidth",
      on: "SETUP",
      matches: /453.*clients|clients.*453/,
      kind: "transient",
    },
    {
      status: "503 Service Unavailable",
      on: "DESCRIBE",
      matches: /503 Service Unavailable/,
      kind: "transient",
    },
    { status: "404 Not Found", on: "DESCRIBE", matches: /no such stream.*404/, kind: "config" },
    { status: "454 Session Not Found", on: "PLAY", matches: /454 Session Not Found/, kind: "transient" },
    { status: "403 Forbidden", on: "DESCRIBE", matches: /403 Forbidden/, kind: "config" },
    {
      status: "415 Unsupported Media Type",
      on: "SETUP",
      matches: /415 Unsupported Media Type/,
      kind: "config",
    },
  ]) {
    test(`${on} answered by ${status}: tells the status and what to do`, async () => {
      await using proxy = await odd(answering(on, (request) => replyTo(request, status)));
      const failure = await failureOf(proxy.address);
      expect(failure.message).toMatch(matches);
      expect(failure.kind).toBe(kind);
      expect(failure.remedy).not.toBe("");
    });
  }

  test("a description of a codec that cannot be read: names it", async () => {
    await using proxy = await odd(describedAs((sdp) => sdp.replaceAll("H264/90000", "AV9000/90000")));
    const { kind, message } = await failureOf(proxy.address);
    expect(message).toMatch(/AV9000/);
    expect(kind).toBe("config");
  });
});

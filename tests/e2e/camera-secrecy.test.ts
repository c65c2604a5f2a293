/** Only the agent and the camera see the camera's password, and a hostile camera cannot send the agent anywhere. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { systemClock } from "../../agent/base/clock.ts";
import { readClip } from "../../agent/camera/clip.ts";
import { readCamera } from "../../agent/camera/read-camera.ts";
import { temporaryFolder } from "../support/base/temporary-folder.ts";
import { hasRtspServer, startRtspCamera } from "../support/camera/rtsp-camera.ts";
import { makeTestClip } from "../support/camera/test-clip.ts";
import { listenOnLoopback } from "../support/network/listen-on-loopback.ts";

const SIZE = { width: 160, height: 120 };
const never = new AbortController().signal;
const read = (address: string, size: typeof SIZE | undefined = SIZE) =>
  readCamera(
    { camera: "door", address, transport: "auto", size, fps: 5 },
    { clock: systemClock, signal: never },
  );

/** The command lines and environments of all other processes, as `ps` and an intruder in ffmpeg would see them. */
function seenInProc(): { commandLines: string[]; environments: string[] } {
  const others = readdirSync("/proc").filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  const readAll = (file: string) =>
    others.flatMap((pid) => {
      try {
        return [readFileSync(`/proc/${pid}/${file}`, "utf8").replaceAll("\0", " ")];
      } catch {
        // The process has exited, or belongs to another user.
        return [];
      }
    });
  return { commandLines: readAll("cmdline"), environments: readAll("environ") };
}

describe.skipIf(!hasRtspServer())("while the agent reads a camera", () => {
  test("no process has the password in its command line, not even ffmpeg", async () => {
    using clip = makeTestClip({ seconds: 2 });
    // The test's camera server receives the password in another spelling, so that its command line does not count.
    await using camera = await startRtspCamera({ clip: clip.file, user: "cam", password: "sekret @ door" });
    const address = camera.address.replace("rtsp://", "rtsp://cam:sekret%20%40%20door@");
    let watched = 0;
    for await (const _ of read(address)) {
      const { commandLines } = seenInProc();
      watched += commandLines.filter((line) => line.startsWith("ffmpeg ")).length;
      expect(commandLines.filter((line) => line.includes("sekret%20%40%20door"))).toEqual([]);
      expect(commandLines.filter((line) => line.includes(String(camera.port)))).toEqual([]);
      break;
    }
    expect(watched).toBeGreaterThan(0);
  });

  test("ffmpeg does not receive the agent's environment, which contains the passwords", async () => {
    using clip = makeTestClip({ seconds: 2 });
    await using camera = await startRtspCamera({ clip: clip.file });
    process.env.SABREWING_TEST_SECRET = "sekret-of-the-broker";
    try {
      for await (const _ of read(camera.address)) {
        const ours = seenInProc().environments.filter((text) => text.includes("sekret-of-the-broker"));
        // No process was started before the variable was set.
        expect(ours).toEqual([]);
        break;
      }
    } finally {
      delete process.env.SABREWING_TEST_SECRET;
    }
  });
});

describe("a hostile camera", () => {
  const tried: readonly (readonly [string, (honeypot: number) => string])[] = [
    ["a file", () => "file:///etc/passwd"],
    ["a web address", (honeypot) => `http://127.0.0.1:${honeypot}/`],
    ["a playlist of ffmpeg's", (honeypot) => `concat:http://127.0.0.1:${honeypot}/|/etc/passwd`],
  ];
  test.each(tried)("cannot redirect the agent to %s", async (_what, location) => {
    let visits = 0;
    const honeypot = createHttpServer((_request, response) => {
      visits++;
      response.end();
    });
    const honeypotPort = await listenOnLoopback(honeypot);
    const target = location(honeypotPort);
    const camera = createServer((socket) => {
      socket.on("error", () => {});
      socket.on("data", (request) => {
        const sequence = /CSeq: (\d+)/i.exec(request.toString())?.[1] ?? "1";
        const isDescribe = request.toString().startsWith("DESCRIBE");
        const answer = isDescribe ? `RTSP/1.0 302 Found\r\nLocation: ${target}` : "RTSP/1.0 200 OK";
        socket.write(`${answer}\r\nCSeq: ${sequence}\r\n\r\n`);
      });
    });
    const port = await listenOnLoopback(camera);
    for (const size of [SIZE, undefined]) {
      await expect(read(`rtsp://127.0.0.1:${port}/camera`, size).next()).rejects.toThrow(/^door: /);
    }
    honeypot.close();
    camera.close();
    expect(visits).toBe(0);
  });
});

test("a playlist with the name of a clip does not make ffmpeg connect to a server", async () => {
  let visits = 0;
  const honeypot = createHttpServer((_request, response) => {
    visits++;
    response.end();
  });
  const port = await listenOnLoopback(honeypot);
  await using folder = await temporaryFolder();
  for (const [name, text] of [
    [
      "clip.m3u8",
      `#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://127.0.0.1:${port}/a.ts\n#EXT-X-ENDLIST\n`,
    ],
    ["clip.mp4", `ffconcat version 1.0\nfile 'http://127.0.0.1:${port}/a.mp4'\n`],
  ] as const) {
    const file = join(folder.path, name);
    writeFileSync(file, text);
    await expect(readClip({ camera: "clip", file }, { signal: never }).next()).rejects.toThrow(
      /contains no video/,
    );
  }
  honeypot.close();
  expect(visits).toBe(0);
});

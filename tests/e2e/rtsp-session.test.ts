/** The RTSP client against a real server, GStreamer's, and a real decoder. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { systemClock } from "../../agent/base/clock.ts";
import { ConfigError } from "../../agent/base/errors.ts";
import type { AccessUnit } from "../../agent/camera/rtsp/access-unit.ts";
import { openSession, type SessionStream } from "../../agent/camera/rtsp/session.ts";
import { honestClip } from "../faults/hostile/clips.ts";
import { hasRtspServer, type RtspCamera, startRtspCamera } from "../support/camera/rtsp-camera.ts";
import { makeTestClip, type TestClip } from "../support/camera/test-clip.ts";

const options = { clock: systemClock, signal: new AbortController().signal };
const LOGIN = { user: "ann", password: "p/w" };

const open = (
  { address }: Pick<RtspCamera, "address">,
  transport: SessionStream["transport"] = "auto",
  login = "",
) => openSession({ camera: "door", transport, address: address.replace("//", `//${login}`) }, options);

async function take(units: AsyncIterable<AccessUnit>, count: number): Promise<readonly AccessUnit[]> {
  const taken: AccessUnit[] = [];
  for await (const unit of units) if (taken.push(unit) === count) break;
  return taken;
}

/** @returns the number of frames that ffmpeg decodes from these access units. It ends at the first error. */
function decodedFrames(format: "h264" | "hevc", units: readonly AccessUnit[]): number {
  const input = ["-xerror", "-err_detect", "explode", "-f", format, "-i", "pipe:0"];
  const output = ["-f", "framecrc", "-fps_mode", "passthrough", "pipe:1"];
  const { stdout, status } = spawnSync("ffmpeg", ["-v", "error", "-nostats", ...input, ...output], {
    input: Buffer.concat(units.map(({ data }) => data)),
    encoding: "utf8",
  });
  expect(status).toBe(0);
  return stdout.split("\n").filter((line) => /^\d/.test(line)).length;
}

describe.skipIf(!hasRtspServer())("a session with a real RTSP server", () => {
  let clip: TestClip;
  let folder: string;
  beforeAll(() => {
    clip = makeTestClip({ seconds: 2 });
    folder = mkdtempSync(join(tmpdir(), "sabrewing-session-"));
  });
  afterAll(() => {
    clip[Symbol.dispose]();
    rmSync(folder, { recursive: true });
  });

  test.each(["tcp", "udp"] as const)(
    "delivers whole frames by %s, one client after the other",
    async (transport) => {
      await using camera = await startRtspCamera({ clip: clip.file });
      for (const _ of [1, 2]) {
        await using session = await open(camera, transport);
        expect(session.facts).toMatchObject({
          codec: "H264",
          transport,
          format: { size: { width: 320, height: 240 } },
        });
        const units = await take(session.units(), 25);
        expect(units[0]).toMatchObject({ isKey: true, format: { size: { width: 320, height: 240 } } });
        expect(units.some(({ isDamaged }) => isDamaged)).toBe(false);
        expect(decodedFrames("h264", units)).toBe(25);
      }
    },
  );

  test("logs in by Digest and falls back to UDP", async () => {
    await using camera = await startRtspCamera({
      clip: clip.file,
      ...LOGIN,
      isDigest: true,
      isUdpOnly: true,
    });
    await using session = await open(camera, "auto", "ann:p%2Fw@");
    expect(session.facts).toMatchObject({ transport: "udp", login: "digest", isPasswordExposed: false });
    expect(decodedFrames("h264", await take(session.units(), 12))).toBe(12);
  });

  test("logs in by Basic and says that the password is not encrypted", async () => {
    await using camera = await startRtspCamera({ clip: clip.file, ...LOGIN });
    await using session = await open(camera, "auto", "ann:p%2Fw@");
    expect(session.facts).toMatchObject({ login: "basic", isPasswordExposed: true });
  });

  test("delivers H.265 frames of 3840×2160", async () => {
    await using camera = await startRtspCamera({ clip: honestClip(folder, "h265"), codec: "h265" });
    await using session = await open(camera);
    expect(session.facts).toMatchObject({ codec: "H265", format: { size: { width: 3840, height: 2160 } } });
    expect(decodedFrames("hevc", await take(session.units(), 8))).toBe(8);
  });

  test("is refused with the camera's reason", async () => {
    await using camera = await startRtspCamera({
      clip: clip.file,
      ...LOGIN,
      isDigest: true,
      isUdpOnly: true,
    });
    const failures: readonly (readonly [Parameters<typeof open>, string])[] = [
      [[camera], "asks for a user name and a password"],
      [[camera, "auto", "ann:wrong@"], "refuses this user name or password"],
      [[camera, "tcp", "ann:p%2Fw@"], "does not support this transport (camera: SETUP answered 461"],
      [[{ address: `${camera.address}x` }, "auto", "ann:p%2Fw@"], "has no such stream"],
    ];
    for (const [words, message] of failures) {
      const error: unknown = await open(...words).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(ConfigError);
      expect(String(error)).toContain(`door: the camera ${message}`);
    }
  });
});

import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { explainFailure } from "../../../agent/camera/explain-failure.ts";
import { limitRate, requireSize } from "../../../agent/camera/ffmpeg-filters.ts";

describe("limitRate", () => {
  /** Filters 40 frames at `rate`; `shift` changes their times. @returns the times of the frames that pass, in seconds */
  function passing(fps: number, rate: string, shift = "PTS"): number[] {
    const frames = `testsrc2=size=32x32:rate=${rate},trim=end_frame=40,settb=1/90000,setpts='${shift}'`;
    const shown = spawnSync(
      "ffmpeg",
      `-hide_banner -nostdin -f lavfi -i ${frames},${limitRate(fps)},showinfo -fps_mode passthrough -f null -`.split(
        " ",
      ),
    );
    return [...shown.stderr.toString().matchAll(/pts_time:([-\d.]+)/g)].map(([, time]) => Number(time));
  }

  test("passes every other frame of a stream that is twice as fast", () => {
    const times = passing(5, "10");
    expect(times).toHaveLength(20);
    expect(times.slice(0, 4)).toEqual([0, 0.2, 0.4, 0.6]);
  });

  test("keeps on average a rate that does not divide the stream's", () => {
    // 40 frames at 12.5 per second last 3.2 s: sixteen fifths.
    expect(passing(5, "25/2")).toHaveLength(16);
    expect(passing(7, "30")).toHaveLength(10);
  });

  test("passes all frames of a slower stream and repeats none", () => {
    expect(passing(5, "2")).toHaveLength(40);
  });

  test("passes all frames of a stream with this rate despite jitter", () => {
    expect(passing(5, "5", "PTS+0.015/TB*sin(N*3)")).toHaveLength(40);
  });

  test("passes all frames of a stream with this rate when its delay becomes known better", () => {
    expect(passing(5, "5", "PTS-gte(N,10)*0.045/TB")).toHaveLength(40);
  });

  test("neither drops nor repeats frames when the clock jumps ahead by a year", () => {
    expect(passing(5, "10", "PTS+gte(N,20)*31536000/TB").length).toBeLessThanOrEqual(22);
  });

  test("continues when the clock is set back by an hour", () => {
    const times = passing(5, "10", "PTS+lt(N,20)*3600/TB");
    expect(times.filter((time) => time < 3600).length).toBeGreaterThanOrEqual(9);
  });
});

describe("requireSize", () => {
  const QUIET = ["-hide_banner", "-nostdin", "-loglevel", "error"];
  const FRAMES = 4;

  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "sabrewing-sizes-"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  /** A stream whose frames have these sizes, one after the other. */
  function streamOf(...sizes: readonly string[]): Buffer {
    return Buffer.concat(
      sizes.map((size) => {
        const file = join(folder, `${size}.h264`);
        const source = ["-f", "lavfi", "-i", `testsrc2=size=${size}:rate=5`, "-frames:v", String(FRAMES)];
        execFileSync("ffmpeg", [...QUIET, "-y", ...source, "-c:v", "libx264", "-bf", "0", file]);
        return execFileSync("cat", [file]);
      }),
    );
  }

  function pass(stream: Buffer, filter: string) {
    const out = ["-vf", filter, "-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1"];
    const ended = spawnSync("ffmpeg", [...QUIET, "-threads", "1", "-f", "h264", "-i", "pipe:0", ...out], {
      input: stream,
    });
    return {
      status: ended.status,
      bytes: ended.stdout.length,
      errorLines: ended.stderr.toString().split("\n"),
    };
  }

  test("passes frames of this size unchanged", () => {
    const { status, bytes } = pass(streamOf("320x240"), requireSize({ width: 320, height: 240 }));
    expect({ status, bytes }).toEqual({ status: 0, bytes: FRAMES * 320 * 240 * 3 });
  });

  test.each(["640x240", "160x120", "320x480"])(
    "fails with an explanation when the size changes to %s",
    (other) => {
      const { status, bytes, errorLines } = pass(
        streamOf("320x240", other),
        requireSize({ width: 320, height: 240 }),
      );
      expect(status).not.toBe(0);
      expect(bytes).toBeLessThanOrEqual(FRAMES * 320 * 240 * 3);
      const failure = explainFailure("door", { errorLines, signal: null });
      expect(failure.message).toContain("door: the frame size has changed");
    },
  );
});

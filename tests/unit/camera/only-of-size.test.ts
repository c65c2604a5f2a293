import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { explainFailure } from "../../../agent/camera/explain-failure.ts";
import { onlyOfSize, SizeChanged } from "../../../agent/camera/only-of-size.ts";

const QUIET = ["-hide_banner", "-nostdin", "-loglevel", "error"];
const FRAMES = 4;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "sabrewing-sizes-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A stream that changes its size to each of these in turn. */
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
  return { status: ended.status, bytes: ended.stdout.length, said: ended.stderr.toString().split("\n") };
}

test("pictures of the size that was asked for pass as they are", () => {
  const { status, bytes } = pass(streamOf("320x240"), onlyOfSize(320, 240));
  expect({ status, bytes }).toEqual({ status: 0, bytes: FRAMES * 320 * 240 * 3 });
});

test.each(["640x240", "160x120", "320x480"])("a stream that goes over to %s ends, and says why", (other) => {
  const { status, bytes, said } = pass(streamOf("320x240", other), onlyOfSize(320, 240));
  expect(status).not.toBe(0);
  expect(bytes).toBeLessThanOrEqual(FRAMES * 320 * 240 * 3);
  const failure = explainFailure("door", said);
  expect(failure).toBeInstanceOf(SizeChanged);
  expect(failure.message).toContain("door: the size of its pictures has changed");
});

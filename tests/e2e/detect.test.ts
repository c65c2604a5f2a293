import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { sabrewing } from "../support/agent/sabrewing.ts";
import { hasRtspServer, startRtspCamera } from "../support/camera/rtsp-camera.ts";
import { makeTestClip, type TestClip } from "../support/camera/test-clip.ts";
import { fakeModule } from "../support/detectors/fake-modules.ts";

let folder = "";
let model = "";
let image = "";
let clip: TestClip;

/** The fake module decodes its detections from the first pixels: two objects here, at 10,20 and 11,20. */
const PIXELS = [2, 10, 20, 192, 1];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "sabrewing-detect-"));
  model = join(folder, "fake.wasm");
  writeFileSync(model, fakeModule({ width: 64, height: 32 }));
  image = join(folder, "garden.png");
  const pixels = new Uint8Array(64 * 32 * 3);
  pixels.set(PIXELS);
  await sharp(pixels, { raw: { width: 64, height: 32, channels: 3 } }).toFile(image);
  clip = makeTestClip({ width: 64, height: 48, seconds: 2 });
});
afterAll(() => {
  rmSync(folder, { recursive: true });
  clip[Symbol.dispose]();
});

function jsonLines(text: string): Record<string, unknown>[] {
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
}

test("prints a JSON line per image, with boxes in pixels of the image", async () => {
  const { exitCode, stdout, stderr } = await sabrewing([
    "detect",
    image,
    "--model",
    model,
    "--json",
    "--score",
    "0.5",
  ]);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  expect(jsonLines(stdout)).toEqual([
    {
      input: image,
      width: 64,
      height: 32,
      ms: expect.any(Number),
      detections: [
        { label: "car", score: 0.75, box: [10, 20, 0.5, 0.45] },
        { label: "car", score: 0.75, box: [11, 20, 0.5, 0.45] },
      ],
    },
  ]);
});

test("turns an image upright as its EXIF orientation says", async () => {
  const turned = join(folder, "turned.jpg");
  const blank = { create: { width: 64, height: 32, channels: 3 as const, background: "#000000" } };
  await sharp(blank).withMetadata({ orientation: 6 }).jpeg().toFile(turned);
  const { stdout } = await sabrewing(["detect", turned, "--model", model, "--json"]);
  expect(jsonLines(stdout)).toMatchObject([{ width: 32, height: 64 }]);
});

test("prints a line per frame of a video with its time, and writes JPEGs and a contact sheet", async () => {
  const output = join(folder, "seen");
  const args = [
    "detect",
    clip.file,
    "--model",
    model,
    "--json",
    "--every",
    "0.5",
    "--frames",
    "3",
    "--output",
    output,
  ];
  const { exitCode, stdout } = await sabrewing(args);
  expect(exitCode).toBe(0);
  expect(jsonLines(stdout).map(({ time }) => time)).toEqual([0, 0.5, 1]);
  expect(readdirSync(output).sort()).toEqual([
    "clip-0000.000.jpg",
    "clip-0000.500.jpg",
    "clip-0001.000.jpg",
    "contact-sheet-01.jpg",
  ]);
  expect(await sharp(join(output, "clip-0000.500.jpg")).metadata()).toMatchObject({ width: 64, height: 48 });
});

test("prints a line per object without --json", async () => {
  const { stdout } = await sabrewing(["detect", image, "--model", model]);
  expect(stdout).toMatch(/garden\.png {2}64×32, \d+ ms\n {2}car +0\.75 {3}10,20 to 0,0\n/);
});

test.skipIf(!hasRtspServer())(
  "reads the first frames of a stream and does not show its password",
  async () => {
    await using camera = await startRtspCamera({ clip: clip.file, user: "user", password: "secret" });
    const address = camera.address.replace("rtsp://", "RTSP://user:secret@");
    const { exitCode, stdout } = await sabrewing([
      "detect",
      address,
      "--model",
      model,
      "--json",
      "--frames",
      "2",
    ]);
    expect(exitCode).toBe(0);
    expect(jsonLines(stdout)).toMatchObject([
      { time: 0, width: 64, height: 48 },
      { width: 64, height: 48 },
    ]);
    expect(stdout).not.toContain("secret");
  },
);

test("rotates images and frames by --rotate", async () => {
  const rotated = ["--model", model, "--json", "--rotate", "90", "--frames", "1"];
  const { stdout } = await sabrewing(["detect", image, clip.file, ...rotated]);
  expect(jsonLines(stdout)).toMatchObject([
    { width: 32, height: 64 },
    { width: 48, height: 64 },
  ]);
  const { exitCode, stderr } = await sabrewing(["detect", image, "--model", model, "--rotate", "45"]);
  expect(exitCode).toBe(64);
  expect(stderr).toContain("Expected 0, 90, 180 or 270.");
});

test("lists all missing inputs", async () => {
  const { exitCode, stderr } = await sabrewing([
    "detect",
    "/nowhere/a.jpg",
    image,
    "/nowhere/b.mp4",
    "-m",
    model,
  ]);
  expect(exitCode).toBe(78);
  expect(stderr).toContain("no such files: /nowhere/a.jpg, /nowhere/b.mp4");
});

test("suggests to pull a model if there is none", async () => {
  const empty = join(folder, "empty");
  mkdirSync(empty);
  const { exitCode, stderr } = await sabrewing(["detect", image], { ...process.env, SABREWING_HOME: empty });
  expect(exitCode).toBe(78);
  expect(stderr).toContain("sabrewing pull yolov5n");
});

test("uses the newest module in $SABREWING_HOME without --model", async () => {
  const { exitCode, stdout } = await sabrewing(["detect", image, "--json"], {
    ...process.env,
    SABREWING_HOME: folder,
  });
  expect(exitCode).toBe(0);
  expect(jsonLines(stdout)).toHaveLength(1);
});

test("names a missing model file", async () => {
  const { exitCode, stderr } = await sabrewing(["detect", image, "--model", "/nowhere/m.wasm"]);
  expect(exitCode).toBe(78);
  expect(stderr).toContain("/nowhere/m.wasm");
});

test("refuses a score that is not a number", async () => {
  const { exitCode, stderr } = await sabrewing(["detect", image, "--score", "high"]);
  expect(exitCode).toBe(64);
  expect(stderr).toContain("Expected a number from 0 to 1.");
});

test("reads every image and video of a folder, and files that are named with file:", async () => {
  const media = join(folder, "11:00 media");
  mkdirSync(join(media, "inner"), { recursive: true });
  copyFileSync(image, join(media, "a.png"));
  copyFileSync(clip.file, join(media, "b:1.mp4"));
  writeFileSync(join(media, "notes.txt"), "not an image");
  const all = ["--model", model, "--json", "--frames", "1"];
  const { exitCode, stdout } = await sabrewing(["detect", media, `file:${image}`, ...all]);
  expect(exitCode).toBe(0);
  expect(jsonLines(stdout).map(({ input }) => input)).toEqual([
    join(media, "a.png"),
    join(media, "b:1.mp4"),
    `file:${image}`,
  ]);
  const empty = await sabrewing(["detect", join(media, "inner"), ...all]);
  expect(empty.stderr).toContain(`no image or clip in the folder ${join(media, "inner")}`);
  expect(empty.exitCode).toBe(78);
});

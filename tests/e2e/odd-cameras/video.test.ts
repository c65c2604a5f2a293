/** Cameras whose video is unusual: each comes on with whole frames of the right size, or says why not. */
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type TemporaryFolder, temporaryFolder } from "../../support/base/temporary-folder.ts";
import { on, play, startHostileCamera } from "../../support/camera/hostile-camera.ts";
import { type GstCameras, startGstCameras } from "../../support/camera/odd/gst-cameras.ts";
import { H264, h265, halfOf, makeOddClip, SIZE } from "../../support/camera/odd/odd-clips.ts";
import { startOddProxy } from "../../support/camera/odd/odd-proxy.ts";
import { describedAs } from "../../support/camera/odd/reply-habits.ts";
import { comesOn, failureOf, take } from "../../support/camera/odd/watch.ts";
import { hasRtspServer, startRtspCamera } from "../../support/camera/rtsp-camera.ts";

const BIG = { width: 320, height: 240 };
const PHOTOS = ["-c:v", "mjpeg", "-huffman", "default", "-pix_fmt", "yuvj420p", "-q:v", "3"];

const CLIPS = {
  "baseline.mp4": { options: [...H264, "-profile:v", "baseline"] },
  "main.mp4": { options: [...H264, "-profile:v", "main"] },
  "high.mp4": { options: [...H264, "-profile:v", "high"] },
  "b-frames.mp4": { options: ["-c:v", "libx264", "-preset", "medium", "-g", "20", "-bf", "3"] },
  "interlaced.mp4": { options: [...H264, "-flags", "+ildct+ilme", "-x264opts", "tff=1"] },
  "h265.mp4": { options: h265(10) },
  "h265-8-s.mp4": { options: h265(80) },
  "photos.mov": { options: PHOTOS },
  "big-photos.mov": { options: PHOTOS, size: BIG },
  "mpeg4.mp4": { options: ["-c:v", "mpeg4", "-q:v", "3", "-g", "10"] },
  "vp8.webm": { options: ["-c:v", "libvpx", "-deadline", "realtime", "-b:v", "500k", "-g", "10"] },
  "half-width.mp4": { options: [...H264], filters: "scale=80:120,setsar=2/1" },
  "upside.mp4": { options: [...H264, "-bsf:v", "h264_metadata=display_orientation=insert:rotate=90"] },
  "big.mp4": { options: [...H264], size: BIG, filters: "negate" },
  "short.mp4": { options: [...H264], seconds: 3 },
  "short-big.mp4": { options: [...H264], size: BIG, seconds: 4 },
} as const;
type Clip = keyof typeof CLIPS;

const PARSERS = { h264: "h264parse", h265: "h265parse", mjpeg: "jpegparse", mpeg4: "mpeg4videoparse" };
const PAYLOADERS = {
  h264: "rtph264pay config-interval=1",
  h265: "rtph265pay config-interval=1",
  mjpeg: "rtpjpegpay",
  mpeg4: "rtpmp4vpay config-interval=1",
};
const TONE = "audiotestsrc is-live=true ! audio/x-raw,rate=8000,channels=1";
const G711 = `${TONE} ! alawenc ! rtppcmapay pt=8`;

/**
 * GStreamer sends nothing in up to one of three sessions in which not all tracks are played. The agent reopens the stream as well, but
 * only after ten seconds of its clock, which is hurried here.
 */
async function ofSomeTracks<T>(watch: (hurry: number) => Promise<T>, attempts = 8): Promise<T> {
  try {
    return await watch(5);
  } catch (error) {
    if (attempts === 1) throw error;
    return ofSomeTracks(watch, attempts - 1);
  }
}

/** A track of a clip, as the n-th of the camera. */
function track(file: string, codec: keyof typeof PARSERS, index = 0): string {
  const type = codec === "mjpeg" ? 26 : 96 + index;
  return `filesrc location=${file} ! qtdemux ! ${PARSERS[codec]} ! ${PAYLOADERS[codec]} name=pay${index} pt=${type}`;
}

describe.skipIf(!hasRtspServer())("cameras with odd video", { concurrent: true }, () => {
  let folder: TemporaryFolder;
  let clips: Record<Clip, string>;
  let cameras: GstCameras<
    | Exclude<Clip, "short.mp4" | "short-big.mp4" | "big.mp4" | "big-photos.mov" | "h265-8-s.mp4">
    | "two-tracks"
    | "with-photos"
    | "with-g711"
    | "with-aac"
    | "audio-only"
  >;

  beforeAll(async () => {
    folder = await temporaryFolder();
    const made: [string, string][] = [];
    for (const [file, recipe] of Object.entries(CLIPS))
      made.push([file, await makeOddClip(folder.path, { file, ...recipe })]);
    clips = Object.fromEntries(made) as Record<Clip, string>;
    cameras = await startGstCameras({
      "baseline.mp4": { launch: track(clips["baseline.mp4"], "h264") },
      "main.mp4": { launch: track(clips["main.mp4"], "h264") },
      "high.mp4": { launch: track(clips["high.mp4"], "h264") },
      "b-frames.mp4": { launch: track(clips["b-frames.mp4"], "h264") },
      "interlaced.mp4": { launch: track(clips["interlaced.mp4"], "h264") },
      "h265.mp4": { launch: track(clips["h265.mp4"], "h265") },
      "photos.mov": { launch: track(clips["photos.mov"], "mjpeg") },
      "mpeg4.mp4": { launch: track(clips["mpeg4.mp4"], "mpeg4") },
      "vp8.webm": {
        launch: `filesrc location=${clips["vp8.webm"]} ! matroskademux ! rtpvp8pay name=pay0 pt=96`,
      },
      "half-width.mp4": { launch: track(clips["half-width.mp4"], "h264") },
      "upside.mp4": { launch: track(clips["upside.mp4"], "h264") },
      "two-tracks": { launch: `${track(clips["main.mp4"], "h264")} ${track(clips["big.mp4"], "h264", 1)}` },
      "with-photos": {
        launch: `${track(clips["big-photos.mov"], "mjpeg")} ${track(clips["main.mp4"], "h264", 1)}`,
      },
      "with-g711": { launch: `${track(clips["main.mp4"], "h264")} ${G711} name=pay1` },
      "with-aac": {
        launch: `${track(clips["main.mp4"], "h264")} ${TONE} ! voaacenc ! rtpmp4gpay name=pay1 pt=97`,
      },
      "audio-only": { launch: `${G711} name=pay0` },
    });
  });
  afterAll(async () => {
    await cameras[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  });

  for (const [what, name] of [
    ["H.264 baseline", "baseline.mp4"],
    ["H.264 main", "main.mp4"],
    ["H.264 high", "high.mp4"],
    ["interlaced H.264", "interlaced.mp4"],
    ["H.265", "h265.mp4"],
    ["MJPEG", "photos.mov"],
    ["MPEG-4", "mpeg4.mp4"],
    ["VP8", "vp8.webm"],
  ] as const) {
    test(`${what} comes on`, async () => {
      await comesOn(cameras.address(name));
    });
  }

  test("a stream with B frames delivers its frames in the order of display", async () => {
    const frames = await comesOn(cameras.address("b-frames.mp4"), { count: 12, fps: 10 });
    const right = frames.map((frame) => halfOf(frame, "right").brightness);
    expect(right).toEqual(right.toSorted((a, b) => a - b));
  });

  test("pixels of double width make a frame of the shape in which it is shown", async () => {
    const [frame] = await take(cameras.address("half-width.mp4"), { count: 1 });
    expect((frame?.width ?? 0) / (frame?.height ?? 1)).toBeCloseTo(4 / 3, 1);
  });

  test("a stream that is marked as rotated comes on upright", async () => {
    const [frame] = await take(cameras.address("upside.mp4"), { count: 1 });
    expect(frame).toMatchObject({ width: SIZE.height, height: SIZE.width });
    // By 90° anticlockwise: the white half is at the bottom.
    const mean = (values: Uint8Array) => values.reduce((sum, value) => sum + value, 0) / values.length;
    const { planes = new Uint8Array(), width = 0, height = 0 } = frame ?? {};
    expect(mean(planes.subarray(0, (width * height) / 2))).toBeLessThan(150);
    expect(mean(planes.subarray((width * height) / 2, width * height))).toBeGreaterThan(200);
  });

  test("H.265 that is joined between two key frames begins with a whole frame", async () => {
    await using camera = await startRtspCamera({ clip: clips["h265-8-s.mp4"], codec: "h265" });
    const joinLater = delay(3_000).then(() => comesOn(camera.address));
    // The stream begins with its first client.
    await Promise.all([take(camera.address, { count: 45 }), joinLater]);
  });

  test("a size that changes in the stream does not end it when a size is asked for", async () => {
    await using camera = await startHostileCamera(
      on("PLAY", play(clips["short.mp4"], clips["short-big.mp4"])),
    );
    const address = `rtsp://127.0.0.1:${camera.port}/cam`;
    await comesOn(address, { count: 22, size: SIZE });
  });

  test("a size that changes in the stream is followed, or ends it with that reason", async () => {
    await using camera = await startHostileCamera(
      on("PLAY", play(clips["short.mp4"], clips["short-big.mp4"])),
    );
    const address = `rtsp://127.0.0.1:${camera.port}/cam`;
    const sizes = take(address, { count: 22 }).then(
      (frames) => frames.at(-1)?.width,
      (error: Error) => error.message,
    );
    expect([BIG.width, expect.stringContaining("the frame size has changed")]).toContainEqual(await sizes);
  });

  test("a camera that comes back with another codec and size comes on again", async () => {
    const before = await startRtspCamera({ clip: clips["main.mp4"] });
    await comesOn(before.address, { size: SIZE });
    await before[Symbol.asyncDispose]();
    await using after = await startRtspCamera({ clip: clips["h265.mp4"], codec: "h265", port: before.port });
    await comesOn(after.address, { size: SIZE });
  });

  test("of two H.264 tracks the first is read by default", async () => {
    await ofSomeTracks((hurry) => comesOn(cameras.address("two-tracks"), { hurry }));
  });

  test("of two H.264 tracks the one with the requested size is read", async () => {
    const [frame] = await ofSomeTracks((hurry) =>
      take(cameras.address("two-tracks"), { size: BIG, count: 1, hurry }),
    );
    if (frame === undefined) throw new Error("no frame");
    expect(frame).toMatchObject(BIG);
    // Of the two tracks only this one has a dark left half.
    expect(halfOf(frame, "left").brightness).toBeLessThan(60);
  });

  test("H.264 is preferred to MJPEG, whatever their order", async () => {
    const address = cameras.address("with-photos");
    await ofSomeTracks((hurry) => comesOn(address, { hurry }));
  });

  for (const [what, name] of [
    ["G.711", "with-g711"],
    ["AAC", "with-aac"],
  ] as const) {
    test(`video with ${what} audio comes on`, async () => {
      await ofSomeTracks((hurry) => comesOn(cameras.address(name), { hurry }));
    });
  }

  test("a stream without video says so", async () => {
    const { kind, message } = await failureOf(cameras.address("audio-only"));
    expect(message).toMatch(/no video/);
    expect(kind).toBe("config");
  });

  test("metadata in front of the video track does not disturb", async () => {
    const metadata =
      "m=application 0 RTP/AVP 107\r\na=rtpmap:107 vnd.onvif.metadata/90000\r\na=control:metadata\r\n";
    await using proxy = await startOddProxy(
      cameras.port("main.mp4"),
      describedAs((sdp) => sdp.replace("m=video", `${metadata}m=video`)),
    );
    await comesOn(proxy.address);
  });
});

/** Cameras whose RTP packets are unusual: each comes on and stays on, or says why not. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type TemporaryFolder, temporaryFolder } from "../../support/base/temporary-folder.ts";
import { type GstCameras, startGstCameras } from "../../support/camera/odd/gst-cameras.ts";
import { H264, halfOf, makeOddClip } from "../../support/camera/odd/odd-clips.ts";
import { type Habit, startOddProxy } from "../../support/camera/odd/odd-proxy.ts";
import {
  allMarkers,
  closesAfter,
  exchanged,
  jump,
  losing,
  silentAfter,
  twice,
  withoutKeyFrames,
  withTimes,
  wrap,
} from "../../support/camera/odd/packet-habits.ts";
import { describedAs } from "../../support/camera/odd/reply-habits.ts";
import { comesOn, failureOf, take, type Watching } from "../../support/camera/odd/watch.ts";
import { hasRtspServer } from "../../support/camera/rtsp-camera.ts";

const BIG = { width: 640, height: 480 };
const WITHOUT_SETS = describedAs((sdp) => sdp.replace(/;sprop-parameter-sets=[^;\r]*/, ""));

/** At 10 frames per second, of which 5 are asked for: behind the middle of each habit that changes at 1.5 s. */
const LONG = { count: 14 };
const CHANGES_AFTER_S = 1.5;

interface Row {
  readonly camera: string;
  readonly habit: Habit;
  readonly watching?: Watching;
}

const COMES_ON: readonly Row[] = [
  { camera: "RTP time that stands still", habit: withTimes(() => () => 0), watching: LONG },
  {
    camera: "random RTP time",
    habit: withTimes(() => () => Math.floor(Math.random() * 2 ** 32)),
    watching: LONG,
  },
  { camera: "RTP time that jumps back by 1000 s", habit: jump(-1000, CHANGES_AFTER_S), watching: LONG },
  { camera: "RTP time that jumps forward by 1000 s", habit: jump(1000, CHANGES_AFTER_S), watching: LONG },
  { camera: "RTP time that wraps", habit: wrap(CHANGES_AFTER_S), watching: LONG },
  { camera: "no marker bits", habit: allMarkers(false) },
  { camera: "a marker bit in every packet", habit: allMarkers(true) },
  { camera: "no parameter sets in its description", habit: WITHOUT_SETS },
];

describe.skipIf(!hasRtspServer())("cameras with odd packets", { concurrent: true }, () => {
  let folder: TemporaryFolder;
  let cameras: GstCameras<"ordinary" | "sets-in-sdp" | "huge" | "1" | "0.5" | "0.2">;

  beforeAll(async () => {
    folder = await temporaryFolder();
    const clip = (file: string, more: object = {}) =>
      makeOddClip(folder.path, { file, options: H264, ...more });
    const ordinary = await clip("ordinary.mp4");
    const noise = { size: BIG, filters: "noise=alls=12:allf=t" };
    cameras = await startGstCameras({
      ordinary: { launch: packets(ordinary) },
      "sets-in-sdp": { launch: packets(ordinary, "config-interval=0") },
      huge: { launch: packets(await clip("noise.mp4", noise), "config-interval=1 mtu=64000") },
      "1": { launch: packets(await clip("1.mp4", { fps: 1 })) },
      "0.5": { launch: packets(await clip("0.5.mp4", { fps: 0.5, seconds: 40 })) },
      "0.2": { launch: packets(await clip("0.2.mp4", { fps: 0.2, seconds: 100 })) },
    });
  });
  afterAll(async () => {
    await cameras[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  });

  /** The ordinary camera with a habit. */
  const odd = (habit: Habit) => startOddProxy(cameras.port("ordinary"), habit);

  for (const { camera, habit, watching } of COMES_ON) {
    test(`${camera}: comes on and stays on`, async () => {
      await using proxy = await odd(habit);
      await comesOn(proxy.address, watching);
    });
  }

  test("parameter sets in its description only: comes on", async () => {
    await comesOn(cameras.address("sets-in-sdp"));
  });

  for (const rate of ["1", "0.5", "0.2"] as const) {
    test(`${rate} frames per second: comes on and stays on`, async () => {
      await comesOn(cameras.address(rate), { count: 3 });
    });
  }

  test("RTP packets of 64 kB: comes on", async () => {
    await comesOn(cameras.address("huge"), {}, BIG);
  });

  test("a description without parameter sets and UDP that loses packets: comes on and stays on", async () => {
    await using proxy = await odd({ ...WITHOUT_SETS, ...losing(7), udp: "refuses TCP" });
    await take(proxy.address, { count: 6 });
  });

  test("packets that are lost on TCP: comes on and stays on", async () => {
    await using proxy = await odd(losing(7));
    await take(proxy.address, { count: 6 });
  });

  test("UDP packets that arrive twice: comes on with each frame once", async () => {
    await using proxy = await odd({ ...twice(), udp: "refuses TCP" });
    expectOrder(await comesOn(proxy.address, { count: 8, fps: 10 }));
  });

  test("UDP packets that arrive in another order: comes on with whole frames in their order", async () => {
    await using proxy = await odd({ ...exchanged(), udp: "refuses TCP" });
    expectOrder(await comesOn(proxy.address, { count: 8, fps: 10 }));
  });

  test("no key frame: says so", async () => {
    await using proxy = await odd(withoutKeyFrames());
    const { message, remedy } = await failureOf(proxy.address, { hurry: 20 });
    expect(message).toMatch(/no key frame/);
    expect(remedy).toMatch(/key frame|I.frame/i);
  });

  test("a stream that falls silent: frames, and then the reason", async () => {
    await using proxy = await odd(silentAfter(1.5));
    const { kind, message } = await failureOf(proxy.address, { hurry: 4 });
    expect(kind).toBe("transient");
    expect(message).toMatch(/frozen, no video for 10 s/);
  });

  test("a stream that the camera closes: frames, and then the reason", async () => {
    await using proxy = await odd(closesAfter(1.5));
    await comesOn(proxy.address);
    const { kind, message } = await failureOf(proxy.address);
    expect(kind).toBe("transient");
    expect(message).toMatch(/clos|ended/);
  });
});

/** Each frame is brighter than the one before. */
function expectOrder(frames: readonly Parameters<typeof halfOf>[0][]): void {
  const right = frames.map((frame) => halfOf(frame, "right").brightness);
  for (const [index, brightness] of right.entries())
    if (index > 0) expect(brightness).toBeGreaterThan(right[index - 1] ?? 0);
}

function packets(file: string, options = "config-interval=1"): string {
  return `filesrc location=${file} ! qtdemux ! h264parse ! rtph264pay name=pay0 pt=96 ${options}`;
}

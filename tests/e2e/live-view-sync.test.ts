/** Boxes lie on the object in the frame that is shown, also when the video or the detector is slow. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { systemClock } from "../../agent/base/clock.ts";
import { newestOnly } from "../../agent/base/newest-only.ts";
import type { TimedUnit } from "../../agent/camera/decode-plan.ts";
import { readCamera } from "../../agent/camera/read-camera.ts";
import { eventIds } from "../../agent/events/event-id.ts";
import { newerSighting, watchMotion } from "../../agent/motion/watch-motion.ts";
import { openLiveView } from "../../agent/view/live/open-live-view.ts";
import { watchCamera } from "../../agent/watch-camera.ts";
import type { Detector } from "../../detectors/detector.ts";
import { recordingLog } from "../support/agent/log-lines.ts";
import { door } from "../support/agent/small-config.ts";
import { temporaryFolder } from "../support/base/temporary-folder.ts";
import { findChromium, startChromium } from "../support/browser/chromium.ts";
import { hasRtspServer, startRtspCamera } from "../support/camera/rtsp-camera.ts";
import { SMALL_MODEL, scriptedDetector } from "../support/detectors/scripted-detector.ts";
import { quietSources, viewConfig } from "../support/view/quiet-sources.ts";
import { reportOf } from "../support/view/report-of.ts";

const TOKEN = "0123456789abcdef";
const SIZE = { width: 640, height: 360 } as const;
/** A white block of 60×100 pixels swings on dark ground. */
interface Swing {
  readonly seconds: number;
}
/** At up to 377 pixels per second. */
const FAST: Swing = { seconds: 4 };
/** At up to 116 pixels per second: the tracker follows it from one slow detection to the next. */
const SLOW: Swing = { seconds: 13 };
const INPUT = { ...SMALL_MODEL.input, width: 320, height: 192 };
/** Pixels of the frame. A box that is late by half a second would be off by up to 190, or 58 where the block is slow. */
const TOLERANCE = 30;

/** Finds the white block, and takes this much time for it. */
function blockDetector(takesMs: number): Detector {
  return {
    ...scriptedDetector([]),
    model: { ...SMALL_MODEL, input: INPUT },
    async detect(pixels) {
      await systemClock.sleep(takesMs);
      const columns = new Set<number>();
      const rows = new Set<number>();
      for (let at = 0; at < INPUT.width * INPUT.height; at++) {
        if ((pixels[3 * at] ?? 0) < 160) continue;
        columns.add(at % INPUT.width);
        rows.add(Math.floor(at / INPUT.width));
      }
      if (columns.size < 4) return { detections: [], inferenceMs: takesMs };
      const [left, right, top, bottom] = [columns, rows].flatMap((one) => [
        Math.min(...one),
        Math.max(...one) + 1,
      ]);
      const box = [left ?? 0, top ?? 0, right ?? 0, bottom ?? 0] as const;
      return { detections: [{ label: "person", score: 0.9, box }], inferenceMs: takesMs };
    },
  };
}

async function openScene(
  stack: AsyncDisposableStack,
  { seconds }: Swing,
  detectorMs: number,
): Promise<string> {
  const folder = stack.use(await temporaryFolder());
  const clip = join(folder.path, "block.mp4");
  const coded = ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-bf", "0", "-g", "25", clip];
  const scene = [
    `color=0x303030:s=640x360:r=25[ground]`,
    `color=white:s=60x100:r=25[block]`,
    `[ground][block]overlay=x='290+240*sin(2*PI*t/${seconds})':y=130`,
  ].join(";");
  const lasting = ["-t", String(2 * seconds)];
  execFileSync("ffmpeg", ["-v", "error", "-f", "lavfi", "-i", scene, ...lasting, ...coded]);
  const rtsp = stack.use(await startRtspCamera({ clip }));
  const camera = door("objects: {track: [person]}");
  const stopping = new AbortController();
  const { signal } = stopping;
  const detector = blockDetector(detectorMs);
  const view = stack.use(
    await openLiveView(viewConfig(TOKEN), [camera], {
      ...quietSources([camera]),
      clock: systemClock,
      log: recordingLog().log,
      random: Math.random,
      signal,
      detector,
      version: "1.2.3",
    }),
  );
  view.reportHealth(() => reportOf([camera]));
  const stream = { camera: "door", address: rtsp.address, transport: "auto", size: SIZE, fps: 5 } as const;
  const onUnit = (unit: TimedUnit) => view.receive("door", unit);
  const frames = view.tap(readCamera(stream, { clock: systemClock, signal, onUnit }));
  const sightings = newestOnly(
    watchMotion(frames, () => camera.motion, 200),
    newerSighting,
  );
  const outcomes = watchCamera(sightings, camera, {
    detector,
    prefix: "sabrewing",
    signal,
    newId: eventIds(Math.random),
    startMs: Date.now(),
  });
  const showing = (async () => {
    for await (const outcome of outcomes) await view.show("door", outcome);
  })();
  stack.defer(() => showing);
  stack.defer(() => stopping.abort());
  return `http://127.0.0.1:${view.port}/?token=${TOKEN}`;
}

interface Seen {
  /** The horizontal centre of the block, pixels of the frame. */
  readonly block: number | undefined;
  /** The centre of the box that is drawn; undefined if there is none. */
  readonly box: number | undefined;
}

/** Finds the block and its box in what the page shows. Only the box has a colour. */
async function look(page: Page): Promise<Seen> {
  const stage = await page.locator("#cameras .stage").boundingBox();
  if (stage === null) throw new Error("expected the camera to be there");
  const shot = await page.screenshot({ clip: stage });
  const { width, height } = SIZE;
  const rgb = await sharp(shot).resize(width, height, { fit: "fill" }).removeAlpha().raw().toBuffer();
  const white: number[] = [];
  const coloured: number[] = [];
  // The rows of the block without its ends: the label of the box is above it.
  for (let y = 150; y < 210; y++) {
    for (let x = 0; x < width; x++) {
      const [red = 0, green = 0, blue = 0] = rgb.subarray(3 * (y * width + x));
      const most = Math.max(red, green, blue);
      const least = Math.min(red, green, blue);
      if (least > 180) white.push(x);
      else if (most - least > 90) coloured.push(x);
    }
  }
  const centre = (all: readonly number[]) =>
    all.length < 20 ? undefined : (Math.min(...all) + Math.max(...all)) / 2;
  return { block: centre(white), box: centre(coloured) };
}

const chromium = findChromium();

describe.skipIf(chromium === undefined || !hasRtspServer())(
  "boxes belong to the frame on which they lie",
  () => {
    let browser: Browser;
    beforeAll(async () => {
      browser = await startChromium(chromium ?? "");
    });
    afterAll(() => browser.close());

    test.each([
      ["as a rule", { swing: FAST, detectorMs: 20, videoMs: 0, playing: true }],
      ["with a slow detector", { swing: SLOW, detectorMs: 700, videoMs: 0, playing: true }],
      ["with video that is two seconds late", { swing: FAST, detectorMs: 20, videoMs: 2_000, playing: true }],
      [
        "without video, on stills",
        { swing: FAST, detectorMs: 300, videoMs: Number.POSITIVE_INFINITY, playing: false },
      ],
    ])("%s", { timeout: 120_000 }, async (_, { swing, detectorMs, videoMs, playing }) => {
      await using stack = new AsyncDisposableStack();
      const address = await openScene(stack, swing, detectorMs);
      const page = stack.use(await browser.newPage({ viewport: { width: 1100, height: 700 } }));
      await page.routeWebSocket(/\/video$/, (socket) => {
        if (videoMs === Number.POSITIVE_INFINITY) return;
        const server = socket.connectToServer();
        server.onMessage((part) => void setTimeout(() => socket.send(part), videoMs));
      });
      await page.goto(address, { timeout: 60_000 });
      for (const layer of ["Tracks", "Zones", "Motion"]) await page.getByLabel(layer).uncheck();
      await page
        .locator(playing ? ".camera[data-playing]" : ".camera[data-live]")
        .waitFor({ timeout: 60_000 });
      await page.getByText("person 1").waitFor({ timeout: 60_000 });

      const seen: Seen[] = [];
      const boxes = () => seen.filter(({ box }) => box !== undefined);
      const travelled = () => {
        const places = boxes().map(({ block = 0 }) => block);
        return Math.max(...places) - Math.min(...places);
      };
      for (let tries = 0; tries < 90 && !(boxes().length >= 20 && travelled() > 200); tries++) {
        await systemClock.sleep(130);
        seen.push(await look(page));
      }
      expect(boxes().length).toBeGreaterThanOrEqual(20);
      const apart = boxes().map(({ block = Number.NaN, box = Number.NaN }) => Math.round(box - block));
      expect(apart.filter((pixels) => !(Math.abs(pixels) <= TOLERANCE))).toEqual([]);
      expect(travelled()).toBeGreaterThan(200);
    });
  },
);

import { ConfigError } from "../../base/errors.ts";
import type { RgbImage } from "../../base/rgb-image.ts";
import type { Outcome } from "../../outcome.ts";
import { rgbOf } from "../../preprocess/rgb.ts";
import { drawnSize, drawScene } from "../../view/draw-scene.ts";
import type { EventLine } from "../../view/scene.ts";
import { createVideo, type VideoFile } from "../../view/video-file.ts";
import type { WatchedCamera } from "../../watch-camera.ts";
import { eventLine, type ReplayedFrame, sceneOf, setupOf } from "./scene.ts";

/** The video of a replay while it is written. Disposing it before `finish` deletes it. */
export interface ReplayVideo extends AsyncDisposable {
  add(outcome: Outcome): Promise<void>;
  /** Repeats the last frame for a moment, with the events at the end of the clip. */
  finish(): Promise<void>;
}

/** Number of event lines on the panel. */
const LINES_KEPT = 3;
const CLOSING_SECONDS = 2;

/** Writes an MP4 of a replay with everything drawn in: all frames of the clip at the camera's frame rate. */
export function replayVideo(file: string, camera: WatchedCamera): ReplayVideo {
  const { fps } = camera.detect;
  const setup = setupOf(camera);
  let news: readonly EventLine[] = [];
  let video: VideoFile | undefined;
  let written = 0;
  let last: { readonly frame: ReplayedFrame; readonly image: RgbImage; readonly drawn: RgbImage } | undefined;

  async function write(into: VideoFile, { pixels }: RgbImage, untilFrame: number): Promise<void> {
    for (; written < untilFrame; written++) await into.add(pixels);
  }

  return {
    async add({ frame, seen, events, timeMs }) {
      news = [...events.map(eventLine).reverse(), ...news].slice(0, LINES_KEPT);
      if (frame === undefined) return;
      const { width, height, sequence } = frame;
      video ??= await createVideo(file, { ...drawnSize(frame), fps });
      // Skipped frames repeat the previous one, so that the video keeps the clip's time.
      if (last !== undefined) await write(video, last.drawn, sequence);
      const replayed = { width, height, timeMs, seen };
      const image = rgbOf(frame);
      const drawn = await drawScene(image, sceneOf(replayed, camera, setup, news));
      await write(video, drawn, sequence + 1);
      last = { frame: replayed, image, drawn };
    },
    async finish() {
      if (video === undefined || last === undefined) {
        throw new ConfigError(
          `${file} is not written: no frame of the clip was analysed`,
          "Set detect.enabled to true for the camera.",
        );
      }
      const drawn = await drawScene(last.image, sceneOf(last.frame, camera, setup, news));
      await write(video, drawn, written + Math.ceil(CLOSING_SECONDS * fps));
      await video.finish();
    },
    async [Symbol.asyncDispose]() {
      await video?.[Symbol.asyncDispose]();
    },
  };
}

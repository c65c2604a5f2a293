import { ConfigError } from "../../base/errors.ts";
import type { RgbImage } from "../../base/rgb-image.ts";
import { rgbOf } from "../../preprocess/rgb.ts";
import { drawnSize, drawScene } from "../../view/draw-scene.ts";
import type { NewsLine } from "../../view/scene.ts";
import { createVideo, type VideoFile } from "../../view/video-file.ts";
import type { Outcome, WatchedCamera } from "../../watch-camera.ts";
import { newsLine, type ReplayedFrame, sceneOf, setupOf } from "./scene-lines.ts";

/** The video of a replay while it is made. Leaving its scope before `finish` throws it away. */
export interface ReplayVideo extends AsyncDisposable {
  add(outcome: Outcome): Promise<void>;
  /** Shows the last picture a little longer, with what the end of the clip led to. */
  finish(): Promise<void>;
}

/** Lines about events kept for the panel. */
const NEWS_KEPT = 3;
const CLOSING_SECONDS = 2;

/** Makes an MP4 of a replay: as many pictures as the clip has at the camera's frame rate, everything drawn in. */
export function replayVideo(file: string, camera: WatchedCamera): ReplayVideo {
  const { fps } = camera.detect;
  const setup = setupOf(camera);
  let news: readonly NewsLine[] = [];
  let video: VideoFile | undefined;
  let pictures = 0;
  let last:
    | { readonly frame: ReplayedFrame; readonly picture: RgbImage; readonly drawn: RgbImage }
    | undefined;

  async function write(into: VideoFile, { pixels }: RgbImage, untilPictures: number): Promise<void> {
    for (; pictures < untilPictures; pictures++) await into.add(pixels);
  }

  return {
    async add({ frame, seen, events, timeMs }) {
      news = [...events.map(newsLine).reverse(), ...news].slice(0, NEWS_KEPT);
      if (frame === undefined) return;
      const { width, height, sequence } = frame;
      video ??= await createVideo(file, { ...drawnSize(frame), fps });
      // Frames that were not looked at are shown as the last one was, so that the video keeps the clip's time.
      if (last !== undefined) await write(video, last.drawn, sequence);
      const replayed = { width, height, timeMs, seen };
      const picture = rgbOf(frame);
      const drawn = await drawScene(picture, sceneOf(replayed, camera, setup, news));
      await write(video, drawn, sequence + 1);
      last = { frame: replayed, picture, drawn };
    },
    async finish() {
      if (video === undefined || last === undefined) {
        throw new ConfigError(
          `${file} is not written: no frame of the clip was looked at`,
          "Set detect.enabled to true for the camera.",
        );
      }
      const drawn = await drawScene(last.picture, sceneOf(last.frame, camera, setup, news));
      await write(video, drawn, pictures + Math.ceil(CLOSING_SECONDS * fps));
      await video.finish();
    },
    async [Symbol.asyncDispose]() {
      await video?.[Symbol.asyncDispose]();
    },
  };
}

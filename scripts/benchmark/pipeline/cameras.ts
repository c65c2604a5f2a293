import { type Camera, startCamera } from "../../demonstration/camera.ts";

/** The stream of a camera and the camera's name. */
export interface WatchedStream {
  readonly name: string;
  readonly url: string;
}

/** RTSP servers, started on demand. */
export interface Cameras extends AsyncDisposable {
  /** The first `count` cameras. */
  first(count: number): Promise<readonly WatchedStream[]>;
}

/** Seconds of the clip between one camera and the next, so that no two show the same frame. */
const APART_SECONDS = 53;

/** Cameras that play these clips in turn. A stream begins with its first client. */
export function openCameras(clips: readonly string[]): Cameras {
  const started: Promise<Camera>[] = [];
  return {
    async first(count) {
      for (let index = started.length; index < count; index++) {
        const clip = clips[index % clips.length] ?? "";
        started.push(startCamera(clip, 0, index * APART_SECONDS));
      }
      const cameras = await Promise.all(started.slice(0, count));
      return cameras.map(({ url }, index) => ({ name: `camera${index + 1}`, url }));
    },
    async [Symbol.asyncDispose]() {
      const settled = await Promise.allSettled(started);
      await Promise.all(
        settled.map((camera) =>
          camera.status === "fulfilled" ? camera.value[Symbol.asyncDispose]() : undefined,
        ),
      );
    },
  };
}

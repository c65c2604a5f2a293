import { type Camera, startCamera } from "../../demonstration/camera.ts";

/** A stream, and how its camera is called. */
export interface WatchedStream {
  readonly name: string;
  readonly url: string;
}

/** RTSP servers, started as they are needed. */
export interface Cameras extends AsyncDisposable {
  /** The first so many cameras. */
  first(count: number): Promise<readonly WatchedStream[]>;
}

/** Seconds of the clip between a camera and the next: no two of them show the same at the same time. */
const APART_SECONDS = 53;

/** Cameras that play these clips, dealt out in turns; a stream begins when somebody watches it. */
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

import type { Frame } from "../../camera/frame.ts";
import type { Lifecycle } from "../../events/lifecycle.ts";
import type { Outcome } from "../../watch-camera.ts";
import type { Greeting, Health, LiveMessage } from "../page/protocol.ts";
import { eventHistory } from "./event-history.ts";
import { cropJpeg, frameJpeg } from "./jpeg.ts";
import { sightOf } from "./sight.ts";

/** What the pipeline has to show, and who looks. */
export interface Feed {
  /** Takes in what a camera's frame led to; resolves once its pixels are not needed any more. Never fails. */
  show(camera: string, outcome: Outcome): Promise<void>;
  /** Passes a camera's frames on and, where somebody waits for a picture, makes one: no detector holds these up. */
  passing(frames: AsyncIterable<Frame>): AsyncIterable<Frame>;
  /** Tells whoever looks. */
  tell(message: LiveMessage): void;
  /** Starts to tell, beginning with what is known already. @returns what ends it */
  follow(hear: (message: LiveMessage) => void): () => void;
  /** JPEG of an object of one of the latest events. */
  eventSnapshot(id: string): Uint8Array | undefined;
  /** JPEG of the next frame of a camera; undefined where none came before the signal was aborted. */
  nextJpeg(camera: string, signal: AbortSignal): Promise<Uint8Array | undefined>;
}

export interface FeedDependencies {
  /** What everybody who comes is told first. */
  readonly greeting: () => Greeting;
  /** Milliseconds since an arbitrary start. */
  readonly monotonicMs: () => number;
}

/** Nothing is drawn or compressed for nobody, but for one small picture a second of who is in an event. */
export function openFeed({ greeting, monotonicMs }: FeedDependencies): Feed {
  const followers = new Set<(message: LiveMessage) => void>();
  const awaited = new Map<string, Set<PromiseWithResolvers<Uint8Array | undefined>>>();
  const events = eventHistory(monotonicMs);
  let health: Health | undefined;
  const tell = (message: LiveMessage) => {
    if (message.type === "health") health = message;
    for (const hear of followers) hear(message);
  };

  /** Pictures of those that this frame shows better than any before. */
  async function keepPictures(frame: Frame, lifecycle: Lifecycle): Promise<void> {
    for (const { now } of lifecycle.values()) {
      if (now.snapshot?.frame_time !== frame.timeMs / 1000 || !events.needsSnapshot(now.id)) continue;
      const news = events.keepSnapshot(now.id, await cropJpeg(frame, now.box));
      if (news !== undefined) tell(news);
    }
  }

  return {
    async show(camera, outcome) {
      for (const event of outcome.events) tell(events.tell(event));
      const sight = followers.size === 0 ? undefined : sightOf(camera, outcome);
      if (sight !== undefined) tell(sight);
      const { frame, seen } = outcome;
      if (frame !== undefined && seen !== undefined) await keepPictures(frame, seen.lifecycle);
    },
    async *passing(frames) {
      for await (const frame of frames) {
        const waiting = awaited.get(frame.camera);
        if (waiting !== undefined) {
          awaited.delete(frame.camera);
          const jpeg = frameJpeg(frame);
          for (const { resolve } of waiting) resolve(jpeg);
        }
        yield frame;
      }
    },
    tell,
    follow(hear) {
      hear(greeting());
      if (health !== undefined) hear(health);
      for (const news of events.all()) hear(news);
      followers.add(hear);
      return () => followers.delete(hear);
    },
    eventSnapshot: events.picture,
    nextJpeg(camera, signal) {
      const picture = Promise.withResolvers<Uint8Array | undefined>();
      awaited.set(camera, (awaited.get(camera) ?? new Set()).add(picture));
      signal.addEventListener("abort", () => {
        awaited.get(camera)?.delete(picture);
        picture.resolve(undefined);
      });
      return picture.promise;
    },
  };
}

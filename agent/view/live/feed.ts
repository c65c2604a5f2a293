import type { Frame } from "../../camera/frame.ts";
import type { Lifecycle } from "../../events/lifecycle.ts";
import type { Outcome } from "../../outcome.ts";
import type { Greeting, Health, LiveMessage } from "../page/protocol.ts";
import { eventHistory } from "./event-history.ts";
import { cropJpeg, frameJpeg } from "./jpeg.ts";
import { sightOf } from "./messages.ts";

/** Sends the results of the pipeline to the viewers. */
export interface Feed {
  /** Publishes the outcome of a frame. Resolves when its pixels are no longer needed. Never fails. */
  show(camera: string, outcome: Outcome): Promise<void>;
  /** Passes a camera's frames through and encodes one if `nextStill` waits for it, without waiting for the detector. */
  tap(frames: AsyncIterable<Frame>): AsyncIterable<Frame>;
  /** Sends a message to all viewers. */
  publish(message: LiveMessage): void;
  /** Delivers the current state again to all viewers, who then rebuild their page. */
  refresh(): void;
  /** Delivers the current state, then all messages. @returns ends the subscription */
  subscribe(receive: (message: LiveMessage) => void): () => void;
  /** The JPEG of a recent event's object. */
  eventSnapshot(id: string): Uint8Array | undefined;
  /** The next frame of a camera; undefined if the signal is aborted first. */
  nextStill(camera: string, signal: AbortSignal): Promise<Still | undefined>;
}

/** A frame as JPEG. */
export interface Still {
  readonly jpeg: Uint8Array;
  /** Of the frame, Unix milliseconds. */
  readonly timeMs: number;
}

export interface FeedDependencies {
  /** The first message for each viewer. */
  readonly greeting: () => Greeting;
  /** Milliseconds since an arbitrary start. */
  readonly monotonicMs: () => number;
}

/** Without viewers, the feed encodes nothing except at most one small snapshot per second for each event. */
export function openFeed({ greeting, monotonicMs }: FeedDependencies): Feed {
  const subscribers = new Set<(message: LiveMessage) => void>();
  const awaited = new Map<string, Set<PromiseWithResolvers<Still | undefined>>>();
  const events = eventHistory(monotonicMs);
  let health: Health | undefined;
  const publish = (message: LiveMessage) => {
    if (message.type === "health") health = message;
    for (const receive of subscribers) receive(message);
  };

  function welcome(receive: (message: LiveMessage) => void): void {
    receive(greeting());
    if (health !== undefined) receive(health);
    for (const summary of events.all()) receive(summary);
  }

  /** Stores snapshots of the objects for which this frame is the best so far. */
  async function keepSnapshots(frame: Frame, lifecycle: Lifecycle): Promise<void> {
    for (const { now } of lifecycle.values()) {
      if (now.snapshot?.frame_time !== frame.timeMs / 1000 || !events.needsSnapshot(now.id)) continue;
      const summary = events.keepSnapshot(now.id, await cropJpeg(frame, now.box));
      if (summary !== undefined) publish(summary);
    }
  }

  return {
    async show(camera, outcome) {
      for (const event of outcome.events) publish(events.record(event));
      const sight = subscribers.size === 0 ? undefined : sightOf(camera, outcome);
      if (sight !== undefined) publish(sight);
      const { frame, seen } = outcome;
      if (frame !== undefined && seen !== undefined) await keepSnapshots(frame, seen.lifecycle);
    },
    async *tap(frames) {
      for await (const frame of frames) {
        const waiting = awaited.get(frame.camera);
        if (waiting !== undefined) {
          awaited.delete(frame.camera);
          const { timeMs } = frame;
          const still = frameJpeg(frame).then((jpeg) => ({ jpeg, timeMs }));
          for (const { resolve } of waiting) resolve(still);
        }
        yield frame;
      }
    },
    publish,
    refresh: () => subscribers.forEach(welcome),
    subscribe(receive) {
      welcome(receive);
      subscribers.add(receive);
      return () => subscribers.delete(receive);
    },
    eventSnapshot: events.snapshot,
    nextStill(camera, signal) {
      const still = Promise.withResolvers<Still | undefined>();
      awaited.set(camera, (awaited.get(camera) ?? new Set()).add(still));
      signal.addEventListener("abort", () => {
        awaited.get(camera)?.delete(still);
        still.resolve(undefined);
      });
      return still.promise;
    },
  };
}

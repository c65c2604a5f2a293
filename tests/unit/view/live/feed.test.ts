import sharp from "sharp";
import { describe, expect, test } from "vitest";
import type { Outcome } from "../../../../agent/outcome.ts";
import { type Feed, openFeed } from "../../../../agent/view/live/feed.ts";
import type { Greeting, Health, LiveMessage } from "../../../../agent/view/page/protocol.ts";
import { door } from "../../../support/agent/small-config.ts";
import { filmWalk, WALK_SIZE, walkPast } from "../../../support/scenes/walk-past.ts";

const GREETING: Greeting = {
  type: "greeting",
  version: "1",
  model: "m",
  licence: "none",
  precision: "f32",
  runtime: "wasmer",
  canApply: false,
  cameras: [],
};
const CAMERA = door("objects: {track: [person]}");

function feedAt(now = { ms: 0 }): Feed {
  return openFeed({ greeting: () => GREETING, monotonicMs: () => now.ms });
}

async function showWalk(feed: Feed, after: (outcome: Outcome) => void = () => {}): Promise<void> {
  for await (const outcome of walkPast(CAMERA)) {
    await feed.show("door", outcome);
    after(outcome);
  }
}

const ofType = (heard: readonly LiveMessage[], type: LiveMessage["type"]) =>
  heard.filter((message) => message.type === type);

describe("the feed", () => {
  test("sends a subscriber the greeting, and the boxes of every frame", async () => {
    const feed = feedAt();
    const heard: LiveMessage[] = [];
    feed.subscribe((message) => heard.push(message));
    await showWalk(feed);
    expect(heard[0]).toEqual(GREETING);
    const sights = ofType(heard, "sight");
    expect(sights).toHaveLength(20);
    expect(sights.at(-1)).toMatchObject({
      camera: "door",
      ...WALK_SIZE,
      motion: [],
      objects: [{ label: "person", score: 0.9, sure: true, still: false, box: [230, 80, 290, 280] }],
    });
  });

  test("publishes an event from its start to its end", async () => {
    const feed = feedAt();
    const heard: LiveMessage[] = [];
    feed.subscribe((message) => heard.push(message));
    await showWalk(feed);
    const events = ofType(heard, "event");
    expect(new Set(events.map((event) => "id" in event && event.id)).size).toBe(1);
    expect(events[0]).toMatchObject({ camera: "door", label: "person", endMs: null, snapshots: 0 });
    expect(events.at(-1)).toMatchObject({ endMs: 1_700_000_003_800 });
  });

  test("sends a late subscriber earlier events and the latest health", async () => {
    const feed = feedAt();
    await showWalk(feed);
    const health: Health = {
      type: "health",
      uptimeSeconds: 1,
      memoryMb: 2,
      broker: { connected: true, waiting: 0 },
      detector: { inferenceMs: 3, faults: 0, restarts: 0 },
      cameras: [],
    };
    feed.publish(health);
    const heard: LiveMessage[] = [];
    feed.subscribe((message) => heard.push(message));
    expect(heard.map(({ type }) => type)).toEqual(["greeting", "health", "event"]);
  });

  test("sends nothing after the end of a subscription", async () => {
    const feed = feedAt();
    const heard: LiveMessage[] = [];
    feed.subscribe((message) => heard.push(message))();
    await showWalk(feed);
    expect(heard).toEqual([GREETING]);
  });

  test("replaces the small snapshot of an event with a better one at most once per second", async () => {
    const now = { ms: 0 };
    const feed = feedAt(now);
    const heard: LiveMessage[] = [];
    feed.subscribe((message) => heard.push(message));
    await showWalk(feed, () => {
      now.ms += 200;
    });
    const last = ofType(heard, "event").at(-1);
    if (last?.type !== "event") throw new Error("expected an event");
    expect(last.snapshots).toBeGreaterThanOrEqual(1);
    expect(last.snapshots).toBeLessThanOrEqual(4);
    const jpeg = feed.eventSnapshot(last.id);
    const { format, width, height } = await sharp(jpeg).metadata();
    // The box is 60 by 200 pixels; the margin adds two fifths.
    expect({ format, width, height }).toEqual({ format: "jpeg", width: 84, height: 280 });
    expect(feed.eventSnapshot("unknown")).toBeUndefined();
  });

  test("keeps fifty events", async () => {
    const feed = feedAt();
    for (let walk = 0; walk < 52; walk++) {
      for await (const outcome of walkPast(CAMERA, { frames: 4, startMs: 1_700_000_000_000 + walk * 60_000 }))
        await feed.show("door", outcome);
    }
    const heard: LiveMessage[] = [];
    feed.subscribe((message) => heard.push(message));
    const starts = ofType(heard, "event").map((event) => "startMs" in event && event.startMs);
    expect(starts).toHaveLength(50);
    expect(starts[0]).toBe(1_700_000_000_000 + 2 * 60_000);
  });

  test("delivers a camera's next frame to everyone who waits for it", async () => {
    const feed = feedAt();
    const never = new AbortController().signal;
    const waiting = [feed.nextStill("door", never), feed.nextStill("door", never)];
    const passed: number[] = [];
    for await (const { sequence } of feed.tap(filmWalk("door", 3))) passed.push(sequence);
    expect(passed).toEqual([0, 1, 2]);
    const [first, second] = await Promise.all(waiting);
    expect(first).toBe(second);
    expect(first?.timeMs).toBe(1_700_000_000_000);
    expect(await sharp(first?.jpeg).metadata()).toMatchObject({ format: "jpeg", ...WALK_SIZE });
  });

  test("delivers no frame after the wait was aborted", async () => {
    const feed = feedAt();
    const leaving = new AbortController();
    const waiting = feed.nextStill("door", leaving.signal);
    leaving.abort();
    expect(await waiting).toBeUndefined();
  });
});

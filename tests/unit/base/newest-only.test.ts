import { expect, test } from "vitest";
import { newestOnly } from "../../../agent/base/newest-only.ts";

/** A source that a test feeds. */
function feed<T>() {
  const waiting: T[] = [];
  let ended = false;
  let closed = false;
  let wake = () => {};
  async function* source(): AsyncGenerator<T> {
    try {
      while (true) {
        const item = waiting.shift();
        if (item !== undefined) yield item;
        else if (ended) return;
        else
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
      }
    } finally {
      closed = true;
    }
  }
  return {
    source: source(),
    closed: () => closed,
    push: (...items: T[]) => {
      waiting.push(...items);
      wake();
    },
    end: () => {
      ended = true;
      wake();
    },
  };
}

const settle = () => new Promise((resolve) => setTimeout(resolve, 5));

test("a slow reader skips to the newest item and still receives the last one", async () => {
  const camera = feed<number>();
  const dropped: number[] = [];
  const newest = newestOnly(camera.source, (older, newer) => {
    dropped.push(older);
    return newer;
  });
  const seen: number[] = [];
  camera.push(1);
  for await (const item of newest) {
    seen.push(item);
    if (item === 1) camera.push(2, 3, 4);
    if (item === 4) camera.push(5, 6);
    if (item === 6) {
      camera.push(7);
      camera.end();
    }
    await settle();
  }
  expect(seen).toEqual([1, 4, 6, 7]);
  expect(newest.counts()).toEqual({ delivered: 4, dropped: 3 });
  expect(dropped).toEqual([2, 3, 5]);
});

test("a fast reader receives every item and nothing counts as dropped", async () => {
  const camera = feed<number>();
  const newest = newestOnly(camera.source);
  const seen: number[] = [];
  camera.push(1);
  for await (const item of newest) {
    seen.push(item);
    if (item === 3) camera.end();
    else camera.push(item + 1);
  }
  expect(seen).toEqual([1, 2, 3]);
  expect(newest.counts()).toEqual({ delivered: 3, dropped: 0 });
});

test("an error of the source arrives after the last item", async () => {
  async function* failing() {
    yield 1;
    throw new Error("the camera disconnected");
  }
  const seen: number[] = [];
  const reading = (async () => {
    for await (const item of newestOnly(failing())) {
      seen.push(item);
      await settle();
    }
  })();
  await expect(reading).rejects.toThrow("the camera disconnected");
  expect(seen).toEqual([1]);
});

test("leaving the loop closes the source", async () => {
  const camera = feed<number>();
  camera.push(1);
  for await (const _ of newestOnly(camera.source)) {
    // A waiting source can be closed only after its next item; an aborted camera ends at once.
    setTimeout(() => camera.push(2), 5);
    break;
  }
  expect(camera.closed()).toBe(true);
});

test("an error of the reader closes the source and reaches the caller", async () => {
  const camera = feed<number>();
  camera.push(1, 2, 3);
  const reading = (async () => {
    for await (const _ of newestOnly(camera.source)) {
      camera.end();
      throw new Error("the detector broke");
    }
  })();
  await expect(reading).rejects.toThrow("the detector broke");
  expect(camera.closed()).toBe(true);
});

test("items that must wait are all delivered in order, and the newest of the others", async () => {
  const camera = feed<number>();
  const waitingAt: number[] = [];
  const newest = newestOnly(
    camera.source,
    (_, newer) => newer,
    (item, waiting) => {
      waitingAt.push(waiting);
      return item >= 10 && waiting < 3;
    },
  );
  const seen: number[] = [];
  camera.push(1);
  for await (const item of newest) {
    seen.push(item);
    // The item before a burst is replaced; of the burst as many wait as there is room for.
    if (item === 1) camera.push(2, 10, 11, 12, 13, 14, 3, 4);
    if (item === 4) camera.end();
    await settle();
  }
  expect(seen).toEqual([1, 10, 11, 12, 4]);
  expect(newest.counts()).toEqual({ delivered: 5, dropped: 4 });
  expect(Math.max(...waitingAt)).toBeLessThanOrEqual(4);
});

import { describe, expect, test } from "vitest";
import type { AccessUnit } from "../../../../agent/camera/rtsp/access-unit.ts";
import { createUnitQueue } from "../../../../agent/camera/rtsp/unit-queue.ts";

const unit = (arrivedMs: number, bytes = 10): AccessUnit => ({
  ...{
    data: new Uint8Array(),
    bytes,
    isKey: false,
    rotation: 0,
    streamSeconds: 0,
    arrivedMs,
    isDamaged: false,
  },
});

/** Takes everything that a queue holds until its end. */
async function drain(units: AsyncIterable<{ readonly arrivedMs: number; readonly isDamaged: boolean }>) {
  const taken: string[] = [];
  try {
    for await (const { arrivedMs, isDamaged } of units)
      taken.push(`${arrivedMs}${isDamaged ? " damaged" : ""}`);
  } catch (error) {
    taken.push(String(error));
  }
  return taken;
}

describe("a queue of access units", () => {
  test("delivers them in order, those that wait and those that are waited for, and then its error", async () => {
    const queue = createUnitQueue();
    queue.push(unit(1));
    queue.push(unit(2));
    const all = drain(queue.units());
    await Promise.resolve();
    setTimeout(() => {
      queue.push(unit(3));
      queue.push(unit(4));
      queue.end(new Error("closed"));
      queue.end();
    });
    expect(await all).toEqual(["1", "2", "3", "4", "Error: closed"]);
  });

  test("throws its error to a consumer that waits", async () => {
    const queue = createUnitQueue();
    const all = drain(queue.units());
    queue.end(new Error("closed"));
    expect(await all).toEqual(["Error: closed"]);
  });

  test("ends without an error", async () => {
    const queue = createUnitQueue();
    queue.push(unit(1));
    queue.end();
    expect(await drain(queue.units())).toEqual(["1"]);
  });

  test("drops everything that it holds if the consumer falls behind by 500 access units", async () => {
    const queue = createUnitQueue();
    for (let at = 1; at <= 502; at++) queue.push(unit(at));
    queue.end();
    expect(await drain(queue.units())).toEqual(["501 damaged", "502"]);
  });

  test("drops everything that it holds if the consumer falls behind by 16 MB", async () => {
    const queue = createUnitQueue();
    for (let at = 1; at <= 5; at++) queue.push(unit(at, 4 * 2 ** 20));
    queue.end();
    expect(await drain(queue.units())).toEqual(["5 damaged"]);
  });

  test("holds nothing after the consumer has left", async () => {
    const queue = createUnitQueue();
    queue.push(unit(1));
    for await (const _ of queue.units()) break;
    queue.push(unit(2));
    expect(await drain(queue.units())).toEqual([]);
  });
});

import { describe, expect, test } from "vitest";
import { type Outbox, openOutbox } from "../../../agent/mqtt/outbox.ts";
import type { StoredMessage } from "../../../agent/state/message-store.ts";
import { recordingLog } from "../../support/agent/log-lines.ts";
import { type MemoryPlace, memoryPlace } from "../../support/agent/memory-store.ts";
import { aboutObject, aboutReview, inShort } from "../../support/agent/object-events.ts";
import { manualClock } from "../../support/time/manual-clock.ts";

const LIMITS = { bytes: 1e6, ageMs: 3_600_000 };

describe("the outbox", () => {
  test("returns a message only when it is on disk", async () => {
    const { outbox, place } = await start();
    await outbox.startDelivery();
    const sync = place.holdSync();
    const added = outbox.add(aboutObject("ann", "new", 1));
    await settle();
    expect(outbox.take()).toBeUndefined();
    sync();
    await added;
    expect(stored(place)).toEqual(["ann new 1"]);
    expect(taken(outbox)).toEqual(["ann new 1"]);
  });

  test("combines messages that arrive together or during a write into one write", async () => {
    const { outbox, place } = await start();
    await outbox.startDelivery();
    const sync = place.holdSync();
    const first = [outbox.add(aboutObject("ann", "new", 1)), outbox.add(aboutObject("bob", "new", 1))];
    await settle();
    const second = [outbox.add(aboutObject("cid", "new", 1)), outbox.add(aboutObject("dan", "new", 1))];
    sync();
    await Promise.all([...first, ...second]);
    expect(place.writes).toEqual([
      [1, 2],
      [3, 4],
    ]);
  });

  test("writes acknowledgements with the next event, or after half a minute", async () => {
    const { outbox, place, clock } = await start();
    await outbox.startDelivery();
    await outbox.add(aboutObject("ann", "new", 1));
    acknowledgeAll(outbox);
    await clock.pass(29_000);
    expect(stored(place)).toEqual(["ann new 1"]);
    await clock.pass(1_000);
    expect(stored(place)).toEqual(["ann new 1 delivered"]);
    await outbox.add(aboutObject("ann", "end", 2));
    expect(stored(place)).toEqual(["ann end 2"]);
    expect(place.writes).toHaveLength(3);
  });

  test("writes the acknowledgement of an `end` within a second: no later message would include it", async () => {
    const { outbox, place, clock } = await start();
    await outbox.startDelivery();
    await outbox.add(aboutObject("ann", "new", 1));
    acknowledgeAll(outbox);
    await outbox.add(aboutObject("ann", "end", 2));
    acknowledgeAll(outbox);
    await clock.pass(1_000);
    expect(stored(place)).toEqual([]);
    expect(place.writes).toHaveLength(3);
  });

  test("without delivery, writes one update of each object every half minute, and `new` and `end` at once", async () => {
    const { outbox, place, clock } = await start();
    await outbox.add(aboutObject("ann", "new", 1));
    for (let revision = 2; revision <= 20; revision++) {
      await outbox.add(aboutObject("ann", "update", revision));
      await clock.pass(5_000);
    }
    expect(place.writes).toHaveLength(4);
    await outbox.add(aboutObject("ann", "end", 21));
    expect(stored(place)).toEqual(["ann new 1", "ann update 20 (from 1)", "ann end 21"]);
  });

  test("writes updates before it returns them when the delivery starts", async () => {
    const { outbox, place } = await start();
    await outbox.add(aboutObject("ann", "new", 1));
    await outbox.add(aboutObject("ann", "update", 2));
    expect(stored(place)).toEqual(["ann new 1"]);
    expect(taken(outbox)).toEqual(["ann new 1"]);
    await outbox.startDelivery();
    expect(stored(place)).toEqual(["ann new 1", "ann update 2"]);
    expect(taken(outbox)).toEqual(["ann update 2"]);
  });

  test("returns all messages again in order after the connection is lost", async () => {
    const { outbox } = await start();
    await outbox.startDelivery();
    await outbox.add(aboutObject("ann", "new", 1));
    await outbox.add(aboutObject("ann", "update", 2));
    expect(taken(outbox)).toEqual(["ann new 1", "ann update 2"]);
    outbox.endDelivery();
    await outbox.startDelivery();
    expect(taken(outbox)).toEqual(["ann new 1", "ann update 2"]);
  });

  test("writes all changes when it is closed", async () => {
    const { outbox, place } = await start();
    await outbox.startDelivery();
    await outbox.add(aboutObject("ann", "new", 1));
    await outbox.add(aboutObject("ann", "end", 2));
    acknowledgeAll(outbox);
    await outbox[Symbol.asyncDispose]();
    expect(stored(place)).toEqual([]);
  });
});

describe("an outbox of an agent that crashed", () => {
  test("delivers the waiting messages, then ends every object in view with reason crash", async () => {
    const place = memoryPlace();
    const died = await start(place);
    await died.outbox.startDelivery();
    await died.outbox.add(aboutObject("ann", "new", 1));
    acknowledgeAll(died.outbox);
    await died.outbox.add(aboutObject("bob", "new", 1));
    await died.outbox.add(aboutObject("cid", "new", 1));
    await died.outbox.add(aboutObject("cid", "end", 2));

    const { outbox, lines } = await start(place);
    expect(taken(outbox)).toEqual([
      "bob new 1",
      "cid new 1",
      "cid end 2",
      "ann end 2 crash",
      "bob end 2 crash",
    ]);
    expect(stored(place)).toContain("ann end 2 crash");
    expect(lines).toMatchObject([{ level: "warn", events: 2 }]);
  });

  test("ends objects with their last reported values, at the time they were last seen", async () => {
    const place = memoryPlace();
    await (await start(place)).outbox.add(aboutObject("ann", "new", 1));
    const { outbox } = await start(place);
    outbox.take();
    const end = JSON.parse(String(outbox.take()?.message.payload));
    expect(end.before).toMatchObject({ revision: 1, end_time: null });
    expect(end.after).toEqual({ ...end.before, revision: 2, end_time: end.before.frame_time });
  });

  test("ends a review when one of its objects was last seen", async () => {
    const place = memoryPlace();
    const died = await start(place);
    await died.outbox.add(aboutObject("ann", "new", 1));
    await died.outbox.add(aboutReview("visit", ["ann"], "new", 1));
    await died.outbox.startDelivery();
    await died.outbox.add(aboutObject("ann", "update", 2));
    await died.outbox.add(aboutObject("ann", "update", 3));
    const { outbox, lines } = await start(place);
    expect(taken(outbox)).toEqual([
      "ann new 1",
      "visit new 1",
      "ann update 3 (from 1)",
      "visit end 2 crash",
      "ann end 4 crash",
    ]);
    const ends = place.stored().map(({ payload }) => JSON.parse(String(payload)));
    const end = ends.find(({ type, after }) => type === "end" && after.id === "visit");
    expect(end.after).toEqual({ ...end.before, end_time: 1003, revision: 2 });
    expect(lines).toMatchObject([{ level: "warn", events: 2 }]);
  });

  test("ends objects once, even after repeated crashes", async () => {
    const place = memoryPlace();
    await (await start(place)).outbox.add(aboutObject("ann", "new", 1));
    await start(place);
    await start(place);
    const { outbox, lines } = await start(place);
    expect(taken(outbox)).toEqual(["ann new 1", "ann end 2 crash"]);
    expect(lines).toEqual([]);
  });

  test("sets damaged messages aside with one log line, and delivers all others", async () => {
    const place = memoryPlace();
    const died = await start(place);
    for (const id of ["ann", "bob", "cid"]) {
      await died.outbox.add(aboutObject(id, "new", 1));
      await died.outbox.add(aboutObject(id, "end", 2));
    }
    place.damage(1, { topic: "events/#" });
    place.damage(4, { payload: "no JSON" });

    const { outbox, lines } = await start(place);
    expect(taken(outbox)).toEqual(["ann end 2", "bob new 1", "cid new 1", "cid end 2", "bob end 2 crash"]);
    expect(outbox.damaged()).toBe(2);
    expect(lines).toMatchObject([
      {
        level: "warn",
        msg: expect.stringMatching(/^2 stored messages are damaged .*number 1: its topic contains/),
      },
      { level: "warn", events: 1 },
    ]);
    expect(place.rowsAside).toEqual([1n, 4n]);
  });

  test("delivers a message with a damaged sequence after the others, with a valid sequence", async () => {
    const place = memoryPlace();
    const died = await start(place);
    for (const id of ["ann", "bob", "cid"]) await died.outbox.add(aboutObject(id, "end", 2));
    place.damage(1, { sequence: 2n ** 63n - 1n });

    const { outbox } = await start(place);
    await outbox.startDelivery();
    await outbox.add(aboutObject("dan", "new", 1));
    expect(taken(outbox)).toEqual(["bob end 2", "cid end 2", "ann end 2", "dan new 1"]);
    expect(place.stored().map(({ sequence }) => sequence)).toEqual([2, 3, 4, 5]);
  });

  test.each([9_000_000_000_000_000_000n, -1n, 3_600_001n])(
    "drops no message as too old because the time of another one is damaged: %s",
    async (addedMs) => {
      const place = memoryPlace();
      const died = await start(place);
      for (const id of ["ann", "bob", "cid"]) {
        await died.outbox.add(aboutObject(id, "new", 1));
        await died.outbox.add(aboutObject(id, "end", 2));
      }
      place.damage(6, { addedMs });
      const { outbox } = await start(place);
      await outbox.add(aboutObject("dan", "new", 1));
      expect(outbox.size()).toBe(7);
    },
  );
});

describe("the age of a message", () => {
  const HOUR_MS = 3_600_000;

  test("is the time that agents ran: it does not follow the machine's clock", async () => {
    const { outbox, clock } = await start();
    await outbox.add(aboutObject("ann", "new", 1));
    await outbox.add(aboutObject("ann", "end", 2));
    for (const jumpMs of [30 * 24 * HOUR_MS, -60 * 24 * HOUR_MS]) {
      clock.jump(jumpMs);
      await outbox.add(aboutObject("bob", "new", 1));
      expect(outbox.size()).toBeGreaterThanOrEqual(3);
    }
    await clock.pass(HOUR_MS + 1);
    await outbox.add(aboutObject("cid", "new", 1));
    expect(taken(outbox)).not.toContain("ann new 1");
  });

  test("continues after a restart", async () => {
    const place = memoryPlace();
    const died = await start(place);
    await died.clock.pass(1_000_000);
    await died.outbox.add(aboutObject("ann", "new", 1));
    await died.outbox.add(aboutObject("ann", "end", 2));
    await died.clock.pass(HOUR_MS / 2);
    await died.outbox.add(aboutObject("bob", "new", 1));

    const { outbox, clock } = await start(place);
    await clock.pass(HOUR_MS / 2 + 1);
    await outbox.add(aboutObject("cid", "new", 1));
    expect(taken(outbox)).toEqual(["bob new 1", "bob end 2 crash", "cid new 1"]);
  });
});

describe("a disk that fails", () => {
  test("delays nothing, is logged once, and gets all messages when it works again", async () => {
    const { outbox, place, clock, lines } = await start();
    await outbox.startDelivery();
    await outbox.add(aboutObject("ann", "new", 1));
    place.refuse("unusable");
    await outbox.add(aboutObject("ann", "end", 2));
    await outbox.add(aboutObject("bob", "new", 1));
    expect(taken(outbox)).toEqual(["ann new 1", "ann end 2", "bob new 1"]);
    expect(outbox.onDisk()).toBe(false);
    await clock.pass(60_000);
    expect(lines).toMatchObject([
      { level: "warn", msg: expect.stringMatching(/cannot store events .* in memory/) },
    ]);
    expect(stored(place)).toEqual(["ann new 1"]);

    place.refuse(undefined);
    await clock.pass(30_000);
    expect(stored(place)).toEqual(["ann new 1", "ann end 2", "bob new 1"]);
    expect(outbox.onDisk()).toBe(true);
    expect(lines.slice(1)).toMatchObject([
      { level: "info", msg: expect.stringMatching(/again after \d+ s/) },
    ]);
  });

  test.each([
    ["unusable", /^Free space/],
    ["blocked", /^Rename or remove it/],
  ] as const)("is reported with a remedy for a store that is %s", async (kind, remedy) => {
    const place = memoryPlace();
    place.refuse(kind);
    const { lines } = await start(place);
    expect(lines).toMatchObject([{ level: "warn", remedy: expect.stringMatching(remedy) }]);
  });

  test("does not prevent the start; its messages are delivered when it can be read", async () => {
    const place = memoryPlace();
    await (await start(place)).outbox.add(aboutObject("ann", "new", 1));
    place.refuse("unusable");
    const { outbox, clock, lines } = await start(place);
    await outbox.startDelivery();
    await outbox.add(aboutObject("bob", "new", 1));
    expect(taken(outbox)).toEqual(["bob new 1"]);
    place.refuse(undefined);
    await clock.pass(30_000);
    await outbox.add(aboutObject("cid", "new", 1));
    expect(taken(outbox)).toEqual(["ann new 1", "ann end 2 crash", "cid new 1"]);
    expect(lines.map(({ level }) => level)).toEqual(["warn", "warn", "info"]);
  });

  test("because its store is damaged: the store is set aside, and a new one is filled from memory", async () => {
    const { outbox, place, lines } = await start();
    await outbox.add(aboutObject("ann", "new", 1));
    place.refuse("damaged");
    await outbox.add(aboutObject("bob", "new", 1));
    expect(place.asides()).toBe(1);
    expect(stored(place)).toEqual(["ann new 1", "bob new 1"]);
    expect(lines).toMatchObject([
      { level: "warn", msg: expect.stringMatching(/are damaged .*: renamed the file to aside/) },
    ]);
  });

  test("because its store was damaged at the start: the agent starts without messages", async () => {
    const place = memoryPlace();
    await (await start(place)).outbox.add(aboutObject("ann", "new", 1));
    place.refuse("damaged");
    const { outbox } = await start(place);
    expect(outbox.size()).toBe(0);
    expect(outbox.onDisk()).toBe(true);
  });

  test("because its store was partly damaged at the start: the readable messages are delivered", async () => {
    const place = memoryPlace();
    await (await start(place)).outbox.add(aboutObject("ann", "new", 1));
    place.refuse("damaged", { areRowsReadable: true });
    const { outbox } = await start(place);
    expect(taken(outbox)).toEqual(["ann new 1", "ann end 2 crash"]);
  });

  test("because a newer version wrote the store: the agent does not start, and changes nothing", async () => {
    const place = memoryPlace();
    await (await start(place)).outbox.add(aboutObject("ann", "new", 1));
    place.refuse("newer");
    await expect(start(place)).rejects.toMatchObject({
      name: "ConfigError",
      message: expect.stringContaining("a newer version of sabrewing wrote the stored events"),
    });
    expect(place.asides()).toBe(0);
    expect(stored(place)).toEqual(["ann new 1"]);
  });

  test("because another agent has the store open: the second agent does not start, and logs the remedy", async () => {
    const place = memoryPlace();
    place.refuse("busy");
    await expect(start(place)).rejects.toMatchObject({
      name: "ConfigError",
      message: expect.stringContaining("another agent stores its events in the same folder"),
      remedy: expect.stringContaining("state_dir"),
    });
  });
});

async function start(place: MemoryPlace = memoryPlace()) {
  const clock = manualClock();
  const { log, lines } = recordingLog();
  const outbox = await openOutbox(place, { clock, log, limits: LIMITS });
  return { outbox, place, clock, lines };
}

function taken(outbox: Outbox): readonly string[] {
  const all: string[] = [];
  for (let entry = outbox.take(); entry !== undefined; entry = outbox.take())
    all.push(inShort(entry.message.payload));
  return all;
}

function acknowledgeAll(outbox: Outbox): void {
  for (let entry = outbox.take(); entry !== undefined; entry = outbox.take())
    outbox.acknowledge(entry.sequence);
}

function stored(place: MemoryPlace): readonly string[] {
  return place.stored().map(({ payload, delivered }: StoredMessage) => {
    return inShort(payload) + (delivered ? " delivered" : "");
  });
}

function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

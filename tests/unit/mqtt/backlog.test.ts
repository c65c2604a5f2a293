import { describe, expect, test } from "vitest";
import { type Backlog, type Entry, emptyBacklog } from "../../../agent/mqtt/backlog.ts";
import type { Message } from "../../../agent/mqtt/message.ts";
import { aboutObject, inShort } from "../../support/agent/object-events.ts";
import { seeded } from "../../support/base/seeded.ts";

const ROOM = { bytes: 1e6, ageMs: 1e6 };
const EVERYTHING = Number.MAX_SAFE_INTEGER;
const BYTES = aboutObject("ann", "new", 1).payload.length;
/** Limits with room for this many messages, whose lengths differ by a few bytes. */
const roomFor = (count: number) => ({ bytes: (count + 0.5) * BYTES, ageMs: 1e6 });
const plain = (payload: string): Message => ({ topic: "t", payload, retain: false, qos: 1 });

describe("a backlog", () => {
  test("returns messages in order, each once, until they are put back", () => {
    const backlog = filled("ann new 1", "bob new 1");
    expect([nextOf(backlog), nextOf(backlog), nextOf(backlog)]).toEqual([
      "ann new 1",
      "bob new 1",
      undefined,
    ]);
    backlog.putBack();
    expect(nextOf(backlog)).toBe("ann new 1");
  });

  test("returns no message after a given sequence", () => {
    const backlog = filled("ann new 1", "bob new 1");
    expect(backlog.take(1)?.sequence).toBe(1);
    expect(backlog.take(1)).toBeUndefined();
  });

  test("merges the waiting updates of an object into one", () => {
    const backlog = filled("ann new 1", "ann update 2", "bob new 1", "ann update 3", "ann update 4");
    expect(waitingIn(backlog)).toEqual(["ann new 1", "bob new 1", "ann update 4 (from 1)"]);
    expect(backlog.size()).toBe(3);
  });

  test("does not merge into an update that is in flight", () => {
    const backlog = filled("ann new 1", "ann update 2");
    nextOf(backlog);
    nextOf(backlog);
    add(backlog, "ann update 3");
    backlog.putBack();
    expect(waitingIn(backlog)).toEqual(["ann new 1", "ann update 2", "ann update 3"]);
  });

  test("keeps the acknowledged last message of an object while it is in view", () => {
    const backlog = filled("ann new 1");
    acknowledgeAll(backlog);
    expect([backlog.size(), inStore(backlog)]).toEqual([0, ["ann new 1 delivered"]]);
    add(backlog, "ann update 2");
    expect(inStore(backlog)).toEqual(["ann update 2"]);
    acknowledgeAll(backlog);
    add(backlog, "ann end 3");
    expect(inStore(backlog)).toEqual(["ann end 3"]);
    acknowledgeAll(backlog);
    expect(inStore(backlog)).toEqual([]);
  });

  test("accepts the acknowledgement of a message that was put back", () => {
    const backlog = filled("ann new 1", "ann end 2");
    const entry = backlog.take(EVERYTHING);
    backlog.putBack();
    backlog.acknowledge(entry?.sequence ?? 0);
    expect(waitingIn(backlog)).toEqual(["ann end 2"]);
  });
});

describe("a full backlog", () => {
  test("drops the oldest updates first, and nothing else while that suffices", () => {
    const backlog = emptyBacklog(roomFor(4));
    addAll(backlog, "ann new 1", "ann update 2", "ann end 3", "bob new 1", "bob update 2");
    expect(inStore(backlog)).toEqual(["ann new 1", "ann end 3", "bob new 1", "bob update 2"]);
    add(backlog, "bob end 3");
    expect(inStore(backlog)).toEqual(["ann new 1", "ann end 3", "bob new 1", "bob end 3"]);
    expect(backlog.dropped()).toBe(2);
  });

  test("drops whole events next, oldest first: never a `new` without its `end`", () => {
    const backlog = emptyBacklog(roomFor(4));
    for (const id of ["ann", "bob", "cid"]) addAll(backlog, `${id} new 1`, `${id} end 2`);
    expect(inStore(backlog)).toEqual(["bob new 1", "bob end 2", "cid new 1", "cid end 2"]);
  });

  test("keeps the `end` of objects that the broker knows, and objects in view, even beyond the limit", () => {
    const backlog = emptyBacklog(roomFor(1));
    add(backlog, "ann new 1");
    acknowledgeAll(backlog);
    addAll(backlog, "bob new 1", "ann end 2", "cid new 1");
    expect(inStore(backlog)).toEqual(["bob new 1", "ann end 2", "cid new 1"]);
  });

  test("drops no part of an event whose `new` is in flight", () => {
    const backlog = emptyBacklog(roomFor(2));
    add(backlog, "ann new 1");
    backlog.take(EVERYTHING);
    addAll(backlog, "ann end 2", "bob new 1");
    expect(inStore(backlog)).toEqual(["ann new 1", "ann end 2", "bob new 1"]);
  });

  test("drops messages without an event like updates, oldest first", () => {
    const backlog = emptyBacklog({ bytes: 2, ageMs: 1e6 });
    for (const payload of ["a", "b", "c"]) backlog.add(plain(payload), 0);
    expect(backlog.everything().map(({ payload }) => payload)).toEqual(["b", "c"]);
  });

  test.each([{ seed: 1 }, { seed: 2 }, { seed: 3 }])(
    "keeps the `end` of every `new` and the order of each object in any sequence of calls (seed $seed)",
    ({ seed }) => {
      const random = seeded(seed);
      const backlog = emptyBacklog(roomFor(8));
      const alive = new Map<string, number>();
      const delivered: string[] = [];
      const underWay: Entry[] = [];
      for (let step = 0; step < 3000; step++) {
        const id = `object${Math.floor(random() * 5)}-${Math.floor(step / 100)}`;
        const revision = (alive.get(id) ?? 0) + 1;
        const type = revision === 1 ? "new" : random() < 0.3 ? "end" : "update";
        if (alive.get(id) !== -1) {
          add(backlog, `${id} ${type} ${revision}`);
          alive.set(id, type === "end" ? -1 : revision);
        }
        const entry = random() < 0.3 ? backlog.take(EVERYTHING) : undefined;
        if (entry !== undefined) underWay.push(entry);
        const acknowledged = random() < 0.3 ? underWay.shift() : undefined;
        if (acknowledged !== undefined) {
          delivered.push(inShort(acknowledged.message.payload));
          backlog.acknowledge(acknowledged.sequence);
        }
        if (random() < 0.05) {
          backlog.putBack();
          underWay.length = 0;
        }
      }
      for (const [id, revision] of alive) if (revision > 0) add(backlog, `${id} end ${revision + 1}`);
      backlog.putBack();
      delivered.push(...waitingIn(backlog));
      for (const id of alive.keys()) {
        const ofObject = delivered
          .filter((line) => line.startsWith(`${id} `))
          .map((line) => line.split(" ")[1]);
        const revisions = delivered
          .filter((line) => line.startsWith(`${id} `))
          .map((line) => Number(line.split(" ")[2]));
        expect([[], ["new", "end"]]).toContainEqual(ofObject.filter((type) => type !== "update"));
        expect(revisions).toEqual([...revisions].sort((a, b) => a - b));
        if (ofObject.length > 0) expect([ofObject[0], ofObject.at(-1)]).toEqual(["new", "end"]);
      }
      expect(backlog.dropped()).toBeGreaterThan(20);
    },
  );
});

describe("a backlog with old messages", () => {
  const DAY = { bytes: 1e6, ageMs: 100 };

  test("drops updates, and whole events whose `end` is old", () => {
    const backlog = emptyBacklog(DAY);
    add(backlog, "ann new 1", 0);
    add(backlog, "ann update 2", 10);
    add(backlog, "ann end 3", 60);
    add(backlog, "bob new 1", 120);
    expect(inStore(backlog)).toEqual(["ann new 1", "ann end 3", "bob new 1"]);
    add(backlog, "cid new 1", 161);
    expect(inStore(backlog)).toEqual(["bob new 1", "cid new 1"]);
  });

  test("keeps an object that is still in view", () => {
    const backlog = emptyBacklog(DAY);
    add(backlog, "ann new 1", 0);
    add(backlog, "bob new 1", 1000);
    expect(inStore(backlog)).toEqual(["ann new 1", "bob new 1"]);
  });
});

describe("messages of an earlier process", () => {
  const left = () => filled("ann new 1", "ann update 2", "bob new 1", "cid new 1", "cid end 2").everything();

  test("keep their order and sequences, and the objects in view are unfinished", () => {
    const backlog = emptyBacklog(ROOM);
    backlog.restore(left());
    expect(inStore(backlog)).toEqual(["ann new 1", "ann update 2", "bob new 1", "cid new 1", "cid end 2"]);
    expect(backlog.unfinished().map(({ message }) => inShort(message.payload))).toEqual([
      "ann update 2",
      "bob new 1",
    ]);
    expect(backlog.hasChanges()).toBe(false);
    expect(backlog.lastSequence()).toBe(5);
  });

  test("follow the messages of this process if the disk could not be read sooner", () => {
    const backlog = filled("zoe new 1");
    backlog.takeChanges();
    backlog.restore(left());
    expect(inStore(backlog)).toEqual([
      "zoe new 1",
      "ann new 1",
      "ann update 2",
      "bob new 1",
      "cid new 1",
      "cid end 2",
    ]);
    expect(backlog.unfinished()).toHaveLength(2);
    // Sequence 1 on disk was ann's; zoe's message overwrites it.
    expect(backlog.takeChanges().put.map(({ sequence }) => sequence)).toContain(1);
  });
});

test("returns the messages added and removed since the last call as changes", () => {
  const backlog = filled("ann new 1", "bob new 1");
  expect(backlog.takeChanges()).toMatchObject({ put: [{ sequence: 1 }, { sequence: 2 }], removed: [] });
  add(backlog, "bob end 2");
  acknowledgeAll(backlog);
  expect(backlog.takeChanges()).toMatchObject({ put: [{ sequence: 1, delivered: true }], removed: [3, 2] });
  expect(backlog.hasChanges()).toBe(false);
});

/** `ann update 2` as a message. */
function add(backlog: Backlog, words: string, nowMs = 0): void {
  const [id = "", type, revision] = words.split(" ");
  if (type !== "new" && type !== "update" && type !== "end") throw new Error(`no type of event: ${type}`);
  backlog.add(aboutObject(id, type, Number(revision)), nowMs);
}

function addAll(backlog: Backlog, ...messages: readonly string[]): void {
  for (const words of messages) add(backlog, words);
}

function filled(...messages: readonly string[]): Backlog {
  const backlog = emptyBacklog(ROOM);
  addAll(backlog, ...messages);
  return backlog;
}

function nextOf(backlog: Backlog): string | undefined {
  const entry = backlog.take(EVERYTHING);
  return entry === undefined ? undefined : inShort(entry.message.payload);
}

function waitingIn(backlog: Backlog): readonly string[] {
  const waiting: string[] = [];
  for (let next = nextOf(backlog); next !== undefined; next = nextOf(backlog)) waiting.push(next);
  backlog.putBack();
  return waiting;
}

function acknowledgeAll(backlog: Backlog): void {
  for (let entry = backlog.take(EVERYTHING); entry !== undefined; entry = backlog.take(EVERYTHING)) {
    backlog.acknowledge(entry.sequence);
  }
}

function inStore(backlog: Backlog): readonly string[] {
  return backlog
    .everything()
    .map(({ payload, delivered }) => inShort(payload) + (delivered ? " delivered" : ""));
}

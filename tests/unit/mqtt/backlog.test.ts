import { describe, expect, test } from "vitest";
import { type Backlog, type Entry, emptyBacklog } from "../../../agent/mqtt/backlog.ts";
import type { Message } from "../../../agent/mqtt/message.ts";
import { aboutObject, inShort } from "../../support/agent/object-events.ts";
import { seeded } from "../../support/base/seeded.ts";

const ROOM = { bytes: 1e6, ageMs: 1e6 };
const EVERYTHING = Number.MAX_SAFE_INTEGER;
const BYTES = aboutObject("ann", "new", 1).payload.length;
/** Room for this many messages, which differ in length by a few bytes. */
const roomFor = (count: number) => ({ bytes: (count + 0.5) * BYTES, ageMs: 1e6 });
const plain = (payload: string): Message => ({ topic: "t", payload, retain: false, qos: 1 });

describe("a backlog", () => {
  test("hands messages out in the order they came, each once, until they are put back", () => {
    const backlog = filled("ann new 1", "bob new 1");
    expect([nextOf(backlog), nextOf(backlog), nextOf(backlog)]).toEqual([
      "ann new 1",
      "bob new 1",
      undefined,
    ]);
    backlog.putBack();
    expect(nextOf(backlog)).toBe("ann new 1");
  });

  test("hands out nothing that came after a given message", () => {
    const backlog = filled("ann new 1", "bob new 1");
    expect(backlog.take(1)?.sequence).toBe(1);
    expect(backlog.take(1)).toBeUndefined();
  });

  test("keeps one update of each object while nobody takes them, which tells what all of them told", () => {
    const backlog = filled("ann new 1", "ann update 2", "bob new 1", "ann update 3", "ann update 4");
    expect(waitingIn(backlog)).toEqual(["ann new 1", "bob new 1", "ann update 4 (from 1)"]);
    expect(backlog.size()).toBe(3);
  });

  test("leaves an update alone that is under way", () => {
    const backlog = filled("ann new 1", "ann update 2");
    nextOf(backlog);
    nextOf(backlog);
    add(backlog, "ann update 3");
    backlog.putBack();
    expect(waitingIn(backlog)).toEqual(["ann new 1", "ann update 2", "ann update 3"]);
  });

  test("holds the last message of an object in view although the broker has it, and no longer than that", () => {
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

  test("takes the acknowledgement of a message that was put back: the broker does have it", () => {
    const backlog = filled("ann new 1", "ann end 2");
    const entry = backlog.take(EVERYTHING);
    backlog.putBack();
    backlog.acknowledge(entry?.sequence ?? 0);
    expect(waitingIn(backlog)).toEqual(["ann end 2"]);
  });
});

describe("where there is no room", () => {
  test("the oldest updates go first, and nothing else while that helps", () => {
    const backlog = emptyBacklog(roomFor(4));
    addAll(backlog, "ann new 1", "ann update 2", "ann end 3", "bob new 1", "bob update 2");
    expect(inStore(backlog)).toEqual(["ann new 1", "ann end 3", "bob new 1", "bob update 2"]);
    add(backlog, "bob end 3");
    expect(inStore(backlog)).toEqual(["ann new 1", "ann end 3", "bob new 1", "bob end 3"]);
    expect(backlog.dropped()).toBe(2);
  });

  test("whole events go next, oldest first: never a `new` without its `end`", () => {
    const backlog = emptyBacklog(roomFor(4));
    for (const id of ["ann", "bob", "cid"]) addAll(backlog, `${id} new 1`, `${id} end 2`);
    expect(inStore(backlog)).toEqual(["bob new 1", "bob end 2", "cid new 1", "cid end 2"]);
  });

  test("the `end` of what the broker knows stays, and so do objects in view, even a few too many", () => {
    const backlog = emptyBacklog(roomFor(1));
    add(backlog, "ann new 1");
    acknowledgeAll(backlog);
    addAll(backlog, "bob new 1", "ann end 2", "cid new 1");
    expect(inStore(backlog)).toEqual(["bob new 1", "ann end 2", "cid new 1"]);
  });

  test("nothing goes of an event whose `new` is under way", () => {
    const backlog = emptyBacklog(roomFor(2));
    add(backlog, "ann new 1");
    backlog.take(EVERYTHING);
    addAll(backlog, "ann end 2", "bob new 1");
    expect(inStore(backlog)).toEqual(["ann new 1", "ann end 2", "bob new 1"]);
  });

  test("messages that are no events go like updates, oldest first", () => {
    const backlog = emptyBacklog({ bytes: 2, ageMs: 1e6 });
    for (const payload of ["a", "b", "c"]) backlog.add(plain(payload), 0);
    expect(backlog.everything().map(({ payload }) => payload)).toEqual(["b", "c"]);
  });

  test.each([{ seed: 1 }, { seed: 2 }, { seed: 3 }])(
    "every `new` keeps its `end` and the order of each object, whatever happens (seed $seed)",
    ({ seed }) => {
      const random = seeded(seed);
      const backlog = emptyBacklog(roomFor(8));
      const alive = new Map<string, number>();
      const told: string[] = [];
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
          told.push(inShort(acknowledged.message.payload));
          backlog.acknowledge(acknowledged.sequence);
        }
        if (random() < 0.05) {
          backlog.putBack();
          underWay.length = 0;
        }
      }
      for (const [id, revision] of alive) if (revision > 0) add(backlog, `${id} end ${revision + 1}`);
      backlog.putBack();
      told.push(...waitingIn(backlog));
      for (const id of alive.keys()) {
        const ofObject = told.filter((line) => line.startsWith(`${id} `)).map((line) => line.split(" ")[1]);
        const revisions = told
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

describe("with age", () => {
  const DAY = { bytes: 1e6, ageMs: 100 };

  test("updates go, and whole events when their `end` is old", () => {
    const backlog = emptyBacklog(DAY);
    add(backlog, "ann new 1", 0);
    add(backlog, "ann update 2", 10);
    add(backlog, "ann end 3", 60);
    add(backlog, "bob new 1", 120);
    expect(inStore(backlog)).toEqual(["ann new 1", "ann end 3", "bob new 1"]);
    add(backlog, "cid new 1", 161);
    expect(inStore(backlog)).toEqual(["bob new 1", "cid new 1"]);
  });

  test("an object that is still in view stays", () => {
    const backlog = emptyBacklog(DAY);
    add(backlog, "ann new 1", 0);
    add(backlog, "bob new 1", 1000);
    expect(inStore(backlog)).toEqual(["ann new 1", "bob new 1"]);
  });
});

describe("what an earlier process left", () => {
  const left = () => filled("ann new 1", "ann update 2", "bob new 1", "cid new 1", "cid end 2").everything();

  test("keeps its order and its numbers, and its objects in view are unfinished", () => {
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

  test("comes after what this process has said already, where the disk could not be read sooner", () => {
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
    // Number 1 on disk was ann's: it is written over with zoe's.
    expect(backlog.takeChanges().put.map(({ sequence }) => sequence)).toContain(1);
  });
});

test("changes are what was added and removed since they were last asked for", () => {
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

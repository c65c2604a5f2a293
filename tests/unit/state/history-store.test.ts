import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, test } from "vitest";
import { type HistoryStore, openHistoryStore, setHistoryAside } from "../../../agent/state/history-store.ts";
import { seededBytes } from "../../support/base/seeded.ts";
import { temporaryFolder } from "../../support/base/temporary-folder.ts";
import { pastEvent, START_MS } from "../../support/history/past-events.ts";

const ALWAYS = { fromMs: 0, toMs: 9e12 };
const EVERYTHING = { ...ALWAYS, limit: 200 };
const MINUTE_MS = 60_000;

async function withStore(work: (store: HistoryStore, path: string) => unknown): Promise<void> {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "history", "events.db");
  const store = await openHistoryStore(path);
  try {
    await work(store, path);
  } finally {
    store.close();
  }
}

const idsOf = (events: readonly { readonly id: string }[]) => events.map(({ id }) => id);

describe("the history on disk", () => {
  test("keeps whole events over a restart", async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "events.db");
    const corners = [
      [0.1, 0.4],
      [0.9, 0.4],
      [0.5, 1],
    ] as const;
    const event = pastEvent(1, { zones: ["porch", "path"], outlines: [{ name: "porch", corners }] });
    const first = await openHistoryStore(path);
    first.write([event]);
    first.close();
    const second = await openHistoryStore(path);
    expect(second.find(event.id)).toEqual(event);
    expect(second.list(EVERYTHING).events).toEqual([event]);
    second.close();
    expect((statSync(path).mode & 0o777).toString(8)).toBe("600");
  });

  test("replaces an event by its id, and keeps its track", async () => {
    await withStore((store) => {
      store.write([pastEvent(1, { endMs: null, reason: null, track: [] })]);
      store.write([pastEvent(1)]);
      store.write([pastEvent(1, { track: [], zones: ["porch"] })]);
      expect(store.list(EVERYTHING).events).toEqual([pastEvent(1, { zones: ["porch"] })]);
    });
  });

  test("keeps events that started in the same millisecond apart", async () => {
    await withStore((store) => {
      const events = [1, 2, 3].map((number) => pastEvent(number, { startMs: START_MS }));
      store.write(events);
      store.write(events);
      expect(new Set(idsOf(store.list(EVERYTHING).events))).toEqual(new Set(idsOf(events)));
      for (const event of events) expect(store.find(event.id)).toEqual(event);
    });
  });

  test("lists events of a period, newest first, in pages without gaps", async () => {
    await withStore((store) => {
      store.write(Array.from({ length: 25 }, (_, number) => pastEvent(number)));
      const query = { fromMs: START_MS + 2 * MINUTE_MS, toMs: START_MS + 22 * MINUTE_MS, limit: 7 };
      const pages: string[][] = [];
      let before: number | undefined;
      do {
        const { events, next } = store.list({ ...query, before });
        pages.push(idsOf(events));
        before = next;
      } while (before !== undefined);
      expect(pages.map(({ length }) => length)).toEqual([7, 7, 6]);
      expect(pages.flat()).toEqual(Array.from({ length: 20 }, (_, index) => pastEvent(21 - index).id));
    });
  });

  test("filters by camera, label and whole names of zones", async () => {
    await withStore((store) => {
      const events = [
        pastEvent(1, { zones: ["porch"] }),
        pastEvent(2, { zones: ["porch-2", "path"] }),
        pastEvent(3, { camera: "yard", label: "dog" }),
        pastEvent(4, { camera: "yard", zones: ["path", "porch"] }),
      ];
      store.write(events);
      const listed = (filter: object) =>
        idsOf(store.list({ ...EVERYTHING, ...filter }).events).map((id) => Number(id.slice(-1)));
      expect(listed({ zone: "porch" })).toEqual([4, 1]);
      expect(listed({ zone: "path" })).toEqual([4, 2]);
      expect(listed({ zone: "por" })).toEqual([]);
      expect(listed({ camera: "yard" })).toEqual([4, 3]);
      expect(listed({ label: "dog", camera: "yard" })).toEqual([3]);
      expect(listed({ label: "%" })).toEqual([]);
    });
  });

  test("finds a rare event among thousands, without examining all of them at once", async () => {
    await withStore((store) => {
      store.write([pastEvent(0, { label: "dog" })]);
      store.write(Array.from({ length: 10_500 }, (_, number) => pastEvent(number + 1, { track: [] })));
      const rare = { ...EVERYTHING, label: "dog" };
      const first = store.list(rare);
      expect(first.events).toEqual([]);
      const second = store.list({ ...rare, before: first.next });
      const third = store.list({ ...rare, before: second.next });
      expect([second.events, idsOf(third.events), third.next]).toEqual([[], [pastEvent(0).id], undefined]);
    });
  });

  test("counts events by day, and by camera and step", async () => {
    await withStore((store) => {
      store.write([
        pastEvent(0, { zones: ["porch"] }),
        pastEvent(1, { zones: ["porch"] }),
        pastEvent(2, { camera: "yard" }),
        pastEvent(60),
      ]);
      const hour = { fromMs: START_MS, toMs: START_MS + 60 * MINUTE_MS };
      expect(store.count(hour)).toEqual([
        { camera: "door", label: "person", zones: ["porch"], events: 2 },
        { camera: "yard", label: "person", zones: [], events: 1 },
      ]);
      const steps = { ...hour, toMs: START_MS + 61 * MINUTE_MS, stepMs: 30 * MINUTE_MS };
      expect(store.countSteps(steps)).toEqual([
        { camera: "door", step: 0, events: 2 },
        { camera: "door", step: 2, events: 1 },
        { camera: "yard", step: 0, events: 1 },
      ]);
      expect(store.countSteps({ ...steps, zone: "porch" })).toEqual([{ camera: "door", step: 0, events: 2 }]);
    });
  });

  test("removes the oldest events, but none that is kept or ended later", async () => {
    await withStore((store) => {
      const [parked, kept, old, recent] = [
        pastEvent(0, { endMs: START_MS + 90 * MINUTE_MS }),
        pastEvent(1, { endMs: null, reason: null }),
        pastEvent(2, { pictureBytes: 70_000 }),
        pastEvent(40),
      ];
      store.write([parked, kept, old, recent]);
      const removed = store.removeOldest(START_MS + 30 * MINUTE_MS, new Set([kept.id]), 1);
      expect(removed).toEqual([{ id: old.id, pictureBytes: 70_000 }]);
      expect(idsOf(store.list(EVERYTHING).events)).toEqual(idsOf([recent, kept, parked]));
      expect(idsOf(store.removeOldest(undefined, new Set(), 2))).toEqual(idsOf([parked, kept]));
    });
  });

  test("uses the space of removed events again, and returns it when it is shrunk", async () => {
    await withStore((store) => {
      const events = Array.from({ length: 200 }, (_, number) => pastEvent(number));
      store.write(events);
      const { file } = store.size();
      store.removeOldest(undefined, new Set(), 150);
      expect(store.size().file).toBe(file);
      expect(store.size().empty).toBeGreaterThan(file / 2);
      store.write(events.slice(0, 100));
      expect(store.size().file).toBe(file);
      store.removeOldest(undefined, new Set(), 100);
      store.shrink();
      expect(store.size()).toMatchObject({ empty: 0 });
      expect(store.size().file).toBeLessThan(file / 2);
      expect(store.list(EVERYTHING).events).toHaveLength(50);
    });
  });

  test("skips a damaged row, and shows the others", async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "events.db");
    const store = await openHistoryStore(path);
    store.write([pastEvent(1), pastEvent(2), pastEvent(3)]);
    store.close();
    {
      using database = new DatabaseSync(path);
      database.exec(`UPDATE events SET box = '[1' WHERE id = '${pastEvent(1).id}'`);
      database.exec(
        "UPDATE tracks SET track = '[[0,1,2]]' WHERE key = (SELECT min(key) + 60000000 FROM tracks)",
      );
    }
    const again = await openHistoryStore(path);
    expect(again.list(EVERYTHING).events).toEqual([pastEvent(3)]);
    expect(again.find(pastEvent(2).id)).toBeUndefined();
    again.close();
  });

  test.each([
    { how: "has garbage at its start", at: 0, kind: "damaged", least: 0 },
    { how: "has garbage at its end", at: 90, kind: "damaged", least: 200 },
  ])("can be set aside with its readable events if it $how", async ({ at, kind, least }) => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "events.db");
    const store = await openHistoryStore(path);
    store.write(Array.from({ length: 400 }, (_, number) => pastEvent(number)));
    store.close();
    const bytes = readFileSync(path);
    bytes.set(seededBytes(1, 20_000), Math.floor((bytes.length * at) / 100));
    writeFileSync(path, bytes);
    const readEverything = async () => {
      const damaged = await openHistoryStore(path);
      try {
        damaged.list({ ...ALWAYS, limit: 1000 });
        damaged.count(ALWAYS);
        damaged.write([pastEvent(999)]);
      } finally {
        damaged.close();
      }
    };
    await expect(readEverything()).rejects.toMatchObject({ name: "StoreError", kind });
    const salvaged = await setHistoryAside(path, `${path}.damaged`);
    expect(salvaged.length).toBeGreaterThanOrEqual(least);
    const fresh = await openHistoryStore(path);
    expect(fresh.list(EVERYTHING).events).toEqual([]);
    fresh.close();
  });
});

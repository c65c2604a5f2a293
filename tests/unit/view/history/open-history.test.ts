import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { openHistoryStore } from "../../../../agent/state/history-store.ts";
import type { PastEvent } from "../../../../agent/state/past-event.ts";
import { RETRY_STORE_MS } from "../../../../agent/state/resilient-store.ts";
import { type History, openHistory } from "../../../../agent/view/history/open-history.ts";
import { type LogLine, recordingLog } from "../../../support/agent/log-lines.ts";
import { door } from "../../../support/agent/small-config.ts";
import { seededBytes } from "../../../support/base/seeded.ts";
import { type TemporaryFolder, temporaryFolder } from "../../../support/base/temporary-folder.ts";
import { pastEvent } from "../../../support/history/past-events.ts";
import { walkPast } from "../../../support/scenes/walk-past.ts";
import { type ManualClock, manualClock } from "../../../support/time/manual-clock.ts";

const ZONES = 'zones: {porch: {coordinates: "0.1,0.4,0.9,0.4,0.9,1,0.1,1", inertia: 2}}';
const KEEPING = `${ZONES}\nsnapshots: {directory: kept}`;
const EVERYTHING = { fromMs: 0, toMs: 9e12, limit: 200 };
const DAY_MS = 86_400_000;

interface Opened {
  readonly history: History;
  readonly clock: ManualClock;
  readonly lines: readonly LogLine[];
  [Symbol.asyncDispose](): Promise<void>;
}

async function opened(
  folder: TemporaryFolder,
  { camera = ZONES, retainDays = 14, maxMb = 200, nowMs = 0 } = {},
): Promise<Opened> {
  const { log, lines } = recordingLog();
  const clock = manualClock();
  if (nowMs > 0) clock.jump(nowMs - clock.nowMs());
  const stateDirectory = folder.path;
  const history = await openHistory({
    stateDirectory,
    cameras: () => [door(camera)],
    retainDays,
    maxMb,
    clock,
    log,
  });
  return { history, clock, lines, [Symbol.asyncDispose]: async () => history[Symbol.asyncDispose]() };
}

/** A person walks past. @param startMs makes the event's id unique @param until the number of outcomes that are recorded */
async function walk(history: History, camera = ZONES, startMs = 1_700_000_000_000, until = Infinity) {
  let outcomes = 0;
  for await (const outcome of walkPast(door(camera), { startMs })) {
    history.record("door", outcome);
    if (++outcomes >= until) return;
  }
}

async function store(folder: TemporaryFolder, events: readonly PastEvent[]): Promise<void> {
  const opened = await openHistoryStore(join(folder.path, "history", "events.db"));
  opened.write(events);
  opened.close();
}

const fileIn = (folder: TemporaryFolder, name: string) => join(folder.path, "history", name);
const warnings = (lines: readonly LogLine[]) => lines.filter(({ level }) => level === "warn");

describe("the event history", () => {
  test("contains an event with its track and zones, also after a restart", async () => {
    await using folder = await temporaryFolder();
    {
      await using first = await opened(folder);
      await walk(first.history);
    }
    expect(readdirSync(join(folder.path, "history"))).toEqual(["events.db"]);
    await using second = await opened(folder);
    const { events } = await second.history.list(EVERYTHING);
    expect(events).toMatchObject([
      {
        camera: "door",
        label: "person",
        startMs: 1_700_000_000_000,
        endMs: 1_700_000_003_800,
        reason: "shutdown",
        zones: ["porch"],
        width: 640,
        height: 320,
        hasPicture: false,
        outlines: [{ name: "porch" }],
      },
    ]);
    const { track = [] } = events[0] ?? {};
    expect([track[0], track.at(-1)]).toEqual([
      [200, 78, 250, 172, 875],
      [3800, 359, 250, 453, 875],
    ]);
  });

  test.each(["detect", "enabled"])("tells that the switch %s ended an event", async (name) => {
    await using folder = await temporaryFolder();
    await using world = await opened(folder);
    let outcomes = 0;
    const isOn = (which: string) => which !== name || outcomes < 15;
    for await (const outcome of walkPast(door(ZONES), { isOn })) {
      world.history.record("door", outcome);
      outcomes++;
    }
    const { events } = await world.history.list(EVERYTHING);
    expect(events).toMatchObject([{ reason: `switched_off ${name}` }]);
  });

  test("shows an event in progress in its current state, and one of a killed agent as ended by a crash", async () => {
    await using folder = await temporaryFolder();
    {
      await using first = await opened(folder);
      await walk(first.history, ZONES, undefined, 15);
      const { events } = await first.history.list(EVERYTHING);
      expect(events).toMatchObject([{ endMs: null, reason: null, zones: ["porch"] }]);
      expect(events[0]?.track.length).toBeGreaterThan(10);
    }
    await using second = await opened(folder);
    const { events } = await second.history.list(EVERYTHING);
    expect(events).toMatchObject([{ endMs: null, reason: "crash", zones: ["porch"] }]);
  });

  test("keeps pictures only of cameras that keep snapshots", async () => {
    await using folder = await temporaryFolder();
    {
      await using first = await opened(folder, { camera: KEEPING });
      await walk(first.history, KEEPING, undefined, 15);
      const [going] = (await first.history.list(EVERYTHING)).events;
      expect(going?.hasPicture).toBe(true);
      expect(await first.history.picture(going?.id ?? "")).toBeDefined();
      await walk(first.history, KEEPING, 1_700_000_100_000);
    }
    await using second = await opened(folder);
    const [event] = (await second.history.list(EVERYTHING)).events;
    expect(event?.hasPicture).toBe(true);
    expect(event?.track.map(([, ...box]) => box)).toContainEqual(event?.box);
    const { width, height } = await sharp(await second.history.picture(event?.id ?? "")).metadata();
    expect([width, height]).toEqual([640, 320]);
    expect(statSync(fileIn(folder, `${event?.id}.jpg`)).mode & 0o777).toBe(0o600);
  });

  test("takes no pictures while snapshots are switched off", async () => {
    await using folder = await temporaryFolder();
    {
      await using first = await opened(folder, { camera: KEEPING });
      const isOn = (name: string) => name !== "snapshots";
      for await (const outcome of walkPast(door(KEEPING), { isOn })) first.history.record("door", outcome);
    }
    await using second = await opened(folder);
    expect((await second.history.list(EVERYTHING)).events).toMatchObject([{ hasPicture: false }]);
  });

  test("takes no pictures of a camera that publishes snapshots and keeps none", async () => {
    const publishing = `${ZONES}\nsnapshots: {enabled: true}`;
    await using folder = await temporaryFolder();
    {
      await using first = await opened(folder, { camera: publishing });
      await walk(first.history, publishing);
    }
    await using second = await opened(folder);
    expect((await second.history.list(EVERYTHING)).events).toMatchObject([{ hasPicture: false }]);
  });

  test("draws the zones that are in force when an event happens", async () => {
    await using folder = await temporaryFolder();
    const cameras = [door(ZONES)];
    const { log } = recordingLog();
    const options = { stateDirectory: folder.path, retainDays: 14, maxMb: 200, clock: manualClock(), log };
    await using history = await openHistory({ ...options, cameras: () => cameras });
    await walk(history);
    cameras[0] = door(ZONES.replace("porch", "drive"));
    await walk(history, ZONES.replace("porch", "drive"), 1_700_000_100_000);
    const { events } = await history.list(EVERYTHING);
    expect(events.map(({ zones, outlines }) => [...zones, ...outlines.map(({ name }) => name)])).toEqual([
      ["drive", "drive"],
      ["porch", "porch"],
    ]);
  });

  test("writes at most 10 kB for an event besides its picture", async () => {
    await using folder = await temporaryFolder();
    const written = () => Number(/^wchar: (\d+)$/m.exec(readFileSync("/proc/self/io", "utf8"))?.[1]);
    await using held = await opened(folder);
    await held.history.list(EVERYTHING);
    const before = written();
    const events = 10;
    for (let event = 0; event < events; event++) {
      await walk(held.history, ZONES, 1_700_000_000_000 + event * 60_000);
    }
    await held.history[Symbol.asyncDispose]();
    expect((written() - before) / events).toBeGreaterThan(500);
    expect((written() - before) / events).toBeLessThan(10_000);
  });

  test("removes events after the given days, with their pictures, and pictures without events", async () => {
    await using folder = await temporaryFolder();
    const [old, recent] = [pastEvent(0, { pictureBytes: 4 }), pastEvent(1440, { pictureBytes: 4 })];
    await store(folder, [old, recent]);
    for (const id of [old.id, recent.id, "1700000000.000000-orphan"]) {
      writeFileSync(fileIn(folder, `${id}.jpg`), "jpeg");
    }
    writeFileSync(fileIn(folder, "notes.txt"), "mine");
    await using held = await opened(folder, { nowMs: old.startMs + 2.5 * DAY_MS, retainDays: 2 });
    const files = () =>
      readdirSync(join(folder.path, "history")).filter((name) => !name.startsWith("events.db"));
    await expect
      .poll(
        async () => {
          await held.clock.pass(100);
          return files();
        },
        { timeout: 60_000 },
      )
      .toEqual([`${recent.id}.jpg`, "notes.txt"]);
    expect((await held.history.list(EVERYTHING)).events).toMatchObject([{ id: recent.id }]);
    held.clock.jump(DAY_MS);
    await expect
      .poll(
        async () => {
          await held.clock.pass(10_000);
          return files();
        },
        { timeout: 60_000 },
      )
      .toEqual(["notes.txt"]);
  });

  test("stays within the given megabytes, and keeps the newest events", async () => {
    await using folder = await temporaryFolder();
    // 20 MB of pictures, as the rows state it, and some of the events.
    await store(
      folder,
      Array.from({ length: 300 }, (_, number) => pastEvent(number, { pictureBytes: 100_000 })),
    );
    for (let number = 0; number < 300; number++) {
      writeFileSync(fileIn(folder, `${pastEvent(number).id}.jpg`), Buffer.alloc(100_000));
    }
    const bytes = () => {
      const folderOf = join(folder.path, "history");
      return readdirSync(folderOf).reduce((sum, name) => sum + statSync(join(folderOf, name)).size, 0);
    };
    expect(bytes()).toBeGreaterThan(30e6);
    await using held = await opened(folder, { nowMs: pastEvent(300).startMs, maxMb: 10 });
    await expect
      .poll(
        async () => {
          await held.clock.pass(100);
          return bytes();
        },
        { timeout: 60_000 },
      )
      .toBeLessThan(10e6);
    const { events } = await held.history.list(EVERYTHING);
    expect(events.length).toBeGreaterThan(20);
    expect(events[0]?.id).toBe(pastEvent(299).id);
  });

  test("sets a damaged database aside with one line, and continues with the readable events", async () => {
    await using folder = await temporaryFolder();
    await store(
      folder,
      Array.from({ length: 400 }, (_, number) => pastEvent(number)),
    );
    const file = fileIn(folder, "events.db");
    const bytes = readFileSync(file);
    bytes.set(seededBytes(1, 20_000), bytes.length - 40_000);
    writeFileSync(file, bytes);
    await using held = await opened(folder, { nowMs: pastEvent(400).startMs });
    await held.history.list({ ...EVERYTHING, limit: 1000 });
    await walk(held.history, ZONES, pastEvent(500).startMs);
    const { events } = await held.history.list(EVERYTHING);
    expect(events.length).toBeGreaterThan(100);
    expect(events[0]?.startMs).toBe(pastEvent(500).startMs);
    expect(warnings(held.lines)).toMatchObject([
      {
        msg: expect.stringMatching(
          /^the event history is damaged \(.*renamed the file to .*events\.db\.damaged/,
        ),
      },
    ]);
    expect(existsSync(`${file}.damaged`)).toBe(true);
  });

  test("sets the history of a newer version aside with one line, with its pictures", async () => {
    await using folder = await temporaryFolder();
    await store(folder, [pastEvent(1, { pictureBytes: 4 })]);
    writeFileSync(fileIn(folder, `${pastEvent(1).id}.jpg`), "jpeg");
    {
      using database = new DatabaseSync(fileIn(folder, "events.db"));
      database.exec("PRAGMA user_version = 2");
    }
    await using held = await opened(folder, { nowMs: pastEvent(2).startMs });
    expect((await held.history.list(EVERYTHING)).events).toEqual([]);
    expect(warnings(held.lines)).toMatchObject([
      {
        msg: expect.stringMatching(/^a newer version of sabrewing wrote the event history .*history\.newer/),
      },
    ]);
    expect(readdirSync(join(folder.path, "history.newer")).sort()).toEqual([
      `${pastEvent(1).id}.jpg`,
      "events.db",
    ]);
  });

  test("reports once that the disk fails, keeps the events in memory, and stores them when it works", async () => {
    await using folder = await temporaryFolder();
    // A folder has the name of the database, as root could write to any other place.
    mkdirSync(fileIn(folder, "events.db"), { recursive: true });
    await using held = await opened(folder);
    await walk(held.history);
    await expect(held.history.list(EVERYTHING)).rejects.toMatchObject({ name: "StoreError" });
    await walk(held.history, ZONES, 1_700_000_100_000);
    await expect(held.history.list(EVERYTHING)).rejects.toMatchObject({ name: "StoreError" });
    expect(warnings(held.lines)).toMatchObject([
      { msg: expect.stringMatching(/^cannot use the event history .*expected a file.*kept in memory/) },
    ]);
    renameSync(fileIn(folder, "events.db"), fileIn(folder, "blocking"));
    await held.clock.pass(RETRY_STORE_MS);
    await walk(held.history, ZONES, 1_700_000_200_000);
    expect((await held.history.list(EVERYTHING)).events).toHaveLength(3);
    expect(held.lines.at(-1)?.msg).toMatch(/^the event history is stored on disk again after \d+ s$/);
  });
});

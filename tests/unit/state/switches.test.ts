import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { openSwitches } from "../../../agent/state/switches.ts";
import { recordingLog } from "../../support/agent/log-lines.ts";
import { temporaryFolder } from "../../support/base/temporary-folder.ts";
import { manualClock } from "../../support/time/manual-clock.ts";

const DOOR_ON = [{ name: "door", detect: { enabled: true } }];
const DOOR_OFF = [{ name: "door", detect: { enabled: false } }];

describe("a switch", () => {
  test("is as configured until it is set", async () => {
    await using start = await starter();
    await using on = await start.open(DOOR_ON);
    await using off = await start.open(DOOR_OFF);
    expect([on.isDetecting("door"), off.isDetecting("door")]).toEqual([true, false]);
    expect(start.lines).toEqual([]);
  });

  test("survives a restart", async () => {
    await using start = await starter();
    {
      await using switches = await start.open(DOOR_ON);
      switches.setDetecting("door", false);
      expect(switches.isDetecting("door")).toBe(false);
    }
    await using again = await start.open(DOOR_ON);
    expect(again.isDetecting("door")).toBe(false);
    expect(await readdir(dirname(start.file))).toEqual(["switches.json"]);
  });

  test("has its last value on disk after a hundred changes in a row", async () => {
    await using start = await starter();
    {
      await using switches = await start.open(DOOR_ON);
      for (let time = 0; time < 100; time++) switches.setDetecting("door", time % 2 === 0);
    }
    await using again = await start.open(DOOR_ON);
    expect(again.isDetecting("door")).toBe(false);
  });

  test("is written every ten seconds under constant changes, and at the end", async () => {
    await using start = await starter();
    const onDisk = async () => JSON.parse(await readFile(start.file, "utf8")).detect.door.on as boolean;
    {
      await using switches = await start.open(DOOR_ON);
      switches.setDetecting("door", false);
      await vi.waitFor(async () => expect(await onDisk()).toBe(false));
      await rm(start.file);
      for (let ms = 0; ms < 9_000; ms += 100) {
        switches.setDetecting("door", ms % 200 === 0);
        await start.clock.pass(100);
      }
      expect(await readdir(dirname(start.file))).toEqual([]);
      switches.setDetecting("door", true);
      await start.clock.pass(1_000);
      await vi.waitFor(async () => expect(await onDisk()).toBe(true));
      switches.setDetecting("door", false);
    }
    expect(await onDisk()).toBe(false);
  });

  test("is overridden by a later change of the configuration", async () => {
    await using start = await starter();
    {
      await using switches = await start.open(DOOR_OFF);
      switches.setDetecting("door", false);
    }
    await using again = await start.open(DOOR_ON);
    expect(again.isDetecting("door")).toBe(true);
  });

  test("does not change the switches of other cameras", async () => {
    await using start = await starter();
    {
      await using both = await start.open([...DOOR_ON, { name: "yard", detect: { enabled: true } }]);
      both.setDetecting("yard", false);
    }
    {
      await using door = await start.open(DOOR_ON);
      door.setDetecting("door", false);
    }
    await using both = await start.open([...DOOR_ON, { name: "yard", detect: { enabled: true } }]);
    expect([both.isDetecting("door"), both.isDetecting("yard")]).toEqual([false, false]);
  });

  test.each([
    ["half a file", '{"detect": {"door": {"on"', "it is not JSON"],
    ["other things", '{"detect": {"door": "off"}}', "unexpected content"],
  ])("warns and stands as configured where its memory holds %s", async (_, text, why) => {
    await using start = await starter();
    await mkdir(dirname(start.file), { recursive: true });
    await writeFile(start.file, text);
    {
      await using switches = await start.open(DOOR_ON);
      expect(switches.isDetecting("door")).toBe(true);
      expect(start.lines).toMatchObject([{ level: "warn", msg: expect.stringContaining(why) }]);
      switches.setDetecting("door", false);
    }
    expect(JSON.parse(await readFile(start.file, "utf8"))).toEqual({
      detect: { door: { on: false, configured: true } },
    });
  });

  test("works until the restart, with a warning, if the file cannot be written", async () => {
    await using start = await starter();
    // A file instead of the folder.
    await writeFile(dirname(start.file), "");
    await using switches = await start.open(DOOR_ON);
    switches.setDetecting("door", false);
    await switches[Symbol.asyncDispose]();
    expect(switches.isDetecting("door")).toBe(false);
    expect(start.lines.at(-1)).toMatchObject({
      level: "warn",
      msg: expect.stringContaining("switches are lost at the next start"),
      remedy: expect.stringContaining("state_dir"),
    });
  });
});

async function starter() {
  const folder = await temporaryFolder();
  const file = join(folder.path, "state", "switches.json");
  const { log, lines } = recordingLog();
  const clock = manualClock();
  return {
    file,
    lines,
    clock,
    open: (cameras: typeof DOOR_ON) => openSwitches(file, cameras, { clock, log }),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

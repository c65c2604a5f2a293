import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { openSwitches, SWITCHES, type SwitchedCamera } from "../../../agent/state/switches.ts";
import { recordingLog } from "../../support/agent/log-lines.ts";
import { temporaryFolder } from "../../support/base/temporary-folder.ts";
import { manualClock } from "../../support/time/manual-clock.ts";

const DOOR: SwitchedCamera = {
  name: "door",
  enabled: true,
  detect: { enabled: true },
  motion: { enabled: true },
  snapshots: { enabled: false },
};
const DOOR_ON = [DOOR];
const DOOR_OFF = [{ ...DOOR, detect: { enabled: false } }];

describe("a switch", () => {
  test("is as configured until it is set", async () => {
    await using start = await starter();
    await using on = await start.open(DOOR_ON);
    await using off = await start.open(DOOR_OFF);
    expect([on.isOn("door", "detect"), off.isOn("door", "detect")]).toEqual([true, false]);
    expect(start.lines).toEqual([]);
  });

  test("survives a restart", async () => {
    await using start = await starter();
    {
      await using switches = await start.open(DOOR_ON);
      switches.set("door", "detect", false);
      expect(switches.isOn("door", "detect")).toBe(false);
    }
    await using again = await start.open(DOOR_ON);
    expect(again.isOn("door", "detect")).toBe(false);
    expect(await readdir(dirname(start.file))).toEqual(["switches.json"]);
  });

  test("has its last value on disk after a hundred changes in a row", async () => {
    await using start = await starter();
    {
      await using switches = await start.open(DOOR_ON);
      for (let time = 0; time < 100; time++) switches.set("door", "detect", time % 2 === 0);
    }
    await using again = await start.open(DOOR_ON);
    expect(again.isOn("door", "detect")).toBe(false);
  });

  test("is written every ten seconds under constant changes, and at the end", async () => {
    await using start = await starter();
    const onDisk = async () => JSON.parse(await readFile(start.file, "utf8")).detect.door.on as boolean;
    {
      await using switches = await start.open(DOOR_ON);
      switches.set("door", "detect", false);
      await vi.waitFor(async () => expect(await onDisk()).toBe(false));
      await rm(start.file);
      for (let ms = 0; ms < 9_000; ms += 100) {
        switches.set("door", "detect", ms % 200 === 0);
        await start.clock.pass(100);
      }
      expect(await readdir(dirname(start.file))).toEqual([]);
      switches.set("door", "detect", true);
      await start.clock.pass(1_000);
      await vi.waitFor(async () => expect(await onDisk()).toBe(true));
      switches.set("door", "detect", false);
    }
    expect(await onDisk()).toBe(false);
  });

  test("of each kind survives a restart, and does not change the others", async () => {
    await using start = await starter();
    const values = async () => {
      await using switches = await start.open(DOOR_ON);
      return SWITCHES.map((name) => switches.isOn("door", name));
    };
    expect(await values()).toEqual([true, true, true, false]);
    for (const name of SWITCHES) {
      {
        await using switches = await start.open(DOOR_ON);
        switches.set("door", name, name === "snapshots");
      }
      expect(await values()).toEqual(
        SWITCHES.map((one) => SWITCHES.indexOf(one) <= SWITCHES.indexOf(name) === (one === "snapshots")),
      );
    }
  });

  test("for snapshots is on if they are published or stored", async () => {
    await using start = await starter();
    for (const snapshots of [{ enabled: true }, { enabled: false, directory: "/tmp" }]) {
      await using switches = await start.open([{ ...DOOR, snapshots }]);
      expect(switches.isOn("door", "snapshots")).toBe(true);
    }
  });

  test("for a whole camera wakes a task that waits for it", async () => {
    await using start = await starter();
    await using switches = await start.open(DOOR_ON);
    const enabled = switches.enabled("door");
    const off = enabled.offSignal();
    switches.set("door", "enabled", false);
    expect([enabled.isOn(), off.aborted]).toEqual([false, true]);
    const waiting = enabled.untilOn(new AbortController().signal);
    switches.set("door", "enabled", true);
    await waiting;
    expect([enabled.isOn(), enabled.offSignal().aborted]).toEqual([true, false]);
  });

  test("is overridden by a later change of the configuration", async () => {
    await using start = await starter();
    {
      await using switches = await start.open(DOOR_OFF);
      switches.set("door", "detect", false);
    }
    await using again = await start.open(DOOR_ON);
    expect(again.isOn("door", "detect")).toBe(true);
  });

  test("does not change the switches of other cameras", async () => {
    await using start = await starter();
    {
      await using both = await start.open([...DOOR_ON, { ...DOOR, name: "yard" }]);
      both.set("yard", "detect", false);
    }
    {
      await using door = await start.open(DOOR_ON);
      door.set("door", "detect", false);
    }
    await using both = await start.open([...DOOR_ON, { ...DOOR, name: "yard" }]);
    expect([both.isOn("door", "detect"), both.isOn("yard", "detect")]).toEqual([false, false]);
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
      expect(switches.isOn("door", "detect")).toBe(true);
      expect(start.lines).toMatchObject([{ level: "warn", msg: expect.stringContaining(why) }]);
      switches.set("door", "detect", false);
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
    switches.set("door", "detect", false);
    await switches[Symbol.asyncDispose]();
    expect(switches.isOn("door", "detect")).toBe(false);
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
    open: (cameras: readonly SwitchedCamera[]) => openSwitches(file, cameras, { clock, log }),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

import { lstat, mkdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { ConfigError } from "../../../agent/base/errors.ts";
import { openReleaseHistory, readReleases } from "../../../agent/state/releases.ts";
import { recordingLog } from "../../support/agent/log-lines.ts";
import { temporaryFolder } from "../../support/base/temporary-folder.ts";
import { SMALL_MODEL } from "../../support/detectors/scripted-detector.ts";

const gate = (release?: number) => ({
  ...SMALL_MODEL,
  name: "gate",
  ...(release === undefined ? {} : { release }),
});
const yard = (release: number) => ({ ...SMALL_MODEL, name: "yard", release });

async function starter() {
  const folder = await temporaryFolder();
  const file = join(folder.path, "state", "releases.json");
  const { log, lines } = recordingLog();
  return {
    file,
    lines,
    open: () => openReleaseHistory(file, log),
    /** Runs these models one after the other, each in its own agent. */
    async hasRun(...models: ReturnType<typeof gate>[]) {
      for (const model of models) {
        await using history = openReleaseHistory(file, log);
        history.record(model);
      }
    },
    onDisk: async (): Promise<unknown> => JSON.parse(await readFile(file, "utf8")),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

describe("the release history", () => {
  test("refuses a lower release of the same model, also after a restart, with a remedy", async () => {
    await using start = await starter();
    await start.hasRun(gate(3));
    await using history = start.open();
    const refused = history.requireNotOlder(gate(2));
    await expect(refused).rejects.toBeInstanceOf(ConfigError);
    await expect(refused).rejects.toMatchObject({
      message: expect.stringMatching(
        /gate .* is release 2, and release 3 has run here: expected 3 or higher/,
      ),
      remedy: expect.stringMatching(new RegExp(`--release 4.*delete ${start.file} and start the agent`)),
    });
    await expect(history.requireNotOlder(gate(0))).rejects.toThrow(/is release 0/);
    await expect(history.requireNotOlder(gate()), "no release counts as 0").rejects.toThrow(/is release 0/);
    await history.requireNotOlder(gate(3));
    await history.requireNotOlder(gate(4));
    await history.requireNotOlder(yard(1));
  });

  test("records the highest release of each model by name", async () => {
    await using start = await starter();
    await start.hasRun(gate(3), yard(7), gate(5), gate(4), yard(0));
    expect(await start.onDisk()).toEqual({
      models: [
        { name: "gate", release: 5 },
        { name: "yard", release: 7 },
      ],
    });
    expect(start.lines.map(({ model, release }) => [model, release])).toEqual([
      ["gate", 3],
      ["yard", 7],
      ["gate", 5],
    ]);
  });

  test("goes back to the release that continues after a newer one failed at its first frame", async () => {
    await using start = await starter();
    await start.hasRun(yard(9), gate(2), gate(4));
    {
      await using history = start.open();
      history.revert(gate(4), gate(2));
    }
    await using history = start.open();
    await history.requireNotOlder(gate(2));
    await expect(history.requireNotOlder(gate(1))).rejects.toThrow(/release 2 has run/);
    await expect(history.requireNotOlder(yard(8)), "others stay").rejects.toThrow(/release 9 has run/);
    history.revert(yard(9), gate(1));
    history.revert(gate(5), gate(3));
    await expect(history.requireNotOlder(gate(1)), "never raised by that").rejects.toThrow(
      /release 2 has run/,
    );
    await expect(history.requireNotOlder(yard(8)), "another model").rejects.toThrow(/release 9 has run/);
  });

  test("writes nothing for a model without a release", async () => {
    await using start = await starter();
    await start.hasRun(gate(), gate(0));
    await expect(start.onDisk()).rejects.toMatchObject({ code: "ENOENT" });
    expect(start.lines).toEqual([]);
  });

  test("does not change when releases are compared", async () => {
    await using start = await starter();
    await start.hasRun(gate(1));
    await using history = start.open();
    await history.requireNotOlder(gate(9));
    expect(await start.onDisk()).toEqual({ models: [{ name: "gate", release: 1 }] });
  });

  test("takes effect before it is on disk", async () => {
    await using start = await starter();
    await using history = start.open();
    history.record(gate(2));
    history.record(gate(3));
    await expect(history.requireNotOlder(gate(2))).rejects.toThrow(/release 3 has run/);
  });

  test("is empty after the owner deletes the file, also while the agent runs", async () => {
    await using start = await starter();
    await using history = start.open();
    history.record(gate(3));
    await expect(history.requireNotOlder(gate(2))).rejects.toThrow(ConfigError);
    await rm(start.file);
    await history.requireNotOlder(gate(2));
  });

  test.each(["__proto__", "constructor", "toString", "🚪".repeat(200)])(
    "records a model named %s",
    async (name) => {
      await using start = await starter();
      await start.hasRun({ ...gate(3), name });
      await using history = start.open();
      await expect(history.requireNotOlder({ ...gate(2), name })).rejects.toThrow(/release 3 has run/);
      await history.requireNotOlder(gate(0));
    },
  );

  test("records a thousand models at most: it refuses another one, and forgets none", async () => {
    await using start = await starter();
    const models = Array.from({ length: 1000 }, (_, index) => ({ name: `m${index}`, release: 1 }));
    await mkdir(dirname(start.file), { recursive: true });
    await writeFile(start.file, JSON.stringify({ models }));
    await using history = start.open();
    await expect(history.requireNotOlder(gate(1))).rejects.toMatchObject({
      remedy: expect.stringContaining(`Delete ${start.file}`),
    });
    await history.requireNotOlder({ ...gate(2), name: "m7" });
  });

  test.each([
    ["half a file", '{"models": [{"na', "it is not JSON"],
    ["other things", '{"models": [{"name": "gate", "release": -1}]}', "unexpected content"],
    [
      "too many models",
      JSON.stringify({ models: Array(1001).fill({ name: "a", release: 1 }) }),
      "unexpected content",
    ],
  ])(
    "with %s in its file logs a warning, accepts any release and rewrites the file",
    async (_, text, why) => {
      await using start = await starter();
      await mkdir(dirname(start.file), { recursive: true });
      await writeFile(start.file, text);
      await using history = start.open();
      await history.requireNotOlder(gate(1));
      expect(start.lines).toMatchObject([{ level: "warn", msg: expect.stringContaining(why) }]);
      history.record(gate(1));
      await history[Symbol.asyncDispose]();
      expect(await start.onDisk()).toEqual({ models: [{ name: "gate", release: 1 }] });
    },
  );

  test("leaves a file that is unreadable, but not damaged, unchanged, and logs a warning", async () => {
    await using start = await starter();
    // A link to itself instead of another user's file, since root may read every file.
    await mkdir(dirname(start.file), { recursive: true });
    await symlink("releases.json", start.file);
    await using history = start.open();
    await history.requireNotOlder(gate(1));
    history.record(gate(1));
    await history[Symbol.asyncDispose]();
    expect(start.lines.map(({ level, msg }) => [level, msg])).toEqual([
      ["warn", expect.stringMatching(/cannot check the release of the module: cannot read .* \(ELOOP\)/)],
      ["warn", expect.stringMatching(/release 1 of gate is not recorded: .* \(ELOOP\)/)],
    ]);
    expect((await lstat(start.file)).isSymbolicLink()).toBe(true);
  });

  test("uses the higher one of two entries for a model", async () => {
    await using start = await starter();
    await mkdir(dirname(start.file), { recursive: true });
    const models = [3, 1].map((release) => ({ name: "gate", release }));
    await writeFile(start.file, JSON.stringify({ models }));
    expect((await readReleases(start.file)).get("gate")).toBe(3);
  });

  test("is readable only for the agent's user", async () => {
    await using start = await starter();
    await start.hasRun(gate(1));
    expect((await stat(start.file)).mode & 0o777).toBe(0o600);
  });
});

import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import type { RunningAgent } from "../../../../agent/commands/check/running-agent.ts";
import { tryState } from "../../../../agent/commands/check/try-state.ts";
import { sqliteStore } from "../../../../agent/state/sqlite-store.ts";
import { temporaryFolder } from "../../../support/base/temporary-folder.ts";

function stateIn(path: string, agents: readonly RunningAgent[] = []) {
  return tryState({ path, key: "state_dir" }, agents);
}

function agentIn(folder: string, isOurs: boolean): RunningAgent {
  return {
    folder,
    isOurs,
    pid: 42,
    config_file: "/b.yml",
    ports: { metrics: null, view: null },
    cameras: [],
  };
}

test("accepts a folder with the events of an agent that has stopped, and touches none of its files", async () => {
  await using folder = await temporaryFolder();
  await (await sqliteStore(folder.path).open()).close();
  const before = readdirSync(folder.path);
  expect((await stateIn(folder.path)).advice).toEqual([]);
  expect(readdirSync(folder.path)).toEqual(before);
});

test("accepts the folder of the agent that runs with this configuration", async () => {
  await using folder = await temporaryFolder();
  await using _store = await opened(folder.path);
  const { words } = await stateIn(folder.path, [agentIn(folder.path, true)]);
  expect(words).toContain("used by the running agent");
});

async function opened(path: string): Promise<AsyncDisposable> {
  const store = await sqliteStore(path).open();
  return { [Symbol.asyncDispose]: () => store.close() };
}

test("refuses the folder of another agent, and names that agent", async () => {
  await using folder = await temporaryFolder();
  await expect(stateIn(folder.path, [agentIn(folder.path, false)])).rejects.toMatchObject({
    name: "ConfigError",
    message: `another agent keeps its state in ${folder.path}: process 42, with the configuration /b.yml`,
  });
});

test("refuses a folder with the name of the store", async () => {
  await using folder = await temporaryFolder();
  mkdirSync(join(folder.path, "outbox.db"));
  await expect(stateIn(folder.path)).rejects.toThrow(/outbox\.db: expected a file .* found a folder/);
});

test("refuses the store of a newer version, and says what to do", async () => {
  await using folder = await temporaryFolder();
  const database = new DatabaseSync(join(folder.path, "outbox.db"));
  database.exec("CREATE TABLE messages (sequence INTEGER); PRAGMA user_version = 99;");
  database.close();
  await expect(stateIn(folder.path)).rejects.toMatchObject({
    message: expect.stringContaining("found layout 99"),
    remedy: expect.stringContaining("Install the newer version again"),
  });
});

test("says that the agent will set a damaged store aside", async () => {
  await using folder = await temporaryFolder();
  writeFileSync(join(folder.path, "outbox.db"), "x".repeat(5000));
  expect((await stateIn(folder.path)).advice).toMatchObject([
    { message: expect.stringContaining("the stored events are damaged") },
  ]);
});

test("warns of a path that is too long for the socket of sabrewing status", async () => {
  await using folder = await temporaryFolder();
  const { advice } = await stateIn(join(folder.path, "x".repeat(100)));
  expect(advice).toMatchObject([{ message: expect.stringContaining("too long for a socket") }]);
});

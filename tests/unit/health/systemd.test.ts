import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { type Clock, systemClock } from "../../../agent/base/clock.ts";
import { monitorProgress } from "../../../agent/health/progress.ts";
import { notifyServiceManager, type ServiceManager, serviceManager } from "../../../agent/health/systemd.ts";
import { recordingLog } from "../../support/agent/log-lines.ts";
import { listenAsSystemd } from "../../support/agent/notify-socket.ts";
import { waitUntil } from "../../support/time/wait-until.ts";

const hasSystemdNotify =
  spawnSync("systemd-notify", ["--version"]).status === 0 && existsSync("/usr/bin/python3");

/** A clock whose sleeps last until the test lets time pass. */
function timed(stop: AbortController): {
  clock: Clock;
  pass: (ms: number) => Promise<void>;
  slept: number[];
} {
  let nowMs = 0;
  let wake = () => {};
  const slept: number[] = [];
  stop.signal.addEventListener("abort", () => wake());
  return {
    slept,
    clock: {
      ...systemClock,
      monotonicMs: () => nowMs,
      sleep: (ms) =>
        new Promise((resolve) => {
          slept.push(ms);
          wake = resolve;
        }),
    },
    async pass(ms) {
      nowMs += ms;
      wake();
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

function supervise(watchdogMs: number | undefined) {
  const stop = new AbortController();
  const { clock, pass, slept } = timed(stop);
  const { log, lines } = recordingLog();
  const sent: string[] = [];
  const manager: ServiceManager = {
    watchdogMs,
    notify: async (...assignments) => void sent.push(...assignments),
  };
  const progress = monitorProgress(clock);
  const state = { line: "watching 1 of 1 cameras" };
  const done = notifyServiceManager(manager, {
    progress,
    status: () => state.line,
    clock,
    log,
    signal: stop.signal,
  });
  return { stop, pass, slept, sent, lines, progress, state, done };
}

describe("the service manager", () => {
  test("is notified that the agent is ready, that it is alive while the pipeline makes progress, and that it stops", async () => {
    const { stop, pass, slept, sent, progress, done } = supervise(60_000);
    await pass(0);
    const door = progress.start("door");
    for (let turn = 0; turn < 3; turn++) {
      door.expectNextWithin(15_000);
      await pass(10_000);
    }
    stop.abort();
    await done;
    expect(sent).toEqual([
      ...["READY=1", "STATUS=watching 1 of 1 cameras", "WATCHDOG=1", "WATCHDOG=1", "WATCHDOG=1"],
      ...["STOPPING=1", "STATUS=stopping"],
    ]);
    expect(Math.max(...slept)).toBeLessThanOrEqual(20_000);
  });

  test("receives no watchdog message while a part is stuck; the log names the part once", async () => {
    const { stop, pass, sent, lines, progress, done } = supervise(60_000);
    await pass(0);
    progress.start("camera door: processing").expectNextWithin(5_000);
    const before = sent.length;
    for (let turn = 0; turn < 20; turn++) await pass(10_000);
    expect(sent.slice(before)).toEqual(["STATUS=stuck: camera door: processing"]);
    expect(lines).toMatchObject([{ level: "error", stuck: ["camera door: processing"] }]);
    stop.abort();
    await done;
  });

  test("receives each new status line, and no watchdog message without a watchdog", async () => {
    const { stop, pass, sent, state, done } = supervise(undefined);
    await pass(10_000);
    state.line = "watching 0 of 1 cameras";
    await pass(10_000);
    await pass(10_000);
    stop.abort();
    await done;
    expect(sent.filter((line) => line.startsWith("STATUS="))).toEqual([
      "STATUS=watching 1 of 1 cameras",
      "STATUS=watching 0 of 1 cameras",
      "STATUS=stopping",
    ]);
    expect(sent).not.toContain("WATCHDOG=1");
  });

  test("is undefined for an agent that systemd did not start", () => {
    expect(serviceManager({}, recordingLog().log)).toBeUndefined();
    expect(serviceManager({ NOTIFY_SOCKET: "" }, recordingLog().log)).toBeUndefined();
  });

  test("is logged once if it cannot be reached, and the agent continues", async () => {
    const { log, lines } = recordingLog();
    const manager = serviceManager({ NOTIFY_SOCKET: "/nowhere/notify", PATH: process.env.PATH }, log);
    await manager?.notify("READY=1");
    await manager?.notify("WATCHDOG=1");
    expect(lines).toMatchObject([{ level: "warn" }]);
  });

  test.skipIf(!hasSystemdNotify)(
    "receives messages through its socket, and sets the watchdog timeout",
    async () => {
      await using systemd = await listenAsSystemd();
      const env = { NOTIFY_SOCKET: systemd.path, WATCHDOG_USEC: "60000000", PATH: process.env.PATH };
      const manager = serviceManager(env, recordingLog().log);
      expect(manager?.watchdogMs).toBe(60_000);
      await manager?.notify("READY=1", "STATUS=watching 1 of 1 cameras");
      await manager?.notify("WATCHDOG=1");
      await waitUntil("the messages arrive", () => systemd.received.length === 3);
      expect(systemd.received).toEqual(["READY=1", "STATUS=watching 1 of 1 cameras", "WATCHDOG=1"]);
    },
  );
});

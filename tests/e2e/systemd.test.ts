import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { stringify } from "yaml";
import { listenAsSystemd } from "../support/agent/notify-socket.ts";
import { MAIN } from "../support/agent/sabrewing.ts";
import { temporaryFolder } from "../support/base/temporary-folder.ts";
import { hasRtspServer, startRtspCamera } from "../support/camera/rtsp-camera.ts";
import { makeTestClip } from "../support/camera/test-clip.ts";
import { fakeModule, writeModuleFile } from "../support/detectors/fake-modules.ts";
import { startAedes } from "../support/mqtt/brokers.ts";
import { waitUntil } from "../support/time/wait-until.ts";

const hasSystemdNotify = spawnSync("systemd-notify", ["--version"]).status === 0;

test.skipIf(!hasSystemdNotify || !hasRtspServer())(
  "the agent notifies systemd when it is ready, alive with and without its camera, reloading and stopping",
  { timeout: 120_000 },
  async () => {
    await using stack = new AsyncDisposableStack();
    using clip = makeTestClip({ seconds: 2 });
    const folder = stack.use(await temporaryFolder());
    const broker = stack.adopt(await startAedes(), ({ kill }) => kill());
    const systemd = stack.use(await listenAsSystemd());
    const camera = await startRtspCamera({ clip: clip.file });
    const config = join(folder.path, "sabrewing.yml");
    writeFileSync(
      config,
      stringify({
        mqtt: { host: "127.0.0.1", port: broker.port },
        model: { path: writeModuleFile(fakeModule()) },
        detector: { runtime: "v8" },
        state_dir: join(folder.path, "state"),
        cameras: { door: { ffmpeg: { inputs: [{ path: camera.address }], retry_interval: 1 } } },
      }),
    );
    const agent = spawn(process.execPath, [MAIN, "run", "-c", config], {
      env: { ...process.env, NOTIFY_SOCKET: systemd.path, WATCHDOG_USEC: "1500000" },
      stdio: "ignore",
    });
    const exited = once(agent, "exit");
    stack.defer(() => void agent.kill("SIGKILL"));
    const lastIndex = (assignment: string) => systemd.received.lastIndexOf(assignment);
    const isAlive = (after: number) => systemd.received.indexOf("WATCHDOG=1", after) > after;

    await waitUntil("the agent is ready", () => lastIndex("READY=1") >= 0);
    await waitUntil("the camera is online", () => lastIndex("STATUS=1 of 1 cameras online") >= 0);
    await waitUntil("it is alive", () => isAlive(lastIndex("STATUS=1 of 1 cameras online")));
    await camera[Symbol.asyncDispose]();
    await waitUntil("the camera is offline", () => lastIndex("STATUS=0 of 1 cameras online (not: door)") > 2);
    await waitUntil("it is still alive", () =>
      isAlive(lastIndex("STATUS=0 of 1 cameras online (not: door)")),
    );
    agent.kill("SIGHUP");
    await waitUntil("the reload begins", () => lastIndex("RELOADING=1") >= 0);
    await waitUntil("the reload is over", () => lastIndex("READY=1") > lastIndex("RELOADING=1"));
    expect(systemd.received[lastIndex("RELOADING=1") + 1]).toMatch(/^MONOTONIC_USEC=\d+$/);
    agent.kill("SIGTERM");
    expect(await exited).toEqual([0, null]);
    await waitUntil("the stop is reported", () => lastIndex("STOPPING=1") >= 0);
    expect(systemd.received.indexOf("READY=1")).toBe(0);
  },
);

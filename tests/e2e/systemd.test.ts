import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { stringify } from "yaml";
import { startAedes } from "../support/brokers.ts";
import { fakeModule, writeModuleFile } from "../support/fake-modules.ts";
import { listenAsSystemd } from "../support/notify-socket.ts";
import { hasRtspServer, startRtspCamera } from "../support/rtsp-camera.ts";
import { MAIN } from "../support/sabrewing.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { makeTestClip } from "../support/test-clip.ts";
import { waitUntil } from "../support/wait-until.ts";

const hasSystemdNotify = spawnSync("systemd-notify", ["--version"]).status === 0;

test.skipIf(!hasSystemdNotify || !hasRtspServer())(
  "systemd sees the agent become ready, live with and without its camera, and stop in order",
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
    const told = (assignment: string) => systemd.received.lastIndexOf(assignment);
    const lives = (after: number) => systemd.received.indexOf("WATCHDOG=1", after) > after;

    await waitUntil("the agent is ready", () => told("READY=1") >= 0);
    await waitUntil("the camera is seen", () => told("STATUS=1 of 1 cameras online") >= 0);
    await waitUntil("it lives", () => lives(told("STATUS=1 of 1 cameras online")));
    await camera[Symbol.asyncDispose]();
    await waitUntil("the camera is missed", () => told("STATUS=0 of 1 cameras online (not: door)") > 2);
    await waitUntil("it lives on", () => lives(told("STATUS=0 of 1 cameras online (not: door)")));
    agent.kill("SIGTERM");
    expect(await exited).toEqual([0, null]);
    await waitUntil("the leave is told", () => told("STOPPING=1") >= 0);
    expect(systemd.received.indexOf("READY=1")).toBe(0);
  },
);

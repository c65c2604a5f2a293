import { spawnSync } from "node:child_process";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { stringify } from "yaml";
import { systemClock } from "../../agent/base/clock.ts";
import { parseConfig } from "../../agent/config/load.ts";
import { run } from "../../agent/run.ts";
import { recordingLog } from "../support/agent/log-lines.ts";
import { sabrewing } from "../support/agent/sabrewing.ts";
import { temporaryFolder } from "../support/base/temporary-folder.ts";
import { fakeModule } from "../support/detectors/fake-modules.ts";
import { freePort, startAedes } from "../support/mqtt/brokers.ts";
import { waitUntil } from "../support/time/wait-until.ts";

const hasFfmpeg = spawnSync("ffmpeg", ["-version"]).status === 0;

/** A configuration file with a secret that only the service knows. */
function writeConfig(folder: string, brokerPort: number, cameraPort: number): string {
  const model = join(folder, "fake.wasm");
  writeFileSync(model, fakeModule({ width: 64, height: 32 }));
  const file = join(folder, "sabrewing.yml");
  const settings = {
    mqtt: { host: "127.0.0.1", port: brokerPort, user: "cam", password: "{ONLY_THE_SERVICE_KNOWS}" },
    model: { path: model },
    metrics: { enabled: true, port: 0 },
    state_dir: join(folder, "state"),
    cameras: {
      door: {
        ffmpeg: { inputs: [{ path: `rtsp://127.0.0.1:${cameraPort}/stream` }] },
        objects: { track: ["car"] },
        zones: { porch: { coordinates: "0,0,1,0,1,1" } },
      },
    },
  };
  writeFileSync(file, stringify(settings));
  return file;
}

test.skipIf(!hasFfmpeg)(
  "status shows the running agent without the broker's password, even while the broker is down",
  async () => {
    await using stack = new AsyncDisposableStack();
    const { path: folder } = stack.use(await temporaryFolder());
    const port = await freePort();
    const file = writeConfig(folder, port, await freePort());
    const ask = (...words: string[]) => sabrewing(["status", "-c", file, ...words]);

    const idle = await ask("--once");
    expect(idle.exitCode).toBe(75);
    expect(idle.stderr).toContain("no running agent found");

    const { log, lines } = recordingLog();
    const stop = new AbortController();
    const config = parseConfig(readFileSync(file, "utf8"), file, { ONLY_THE_SERVICE_KNOWS: "secret" });
    const done = run(config, {
      clock: systemClock,
      log,
      random: Math.random,
      version: "1.2.3",
      configFile: join(folder, "sabrewing.yml"),
      stateDirectory: join(folder, "state"),
      signal: stop.signal,
    });
    stack.defer(async () => {
      stop.abort();
      await done;
    });
    await waitUntil("the agent is ready", () => lines.some(({ msg }) => msg === "ready"));

    const away = JSON.parse((await ask("--once", "--json")).stdout);
    expect(away).toMatchObject({
      version: "1.2.3",
      pid: process.pid,
      broker: { address: `127.0.0.1:${port}`, connected: false },
      detector: { name: "fake", input: "64x32", runtime: "wasmer", faults: 0 },
      cameras: [
        { name: "door", online: false, detection_enabled: true, motion: null, zones: { porch: { car: 0 } } },
      ],
      events: [],
    });
    expect(statSync(join(folder, "state", "status.sock")).mode & 0o777).toBe(0o600);
    const scraped = await fetch(String(lines.find(({ msg }) => msg === "serving metrics")?.url));
    expect(await scraped.text()).toContain('sabrewing_camera_up{camera_name="door"} 0');

    const broker = stack.adopt(await startAedes(port), (started) => started.kill());
    expect(broker.port).toBe(port);
    await waitUntil("the agent is connected", () => lines.some(({ msg }) => msg.includes("is back after")));
    const { stdout, exitCode } = await ask("--once");
    expect(stdout).toMatch(/^sabrewing 1\.2\.3 {2}up \d+ s/);
    expect(stdout).toContain("connected");
    expect(stdout).toContain("○ offline");
    expect(exitCode).toBe(0);
  },
);

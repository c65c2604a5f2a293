import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
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

interface Ports {
  readonly broker: number;
  readonly view: number;
  readonly metrics: number;
  readonly camera: number;
}

function writeConfig(file: string, ports: Ports, stateDirectory: string): void {
  const settings = {
    mqtt: { host: "127.0.0.1", port: ports.broker },
    model: { path: "fake.wasm" },
    metrics: { enabled: true, port: ports.metrics },
    view: { enabled: true, port: ports.view, token: "0123456789abcdef" },
    state_dir: stateDirectory,
    cameras: { door: { ffmpeg: { inputs: [{ path: `rtsp://127.0.0.1:${ports.camera}/stream` }] } } },
  };
  writeFileSync(file, stringify(settings));
}

async function checked(file: string): Promise<Record<string, { ok: boolean; message: string }>> {
  const { stdout } = await sabrewing(["check", "--json", "-c", file]);
  const lines = stdout.trimEnd().split("\n");
  return Object.fromEntries(lines.map((line) => JSON.parse(line)).map((line) => [line.part, line]));
}

test.skipIf(!hasFfmpeg)(
  "check accepts the ports and the folder of the agent that runs with this configuration, and no others",
  async () => {
    await using stack = new AsyncDisposableStack();
    const { path: folder } = stack.use(await temporaryFolder());
    const broker = stack.adopt(await startAedes(), (started) => started.kill());
    writeFileSync(join(folder, "fake.wasm"), fakeModule({ width: 64, height: 32 }));
    const [view, metrics, camera] = [await freePort(), await freePort(), await freePort()];
    const ports = { broker: broker.port, view, metrics, camera };
    const [own, other] = [join(folder, "own.yml"), join(folder, "other.yml")];
    writeConfig(own, ports, "state");
    writeConfig(other, ports, "other-state");
    const { log, lines } = recordingLog();
    const stop = new AbortController();
    const done = run(parseConfig(readFileSync(own, "utf8"), own, {}), {
      clock: systemClock,
      log,
      random: Math.random,
      version: "1.2.3",
      configFile: own,
      stateDirectory: join(folder, "state"),
      signal: stop.signal,
    });
    stack.defer(async () => {
      stop.abort();
      await done;
    });
    await waitUntil("the agent is ready", () => lines.some(({ msg }) => msg === "ready"));

    const running = expect.stringContaining("the running agent");
    expect(await checked(own)).toMatchObject({
      state: { ok: true, message: running },
      metrics: { ok: true, message: running },
      view: { ok: true, message: running },
    });
    const another = expect.stringContaining("another agent");
    expect(await checked(other)).toMatchObject({
      state: { ok: true },
      metrics: { ok: false, message: another },
      view: { ok: false, message: another },
    });
  },
);

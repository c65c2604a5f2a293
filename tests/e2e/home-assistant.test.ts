import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { connectAsync } from "mqtt";
import { expect, test } from "vitest";
import { stringify } from "yaml";
import { systemClock } from "../../agent/base/clock.ts";
import { parseConfig } from "../../agent/config/load.ts";
import { run } from "../../agent/run.ts";
import { recordingLog } from "../support/agent/log-lines.ts";
import { temporaryFolder } from "../support/base/temporary-folder.ts";
import { hasRtspServer, startRtspCamera } from "../support/camera/rtsp-camera.ts";
import { makeTestClip } from "../support/camera/test-clip.ts";
import { fakeModule } from "../support/detectors/fake-modules.ts";
import {
  freePort,
  type Heard,
  listen,
  mosquittoIsInstalled,
  startMosquitto,
} from "../support/mqtt/brokers.ts";
import { homeEntities } from "../support/mqtt/home-assistant.ts";
import { waitUntil } from "../support/time/wait-until.ts";

const hasFfmpeg = spawnSync("ffmpeg", ["-version"]).status === 0;

test.skipIf(!mosquittoIsInstalled || !hasFfmpeg || !hasRtspServer())(
  "Home Assistant discovers the cameras from retained messages, switches one, and removes deleted ones",
  async () => {
    await using stack = new AsyncDisposableStack();
    const folder = stack.use(await temporaryFolder());
    const broker = stack.adopt(await startMosquitto(), (started) => started.kill());
    const clip = stack.use(makeTestClip());
    const street = stack.use(await startRtspCamera({ clip: clip.file }));
    const nowhere = `rtsp://127.0.0.1:${await freePort()}/stream`;
    const home = stack.adopt(await connectAsync(`mqtt://127.0.0.1:${broker.port}`), (client) =>
      client.endAsync(),
    );
    const start = agentIn(folder.path, broker.port);
    const cameras = {
      street: camera(street.address, { zones: { kerb: { coordinates: "0,0,1,0,1,1" } } }),
      yard: camera(nowhere, {}),
    };

    {
      await using _agent = start(cameras, { enabled: true });
      // Home Assistant starts after the agent and receives retained messages.
      await using late = stack.use(asDisposable(await listen(broker.port)));
      const entity = (device: string, name: string) => find(late.heard, device, name);
      await waitUntil("the street delivers frames", () => entity("street", "Connection")?.state === "on");
      await waitUntil("it reports motion", () => entity("street", "Motion")?.state === "on");
      expect(entity("street", "Kerb car occupancy")).toMatchObject({ available: true, state: "off" });
      expect(entity("street", "Car count")).toMatchObject({ available: true, state: "0" });
      expect(entity("yard", "Connection")).toMatchObject({ available: true, state: "off" });
      // The counts of an offline camera are unavailable; its switch works.
      expect(entity("yard", "Car occupancy")).toMatchObject({ available: false });
      expect(entity("yard", "Detect")).toMatchObject({ available: true, state: "on" });
      await waitUntil("figures arrive", () => Number(entity("street", "Frames per second")?.state) > 0);
      expect(Number(entity("Sabrewing", "Uptime")?.state)).toBeGreaterThan(0);

      const command = entity("yard", "Detect")?.config.command_topic;
      await home.publishAsync(String(command), "OFF", { qos: 1 });
      await waitUntil("it is switched off", () => entity("yard", "Detect")?.state === "off");

      const announcements = () =>
        late.heard.filter(({ topic }) => topic.startsWith("homeassistant/device/")).length;
      const before = announcements();
      await home.publishAsync("homeassistant/status", "online");
      await waitUntil("everything is announced again", () => announcements() === before + 3);
    }

    const live = stack.use(asDisposable(await listen(broker.port)));
    await waitUntil("retained messages arrive", () => find(live.heard, "yard", "Detect") !== undefined);
    expect(homeEntities(live.heard).filter(({ available }) => available)).toEqual([]);
    {
      await using _agent = start({ street: camera(street.address, {}) }, { enabled: true });
      await waitUntil(
        "the zone is removed",
        () => find(live.heard, "street", "Kerb car occupancy") === undefined,
      );
      await waitUntil("the camera is removed", () => find(live.heard, "yard", "Detect") === undefined);
      expect(find(live.heard, "street", "Car occupancy")).toBeDefined();
    }
    {
      await using _agent = start({ street: camera(street.address, {}) }, { enabled: false });
      await waitUntil("all entities are removed", () => homeEntities(live.heard).length === 0);
    }
    const retained = stack.use(asDisposable(await listen(broker.port)));
    await waitUntil("retained messages arrive", () => retained.heard.length > 0);
    expect(retained.heard.filter(({ topic }) => topic.startsWith("homeassistant/"))).toEqual([]);
  },
);

function camera(address: string, more: object) {
  return {
    ffmpeg: { inputs: [{ path: address }] },
    motion: { mqtt_off_delay: 1 },
    objects: { track: ["car"] },
    ...more,
  };
}

function find(heard: readonly Heard[], device: string, name: string) {
  return homeEntities(heard).find((entity) => entity.device === device && entity.name === name);
}

function asDisposable(listener: Awaited<ReturnType<typeof listen>>) {
  return { heard: listener.heard, [Symbol.asyncDispose]: () => listener.stop() };
}

/** An agent in this process, whose detector finds nothing; each start is another run in the same folder. */
function agentIn(folder: string, brokerPort: number) {
  const model = join(folder, "fake.wasm");
  writeFileSync(model, fakeModule({ width: 64, height: 32 }));
  return (cameras: object, homeassistant: object) => {
    const settings = {
      mqtt: { host: "127.0.0.1", port: brokerPort, stats_interval: 1 },
      model: { path: model },
      homeassistant,
      cameras,
    };
    const stop = new AbortController();
    const done = run(parseConfig(stringify(settings), "test.yml", {}), {
      clock: systemClock,
      log: recordingLog().log,
      random: Math.random,
      version: "0",
      configFile: join(folder, "sabrewing.yml"),
      stateDirectory: join(folder, "state"),
      signal: stop.signal,
    });
    return {
      async [Symbol.asyncDispose]() {
        stop.abort();
        await done;
      },
    };
  };
}

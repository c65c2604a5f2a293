import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { AedesOptions } from "aedes";
import { connectAsync } from "mqtt";
import { expect, test } from "vitest";
import { systemClock } from "../../agent/base/clock.ts";
import { parseConfig } from "../../agent/config/load.ts";
import type { EventMessage } from "../../agent/events/event.ts";
import { run } from "../../agent/run.ts";
import { CAMERA } from "../../scripts/demonstration/agent-config.ts";
import { startCamera } from "../../scripts/demonstration/camera.ts";
import { startAgent } from "../support/agent-process.ts";
import {
  freePort,
  type Heard,
  listen,
  mosquittoIsInstalled,
  startAedes,
  startMosquitto,
} from "../support/brokers.ts";
import { fakeModule } from "../support/fake-modules.ts";
import { recordingLog } from "../support/log-lines.ts";
import { findMedia, findModel } from "../support/materials.ts";
import { hasRtspServer } from "../support/rtsp-camera.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { waitUntil } from "../support/wait-until.ts";

const weights = findModel("yolov5n.pt") ?? findModel("yolov5n.onnx");
const clip = findMedia("person.mp4");
const hasFfmpeg = spawnSync("ffmpeg", ["-version"]).status === 0;

test.skipIf(!mosquittoIsInstalled || !hasFfmpeg)(
  "detection is switched over MQTT and stays as it was switched over a restart",
  async () => {
    await using stack = new AsyncDisposableStack();
    const folder = stack.use(await temporaryFolder());
    const { broker, heard, person } = await gather(stack);
    const start = await agentIn(folder.path, broker.port);

    {
      await using agent = start();
      await waitUntil("the agent tells the state", () => states(heard, "door").at(-1) === "ON");
      await person.publishAsync("sabrewing/door/detect/set", "maybe", { qos: 1 });
      await person.publishAsync("sabrewing/door/detect/set", "OFF", { qos: 1 });
      await waitUntil("the state follows", () => states(heard, "door").at(-1) === "OFF");
      expect(states(heard, "yard")).toEqual(["ON"]);
      await waitUntil("the figures follow", () => detectionEnabled(heard) === false);
      expect(agent.complaints()).toEqual([
        'ignored: sabrewing/door/detect/set: expected ON or OFF, received 5 bytes: "maybe"',
      ]);
    }

    heard.length = 0;
    // An old command that the broker kept must not undo what was switched since.
    await person.publishAsync("sabrewing/door/detect/set", "ON", { qos: 1, retain: true });
    await using again = start();
    await waitUntil("the agent tells the state", () => states(heard, "yard").length > 0);
    await waitUntil("it has heard the old command", () => again.complaints().length > 0);
    expect(states(heard, "door")).toEqual(["OFF"]);
    await person.publishAsync("sabrewing/door/detect/set", "ON", { qos: 1 });
    await waitUntil("the state follows", () => states(heard, "door").at(-1) === "ON");
  },
);

test.skipIf(!mosquittoIsInstalled || !hasFfmpeg)(
  "a flood of commands is answered a few times, ends as the last one says, and holds nothing else up",
  async () => {
    await using stack = new AsyncDisposableStack();
    const folder = stack.use(await temporaryFolder());
    const { broker, heard, person } = await gather(stack);
    const start = await agentIn(folder.path, broker.port);
    await using agent = start();
    await waitUntil("the agent tells the state", () => states(heard, "yard").at(-1) === "ON");
    const flood = 5_000;
    for (let time = 0; time < flood; time++) {
      person.publish("sabrewing/door/detect/set", time % 2 === 0 ? "ON" : "OFF");
      person.publish("sabrewing/yard/detect/set", "nonsense");
    }
    await person.publishAsync("sabrewing/yard/detect/set", "OFF", { qos: 1 });
    await waitUntil("the other camera is switched", () => states(heard, "yard").at(-1) === "OFF");
    await waitUntil("the camera is as it was switched last", () => states(heard, "door").at(-1) === "OFF");
    await waitUntil("the figures follow", () => detectionEnabled(heard) === false);
    expect(states(heard, "door").length).toBeLessThan(10);
    expect(agent.complaints().length).toBeLessThan(10);
  },
);

test.skipIf(!hasFfmpeg)(
  "a broker that refuses the subscription to commands causes a warning, and nothing else is lost",
  async () => {
    await using stack = new AsyncDisposableStack();
    const folder = stack.use(await temporaryFolder());
    const deaf: AedesOptions = {
      authorizeSubscribe: (client, subscription, answer) => {
        answer(null, client?.id === "sabrewing" ? null : subscription);
      },
    };
    const broker = stack.adopt(await startAedes(0, deaf), (started) => started.kill());
    const { heard } = stack.adopt(await listen(broker.port), (started) => started.stop());
    const start = await agentIn(folder.path, broker.port);
    await using agent = start();
    await waitUntil("the agent tells the state", () => states(heard, "door").at(-1) === "ON");
    await waitUntil("it warns", () => agent.log.some(({ msg }) => msg.includes("refuses the subscription")));
    await waitUntil("the figures still come", () => detectionEnabled(heard) === true);
  },
);

test.skipIf(weights === undefined || clip === undefined || !mosquittoIsInstalled || !hasRtspServer())(
  "whoever is in view when detection is switched off has gone, and is somebody new when it is on again",
  { timeout: 180_000 },
  async () => {
    await using stack = new AsyncDisposableStack();
    const { broker, heard, person } = await gather(stack);
    const camera = stack.use(await startCamera(clip ?? ""));
    stack.use(
      await startAgent(weights ?? "", {
        broker: { host: "127.0.0.1", port: broker.port },
        prefix: "sabrewing",
        cameraUrl: camera.url,
        labels: ["person"],
        snapshots: false,
        statsIntervalSeconds: 1,
      }),
    );
    const count = () => last(heard, `sabrewing/${CAMERA}/person`);
    await waitUntil("somebody comes into view", () => count() === "1", 90_000);
    await person.publishAsync(`sabrewing/${CAMERA}/detect/set`, "OFF", { qos: 1 });
    await waitUntil("nobody is counted", () => count() === "0");
    // Events go by way of the disk and may come after the counts.
    await waitUntil("the event has ended", () => events(heard).at(-1)?.type === "end");
    expect(events(heard).at(-1)).toMatchObject({ reason: "switched_off" });

    const told = events(heard).length;
    await person.publishAsync(`sabrewing/${CAMERA}/detect/set`, "ON", { qos: 1 });
    await waitUntil("somebody is in view again", () => events(heard).length > told, 90_000);
    expect(events(heard)[told]).toMatchObject({ type: "new" });
    expect(events(heard)[told]?.after.id).not.toBe(events(heard)[0]?.after.id);
  },
);

/** A broker, somebody who listens to it, and somebody who gives commands there. */
async function gather(stack: AsyncDisposableStack) {
  const broker = stack.adopt(await startMosquitto(), (started) => started.kill());
  const { heard } = stack.adopt(await listen(broker.port), (started) => started.stop());
  const person = stack.adopt(await connectAsync(`mqtt://127.0.0.1:${broker.port}`), (client) => {
    return client.endAsync(true);
  });
  return { broker, heard, person };
}

/** An agent inside this process, with two cameras that cannot be reached; each start is another run in one folder. */
async function agentIn(folder: string, brokerPort: number) {
  const model = join(folder, "fake.wasm");
  writeFileSync(model, fakeModule({ width: 64, height: 32 }));
  const nowhere = `rtsp://127.0.0.1:${await freePort()}/stream`;
  const camera = `{ffmpeg: {inputs: [{path: "${nowhere}"}]}, objects: {track: [car]}}`;
  const config = parseConfig(
    `{mqtt: {host: 127.0.0.1, port: ${brokerPort}, stats_interval: 1}, model: {path: ${model}}, cameras: {door: ${camera}, yard: ${camera}}}`,
    "test.yml",
    {},
  );
  return function start() {
    const stop = new AbortController();
    const { log, lines } = recordingLog();
    const done = run(config, {
      clock: systemClock,
      log,
      random: Math.random,
      version: "0",
      stateDirectory: join(folder, "state"),
      signal: stop.signal,
    });
    return {
      log: lines,
      complaints: () => lines.map(({ msg }) => msg).filter((msg) => msg.startsWith("ignored")),
      async [Symbol.asyncDispose]() {
        stop.abort();
        await done;
      },
    };
  };
}

function states(heard: readonly Heard[], camera: string): readonly string[] {
  return heard
    .filter(({ topic }) => topic === `sabrewing/${camera}/detect/state`)
    .map(({ payload }) => payload);
}

function detectionEnabled(heard: readonly Heard[]): unknown {
  return JSON.parse(last(heard, "sabrewing/stats") ?? "{}").cameras?.door.detection_enabled;
}

function events(heard: readonly Heard[]): readonly EventMessage[] {
  return heard.filter(({ topic }) => topic === "sabrewing/events").map(({ payload }) => JSON.parse(payload));
}

function last(heard: readonly Heard[], topic: string): string | undefined {
  return heard.findLast((message) => message.topic === topic)?.payload;
}

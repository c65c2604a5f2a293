import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { AedesOptions } from "aedes";
import { connectAsync } from "mqtt";
import { expect, test } from "vitest";
import { systemClock } from "../../agent/base/clock.ts";
import { parseConfig } from "../../agent/config/load.ts";
import type { EventMessage } from "../../agent/events/event.ts";
import type { ReviewMessage } from "../../agent/events/review.ts";
import { run } from "../../agent/run.ts";
import { SWITCHES, type SwitchName } from "../../agent/state/switches.ts";
import { CAMERA } from "../../scripts/demonstration/agent-config.ts";
import { startCamera } from "../../scripts/demonstration/camera.ts";
import { startAgent } from "../support/agent/agent-process.ts";
import { recordingLog } from "../support/agent/log-lines.ts";
import { findMedia, findModel } from "../support/base/materials.ts";
import { temporaryFolder } from "../support/base/temporary-folder.ts";
import { hasRtspServer, startRtspCamera } from "../support/camera/rtsp-camera.ts";
import { makeTestClip } from "../support/camera/test-clip.ts";
import { fakeModule } from "../support/detectors/fake-modules.ts";
import {
  freePort,
  type Heard,
  listen,
  mosquittoIsInstalled,
  startAedes,
  startMosquitto,
} from "../support/mqtt/brokers.ts";
import { waitUntil } from "../support/time/wait-until.ts";

const weights = findModel("yolov5n.pt") ?? findModel("yolov5n.onnx");
const clip = findMedia("person.mp4");
const hasFfmpeg = spawnSync("ffmpeg", ["-version"]).status === 0;

test.skipIf(!mosquittoIsInstalled || !hasFfmpeg)(
  "switches a camera over MQTT and keeps its switches over a restart",
  async () => {
    await using stack = new AsyncDisposableStack();
    const folder = stack.use(await temporaryFolder());
    const { broker, heard, user } = await startClients(stack);
    const start = await agentIn(folder.path, broker.port);

    {
      await using agent = start();
      await waitUntil("the agent reports the state", () => states(heard, "door").at(-1) === "ON");
      await user.publishAsync("sabrewing/door/detect/set", "maybe", { qos: 1 });
      await user.publishAsync("sabrewing/door/detect/set", "OFF", { qos: 1 });
      await waitUntil("the state follows", () => states(heard, "door").at(-1) === "OFF");
      expect(states(heard, "yard")).toEqual(["ON"]);
      await waitUntil("the figures follow", () => detectionEnabled(heard) === false);
      expect(agent.complaints()).toEqual([
        'ignored: sabrewing/door/detect/set: expected ON or OFF, received 5 bytes: "maybe"',
      ]);
      await user.publishAsync("sabrewing/door/motion/set", "OFF", { qos: 1 });
      await user.publishAsync("sabrewing/door/enabled/set", "OFF", { qos: 1 });
      await user.publishAsync("sabrewing/door/snapshots/set", "ON", { qos: 1 });
      await user.publishAsync("sabrewing/yard/motion/set", "OFF", { qos: 1 });
      await waitUntil("the camera is off", () => states(heard, "door", "enabled").at(-1) === "OFF");
      await waitUntil("two commands are refused", () => agent.complaints().length === 3);
      expect(agent.complaints().slice(1)).toEqual([
        "ignored: snapshots cannot be switched on, because the configuration has none for the camera",
        "ignored: motion detection cannot be switched off while detection is on",
      ]);
    }

    heard.length = 0;
    // A retained command must not undo later commands.
    await user.publishAsync("sabrewing/door/detect/set", "ON", { qos: 1, retain: true });
    await using again = start();
    await waitUntil("the agent reports the state", () => states(heard, "yard").length > 0);
    await waitUntil("it has received the old command", () => again.complaints().length > 0);
    const kept = SWITCHES.map((name) => states(heard, "door", name));
    expect(kept).toEqual([["OFF"], ["OFF"], ["OFF"], ["OFF"]]);
    expect(SWITCHES.map((name) => states(heard, "yard", name))).toEqual([["ON"], ["ON"], ["ON"], ["OFF"]]);
    await user.publishAsync("sabrewing/door/detect/set", "ON", { qos: 1 });
    await waitUntil("the state follows", () => states(heard, "door").at(-1) === "ON");
    await waitUntil("motion detection follows", () => states(heard, "door", "motion").at(-1) === "ON");
  },
);

test.skipIf(!mosquittoIsInstalled || !hasFfmpeg)(
  "throttles a flood of commands, executes the last one, and delays no other camera",
  async () => {
    await using stack = new AsyncDisposableStack();
    const folder = stack.use(await temporaryFolder());
    const { broker, heard, user } = await startClients(stack);
    const start = await agentIn(folder.path, broker.port);
    await using agent = start();
    await waitUntil("the agent reports the state", () => states(heard, "yard").at(-1) === "ON");
    const flood = 5_000;
    for (let time = 0; time < flood; time++) {
      user.publish("sabrewing/door/detect/set", time % 2 === 0 ? "ON" : "OFF");
      user.publish("sabrewing/yard/detect/set", "nonsense");
    }
    await user.publishAsync("sabrewing/yard/detect/set", "OFF", { qos: 1 });
    await waitUntil("the other camera is switched", () => states(heard, "yard").at(-1) === "OFF");
    await waitUntil("the last command is executed", () => states(heard, "door").at(-1) === "OFF");
    await waitUntil("the figures follow", () => detectionEnabled(heard) === false);
    expect(states(heard, "door").length).toBeLessThan(10);
    expect(agent.complaints().length).toBeLessThan(10);
  },
);

test.skipIf(!hasFfmpeg)(
  "logs a warning about a broker that refuses the subscription to commands, and publishes as usual",
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
    await waitUntil("the agent reports the state", () => states(heard, "door").at(-1) === "ON");
    await waitUntil("it warns", () => agent.log.some(({ msg }) => msg.includes("refuses the subscription")));
    await waitUntil("the figures still arrive", () => detectionEnabled(heard) === true);
  },
);

test.skipIf(!mosquittoIsInstalled || !hasFfmpeg || !hasRtspServer())(
  "closes the stream of a camera that is switched off, ends its motion, and opens the stream again",
  async () => {
    await using stack = new AsyncDisposableStack();
    const folder = stack.use(await temporaryFolder());
    const { broker, heard, user } = await startClients(stack);
    const clip = stack.use(makeTestClip());
    const camera = stack.use(await startRtspCamera({ clip: clip.file }));
    const start = await agentIn(folder.path, broker.port, camera.address);
    await using agent = start();
    const state = (topic: string) => last(heard, `sabrewing/door/${topic}`);
    await waitUntil("the camera is online", () => state("status") === "online", 90_000);
    await waitUntil("something moves", () => state("motion") === "ON", 90_000);
    await user.publishAsync("sabrewing/door/enabled/set", "OFF", { qos: 1 });
    await waitUntil("the camera is offline", () => state("status") === "offline");
    await waitUntil("motion has ended", () => state("motion") === "OFF");
    await waitUntil("no more data arrives", () => framesPerSecond(heard) === 0);
    expect(state("enabled/state")).toBe("OFF");
    await user.publishAsync("sabrewing/door/enabled/set", "ON", { qos: 1 });
    await waitUntil("the camera is online again", () => state("status") === "online", 90_000);
    // The module of these tests takes its objects from the first pixels, which are invalid in some frames.
    const complaints = agent.log.filter(({ level }) => level === "warn" || level === "error");
    expect(complaints.filter(({ msg }) => !msg.startsWith("The detector"))).toEqual([]);
  },
);

test.skipIf(weights === undefined || clip === undefined || !mosquittoIsInstalled || !hasRtspServer())(
  "ends objects in view and their review when detection or the camera is switched off, and begins again when it is on",
  { timeout: 180_000 },
  async () => {
    await using stack = new AsyncDisposableStack();
    const { broker, heard, user } = await startClients(stack);
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
    await waitUntil("a person comes into view", () => count() === "1", 90_000);
    await user.publishAsync(`sabrewing/${CAMERA}/detect/set`, "OFF", { qos: 1 });
    await waitUntil("the count is 0", () => count() === "0");
    // Events are stored on disk first and may arrive after the counts.
    await waitUntil("the event has ended", () => events(heard).at(-1)?.type === "end");
    expect(events(heard).at(-1)).toMatchObject({ reason: "switched_off", switch: "detect" });

    const before = events(heard).length;
    await user.publishAsync(`sabrewing/${CAMERA}/detect/set`, "ON", { qos: 1 });
    await waitUntil("a person is in view again", () => events(heard).length > before, 90_000);
    expect(events(heard)[before]).toMatchObject({ type: "new" });
    expect(events(heard)[before]?.after.id).not.toBe(events(heard)[0]?.after.id);

    await waitUntil("a review has begun", () => reviews(heard).at(-1)?.after.end_time === null, 90_000);
    await user.publishAsync(`sabrewing/${CAMERA}/enabled/set`, "OFF", { qos: 1 });
    await waitUntil("the stream is closed", () => last(heard, `sabrewing/${CAMERA}/status`) === "offline");
    await waitUntil("the review has ended", () => reviews(heard).at(-1)?.type === "end");
    await waitUntil("the event has ended", () => events(heard).at(-1)?.type === "end");
    const switchedOff = { reason: "switched_off", switch: "enabled" };
    expect(events(heard).at(-1)).toMatchObject(switchedOff);
    expect(reviews(heard).at(-1)).toMatchObject({ ...switchedOff, after: { severity: "alert" } });
    expect([count(), last(heard, `sabrewing/${CAMERA}/motion`)]).toEqual(["0", "OFF"]);

    await user.publishAsync(`sabrewing/${CAMERA}/enabled/set`, "ON", { qos: 1 });
    await waitUntil("it is open again", () => last(heard, `sabrewing/${CAMERA}/status`) === "online");
  },
);

/** A broker, a client that listens to it, and a client that sends commands. */
async function startClients(stack: AsyncDisposableStack) {
  const broker = stack.adopt(await startMosquitto(), (started) => started.kill());
  const { heard } = stack.adopt(await listen(broker.port), (started) => started.stop());
  const user = stack.adopt(await connectAsync(`mqtt://127.0.0.1:${broker.port}`), (client) => {
    return client.endAsync(true);
  });
  return { broker, heard, user };
}

/** An agent in this process with two cameras, by default unreachable; each start is another run in the same folder. */
async function agentIn(folder: string, brokerPort: number, address?: string) {
  const model = join(folder, "fake.wasm");
  writeFileSync(model, fakeModule({ width: 64, height: 32 }));
  const stream = address ?? `rtsp://127.0.0.1:${await freePort()}/stream`;
  const camera = `{ffmpeg: {inputs: [{path: "${stream}"}]}, objects: {track: [car]}}`;
  const config = parseConfig(
    `{mqtt: {host: 127.0.0.1, port: ${brokerPort}, stats_interval: 1}, model: {path: ${model}}, detector: {runtime: v8}, cameras: {door: ${camera}, yard: ${camera}}}`,
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
      configFile: join(folder, "sabrewing.yml"),
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

function states(heard: readonly Heard[], camera: string, name: SwitchName = "detect"): readonly string[] {
  return heard
    .filter(({ topic }) => topic === `sabrewing/${camera}/${name}/state`)
    .map(({ payload }) => payload);
}

function detectionEnabled(heard: readonly Heard[]): unknown {
  return JSON.parse(last(heard, "sabrewing/stats") ?? "{}").cameras?.door.detection_enabled;
}

function framesPerSecond(heard: readonly Heard[]): unknown {
  return JSON.parse(last(heard, "sabrewing/stats") ?? "{}").cameras?.door.camera_fps;
}

function events(heard: readonly Heard[]): readonly EventMessage[] {
  return heard.filter(({ topic }) => topic === "sabrewing/events").map(({ payload }) => JSON.parse(payload));
}

function reviews(heard: readonly Heard[]): readonly ReviewMessage[] {
  return heard.filter(({ topic }) => topic === "sabrewing/reviews").map(({ payload }) => JSON.parse(payload));
}

function last(heard: readonly Heard[], topic: string): string | undefined {
  return heard.findLast((message) => message.topic === topic)?.payload;
}

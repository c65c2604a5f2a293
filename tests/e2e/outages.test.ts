import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import { CAMERA } from "../../scripts/demonstration/agent-config.ts";
import { startCamera } from "../../scripts/demonstration/camera.ts";
import { listen } from "../../scripts/demonstration/listener.ts";
import { startCounters } from "../../scripts/demonstration/summary.ts";
import { startAgent } from "../support/agent/agent-process.ts";
import { findMedia, findModel } from "../support/base/materials.ts";
import { hasRtspServer } from "../support/camera/rtsp-camera.ts";
import { mosquittoIsInstalled, startMosquitto } from "../support/mqtt/brokers.ts";
import { waitUntil } from "../support/time/wait-until.ts";

const weights = findModel("yolov5n.pt") ?? findModel("yolov5n.onnx");
const clip = findMedia("person.mp4");

const PREFIX = "sabrewing";
const OUTAGE_MS = 10_000;
const IGNORE = () => undefined;

test.skipIf(weights === undefined || clip === undefined || !mosquittoIsInstalled || !hasRtspServer())(
  "survives ten seconds without its camera and ten seconds without its broker, and logs each outage once",
  { timeout: 180_000 },
  async () => {
    await using stack = new AsyncDisposableStack();
    const startCameraAt = async (port: number) => stack.use(await startCamera(clip ?? "", port));

    let broker = await startMosquitto();
    stack.defer(() => broker.kill());
    const camera = await startCameraAt(0);
    const address = { host: "127.0.0.1", port: broker.port };
    const counters = startCounters(PREFIX);
    stack.use(await listen(address, PREFIX, (message) => counters.add(message), IGNORE));
    const agent = stack.use(
      await startAgent(weights ?? "", {
        broker: address,
        prefix: PREFIX,
        cameraUrl: camera.url,
        labels: ["person"],
        snapshots: false,
        statsIntervalSeconds: 1,
      }),
    );
    const framesGrow = async () => {
      const before = counters.summary().frames;
      await waitUntil("the detector's frame counter grows", () => counters.summary().frames > before);
    };
    await framesGrow();

    await camera.process.stop();
    await delay(OUTAGE_MS);
    await startCameraAt(Number(new URL(camera.url).port));
    await waitUntil("the camera is back", () => agent.log.some(({ msg }) => msg === "camera is back"));
    await framesGrow();

    await broker.kill();
    await delay(OUTAGE_MS);
    broker = await startMosquitto(broker.port);
    await framesGrow();

    const ofCamera = agent.log.filter((entry) => entry.camera === CAMERA);
    expect(ofCamera.filter(({ level }) => level === "warn")).toHaveLength(1);
    expect(ofCamera.filter(({ msg }) => msg === "camera is back")).toHaveLength(1);
    const ofBroker = agent.log.filter(({ msg }) => msg.includes("broker"));
    expect(ofBroker.filter(({ level }) => level === "warn")).toHaveLength(1);
    expect(ofBroker.filter(({ msg }) => msg.includes("is back after"))).toHaveLength(1);
  },
);

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compileFile } from "../../../detectors/compiler/compile-file.ts";
import { findMedia, findModel } from "../../support/base/materials.ts";
import { hasRtspServer, startRtspCamera } from "../../support/camera/rtsp-camera.ts";
import { mosquittoIsInstalled, startMosquitto } from "../../support/mqtt/brokers.ts";
import { type MqttTap, startMqttTap } from "../../support/mqtt/mqtt-tap.ts";
import { waitUntil } from "../../support/time/wait-until.ts";
import type { FaultResult } from "../fault.ts";
import { cameraSource, madeUpSource, type Source, type SourceProcess } from "./source.ts";
import { judgeDelivery, type ReportedMessage } from "./verdict.ts";

/** The origin of events: a street over RTSP through the whole agent, or made up (see event-source.ts). */
export type Origin = "street" | "made up";

/** A real agent, a real broker and the network between them; tests can kill all of them. */
export interface World extends AsyncDisposable {
  readonly origin: Origin;
  readonly source: Source;
  readonly tap: MqttTap;
  /** The agent that runs now. */
  agent(): SourceProcess;
  killBroker(): Promise<void>;
  startBroker(): Promise<void>;
  readonly brokerPort: number;
  /** Kills the agent (SIGKILL) and starts it again. */
  restartAgent(): Promise<void>;
  /** Waits until `count` more event messages are acknowledged. */
  flow(count: number): Promise<void>;
  /** Stops the agent and checks the messages that the broker received. */
  judge(): Promise<FaultResult>;
}

const FLOW_WITHIN_MS = 120_000;

/** What this machine lacks for events of this origin; undefined: nothing. */
export function lackingFor(origin: Origin): string | undefined {
  if (!mosquittoIsInstalled) return "mosquitto";
  if (origin === "made up") return undefined;
  if (!hasRtspServer()) return "GStreamer's RTSP server";
  if (findMedia("street.mp4") === undefined) return "street.mp4";
  return weights() === undefined ? "yolov5n" : undefined;
}

/** Starts all processes and waits for the first event. */
export async function startWorld(origin: Origin): Promise<World> {
  await using stack = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), "sabrewing-faults-"));
  stack.defer(() => rmSync(folder, { recursive: true }));
  let broker = await startMosquitto();
  stack.defer(() => broker.kill());
  const tap = stack.use(await startMqttTap(broker.port, "sabrewing/events"));
  const source = await sourceOf(origin, join(folder, "state"), tap.port, stack);
  const promised: ReportedMessage[] = [];
  let agent = await source.start();
  stack.defer(() => agent.process.stop());
  const parts = stack.move();

  const world: World = {
    origin,
    source,
    tap,
    brokerPort: broker.port,
    agent: () => agent,
    killBroker: () => broker.kill(),
    async startBroker() {
      broker = await startMosquitto(broker.port);
    },
    async restartAgent() {
      promised.push(...(await agent.kill()), ...agent.kept);
      agent = await source.start();
    },
    async flow(count) {
      const until = tap.acknowledged.length + count;
      await waitUntil(`${count} more messages`, () => tap.acknowledged.length >= until, FLOW_WITHIN_MS);
    },
    async judge() {
      // An agent without a connection would keep its messages for the next start.
      await world.flow(1);
      await agent.process.stop();
      promised.push(...agent.kept);
      const how = await agent.process.ended;
      const verdict = judgeDelivery(tap.acknowledged, promised);
      const broken = how === "exit code 0" ? [] : [`the agent ended with ${how}`];
      return { ...verdict, origin, broken: [...verdict.broken, ...broken] };
    },
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
  await world.flow(1);
  return world;
}

async function sourceOf(
  origin: Origin,
  stateDirectory: string,
  brokerPort: number,
  stack: AsyncDisposableStack,
): Promise<Source> {
  if (origin === "made up") return madeUpSource(stateDirectory, brokerPort);
  const camera = stack.use(await startRtspCamera({ clip: findMedia("street.mp4") ?? "" }));
  const folder = mkdtempSync(join(tmpdir(), "sabrewing-faults-model-"));
  stack.defer(() => rmSync(folder, { recursive: true }));
  const modulePath = join(folder, "detector.wasm");
  const { bytes } = await compileFile(weights() ?? "", { size: { width: 320, height: 256 } });
  writeFileSync(modulePath, bytes);
  return cameraSource(stateDirectory, brokerPort, {
    modulePath,
    cameraUrl: camera.address,
    labels: ["person"],
  });
}

function weights(): string | undefined {
  return findModel("yolov5n.pt") ?? findModel("yolov5n.onnx");
}

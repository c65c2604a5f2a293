import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, test, vi } from "vitest";
import { percentile } from "../../scripts/benchmark/race.ts";
import { startEmbeddedBroker } from "../../scripts/demonstration/broker.ts";
import { buildAgent } from "../../scripts/demonstration/build.ts";
import { startCamera } from "../../scripts/demonstration/camera.ts";
import { type AgentOptions, startAgent } from "../support/agent/agent-process.ts";
import { processFigures } from "../support/agent/process-figures.ts";
import { serviceEnvironment, serviceOptions } from "../support/agent/service-options.ts";
import { findMedia, findModel } from "../support/base/materials.ts";
import { obtainTfjsModel } from "../support/models/obtain-tfjs-model.ts";

const clip = findMedia("person.mp4");

const SAMPLES_PER_MINUTE = 12;
/** Compilers and caches take the first two minutes. */
const WARM_UP_MINUTES = 2;
const LIMIT_MB = 200;
/** Allowed growth of the later half (1.05: 5 %). */
const FLAT = 1.05;

interface Case {
  readonly what: string;
  readonly weights: string | undefined;
  readonly compiled: NonNullable<AgentOptions["compiled"]>;
  readonly minutes: number;
}

const yolov5n = findModel("yolov5n.pt") ?? findModel("yolov5n.onnx");
const size = { width: 640, height: 384 };
const CASES: readonly Case[] = [
  { what: "f32 640×384", weights: yolov5n, compiled: { size }, minutes: 10 },
  { what: "i16 640×384", weights: yolov5n, compiled: { size, precision: "i16" }, minutes: 4 },
  {
    what: "the package's MobileNet, relaxed 512×512",
    weights: await obtainTfjsModel(),
    compiled: { target: "relaxed" },
    minutes: 4,
  },
];

describe.skipIf(clip === undefined)("with one camera, in Wasmer, as the service starts it", () => {
  test.for(CASES)("$what: the agent stays within 200 MB and does not grow", async (each, { skip }) => {
    const { what, weights, compiled, minutes } = each;
    if (weights === undefined) return skip("the weights are missing");
    await using stack = new AsyncDisposableStack();
    const [program, ...words] = buildAgent();
    const broker = stack.use(await startEmbeddedBroker());
    const camera = stack.use(await startCamera(clip ?? ""));
    for (const [name, value] of Object.entries(serviceEnvironment())) vi.stubEnv(name, value);
    stack.defer(() => void vi.unstubAllEnvs());
    const agent = stack.use(
      await startAgent(
        weights,
        {
          broker: broker.address,
          prefix: "sabrewing",
          cameraUrl: camera.url,
          labels: ["person"],
          snapshots: false,
          statsIntervalSeconds: 10,
        },
        // The built program: running from the sources takes more memory.
        { sabrewing: [program, ...serviceOptions(), ...words], compiled },
      ),
    );
    const samplesMb: number[] = [];
    for (let sample = 0; sample < minutes * SAMPLES_PER_MINUTE; sample++) {
      await delay(60_000 / SAMPLES_PER_MINUTE);
      samplesMb.push(processFigures(agent.process.pid ?? 0).rssMb);
    }
    const later = samplesMb.slice(WARM_UP_MINUTES * SAMPLES_PER_MINUTE);
    const half = Math.floor(later.length / 2);
    const earlyMb = median(later.slice(0, half));
    const lateMb = median(later.slice(half));
    const largestMb = Math.max(...samplesMb);
    console.log(
      `${what}: agent RSS at most ${largestMb.toFixed(0)} MB, after two minutes ${earlyMb.toFixed(0)} MB, at the end ${lateMb.toFixed(0)} MB`,
    );
    expect(largestMb).toBeLessThanOrEqual(LIMIT_MB);
    expect(lateMb).toBeLessThanOrEqual(earlyMb * FLAT);
  });
});

function median(values: readonly number[]): number {
  return percentile(
    values.toSorted((a, b) => a - b),
    0.5,
  );
}

import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import { percentile } from "../../scripts/benchmark/race.ts";
import { startEmbeddedBroker } from "../../scripts/demonstration/broker.ts";
import { buildAgent } from "../../scripts/demonstration/build.ts";
import { startCamera } from "../../scripts/demonstration/camera.ts";
import { startAgent } from "../support/agent-process.ts";
import { findMedia, findModel } from "../support/materials.ts";
import { processFigures } from "../support/process-figures.ts";
import { serviceOptions } from "../support/service-options.ts";

const weights = findModel("yolov5n.pt") ?? findModel("yolov5n.onnx");
const clip = findMedia("person.mp4");

const MINUTES = 10;
const SAMPLES_PER_MINUTE = 12;
const LIMIT_MB = 200;
/** How much larger (1.05: 5 %) the later half may be. */
const FLAT = 1.05;

test.skipIf(weights === undefined || clip === undefined)(
  "with one camera the agent stays below 200 MB and does not grow over ten minutes",
  async () => {
    await using stack = new AsyncDisposableStack();
    const [program, ...words] = buildAgent();
    const broker = stack.use(await startEmbeddedBroker());
    const camera = stack.use(await startCamera(clip ?? ""));
    const agent = stack.use(
      await startAgent(
        weights ?? "",
        {
          broker: broker.address,
          prefix: "sabrewing",
          cameraUrl: camera.url,
          labels: ["person"],
          snapshots: false,
          statsIntervalSeconds: 10,
        },
        // What is installed: running from the sources costs some memory of its own.
        { sabrewing: [program, ...serviceOptions(), ...words], size: { width: 640, height: 384 } },
      ),
    );
    const samplesMb: number[] = [];
    for (let sample = 0; sample < MINUTES * SAMPLES_PER_MINUTE; sample++) {
      await delay(60_000 / SAMPLES_PER_MINUTE);
      samplesMb.push(processFigures(agent.process.pid ?? 0).rssMb);
    }
    // The first two minutes belong to compilers and caches that are filling up.
    const earlyMb = median(samplesMb.slice(2 * SAMPLES_PER_MINUTE, 5 * SAMPLES_PER_MINUTE));
    const lateMb = median(samplesMb.slice(5 * SAMPLES_PER_MINUTE));
    const largestMb = Math.max(...samplesMb);
    console.log(
      `agent RSS: largest ${largestMb.toFixed(0)} MB, minutes 2 to 5 ${earlyMb.toFixed(0)} MB, 5 to 10 ${lateMb.toFixed(0)} MB`,
    );
    expect(largestMb).toBeLessThanOrEqual(LIMIT_MB);
    expect(lateMb).toBeLessThanOrEqual(earlyMb * FLAT);
  },
);

function median(values: readonly number[]): number {
  return percentile(
    values.toSorted((a, b) => a - b),
    0.5,
  );
}

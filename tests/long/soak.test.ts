/**
 * Runs four cameras for an hour with a fault every minute, in a random order. For a short run:
 * `SABREWING_SOAK_MINUTES=5 SABREWING_SOAK_FAULT_EVERY_SECONDS=20 npm run test:long -- soak`.
 */
import { copyFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import { seededRandom } from "../../agent/events/event-id.ts";
import { compileFile } from "../../detectors/compiler/compile-file.ts";
import { percentile } from "../../scripts/benchmark/race.ts";
import { buildAgent } from "../../scripts/demonstration/build.ts";
import { startWatchWorld, type WatchWorld, watched } from "../faults/watching/watch-world.ts";
import { type ProcessFigures, processFigures } from "../support/agent/process-figures.ts";
import { serviceEnvironment, serviceOptions } from "../support/agent/service-options.ts";
import { findMedia, findModel } from "../support/base/materials.ts";
import { hasRtspServer, type RtspCamera, startRtspCamera } from "../support/camera/rtsp-camera.ts";
import { type RtspProxy, startRtspProxy } from "../support/camera/rtsp-proxy.ts";
import { fakeModule } from "../support/detectors/fake-modules.ts";
import { mosquittoIsInstalled } from "../support/mqtt/brokers.ts";

const MINUTES = Number(process.env.SABREWING_SOAK_MINUTES ?? 60);
const FAULT_EVERY_MS = Number(process.env.SABREWING_SOAK_FAULT_EVERY_SECONDS ?? 60) * 1_000;
const SEED = Number(process.env.SABREWING_SOAK_SEED ?? 1);
/** Caches and compilers take ten minutes of the hour. */
const WARM_UP = 1 / 6;
/** Allowed growth from the end of the warm-up to the end of the run (1.05: 5 %). */
const FLAT = 1.05;
const BACK_WITHIN_MS = 60_000;
const AWAY_MS = 12_000;
/** After this time pending frames are done and stopped processes have ended. */
const SETTLED_MS = 3_000;
const CLIPS = ["street.mp4", "person.mp4", "cars.mp4", "street.mp4"];

const weights = findModel("yolov5n.pt") ?? findModel("yolov5n.onnx");
const clips = CLIPS.map(findMedia).filter((clip) => clip !== undefined);
const canSoak =
  weights !== undefined && clips.length === CLIPS.length && mosquittoIsInstalled && hasRtspServer();

interface SoakedCamera {
  readonly name: string;
  readonly network: RtspProxy;
  server: RtspCamera;
  readonly clip: string;
}

interface Soaked {
  readonly world: WatchWorld;
  readonly cameras: readonly SoakedCamera[];
  readonly modulePath: string;
  readonly modules: readonly string[];
}

type SoakFault = (soaked: Soaked, camera: SoakedCamera) => Promise<void>;

const FAULTS: Readonly<Record<string, SoakFault>> = {
  async "camera killed"(_, camera) {
    await camera.server[Symbol.asyncDispose]();
    await delay(AWAY_MS / 4);
    camera.server = await startRtspCamera({ clip: camera.clip, port: camera.server.port });
  },
  async "camera frozen"(_, { server }) {
    server.freeze();
    await delay(AWAY_MS);
    server.thaw();
  },
  async "camera slow-dripped"(_, { network }) {
    network.drip();
    await delay(AWAY_MS);
    network.pass();
  },
  async "garbage from a camera"(_, { network }) {
    network.garble();
    await delay(AWAY_MS / 2);
    network.pass();
  },
  async "broker killed"({ world }) {
    await world.broker.kill();
    await delay(AWAY_MS / 2);
    await world.startBroker();
  },
  async "model replaced"({ world, modulePath, modules }) {
    replaceFile(modulePath, modules[replacements++ % modules.length] ?? "");
    process.kill(world.pid, "SIGHUP");
  },
  async "model replaced by one that traps"({ world, modulePath }) {
    writeFileSync(`${modulePath}.new`, fakeModule({ width: 64, height: 32, poison: { trap: 0 } }));
    renameSync(`${modulePath}.new`, modulePath);
    process.kill(world.pid, "SIGHUP");
  },
};

let replacements = 1;

test.skipIf(!canSoak)(
  `memory, files, threads and processes do not grow in ${MINUTES} minutes with a fault every ${FAULT_EVERY_MS / 1_000} s`,
  { timeout: MINUTES * 60_000 + 600_000 },
  async () => {
    await using stack = new AsyncDisposableStack();
    const soaked = await startSoaked(stack);
    const { world, cameras } = soaked;
    const random = seededRandom(SEED);
    const any = <Item>(items: readonly Item[]): Item => {
      const item = items[Math.floor(random() * items.length)];
      if (item === undefined) throw new Error("expected something to choose from");
      return item;
    };

    const samples: ProcessFigures[] = [];
    const startMs = performance.now();
    const endMs = startMs + MINUTES * 60_000;
    while (performance.now() < endMs) {
      const nextMs = performance.now() + FAULT_EVERY_MS;
      const [what, inflict] = any(Object.entries(FAULTS));
      await inflict(soaked, any(cameras));
      for (const { name } of cameras) await world.untilFrames(name, BACK_WITHIN_MS);
      await delay(Math.max(SETTLED_MS, nextMs - performance.now()));
      const figures = processFigures(world.pid);
      samples.push(figures);
      console.log(
        `${((performance.now() - startMs) / 60_000).toFixed(1)} min, ${what}: ${Object.entries(figures)
          .map(([name, value]) => `${name} ${Math.round(value)}`)
          .join(", ")}`,
      );
    }
    const warm = samples.slice(Math.floor(samples.length * WARM_UP));
    const part = Math.max(1, Math.floor(warm.length / 4));
    const [early, late] = [warm.slice(0, part), warm.slice(-part)];
    const growth = median(late, "rssMb") / median(early, "rssMb");
    console.log(`growth of memory after the warm-up: ${((growth - 1) * 100).toFixed(1)} %`);
    expect(new Set(warm.map(({ children }) => children))).toEqual(new Set([cameras.length]));
    for (const figure of ["fileDescriptors", "threads"] as const) {
      expect(least(late, figure), figure).toBeLessThanOrEqual(least(early, figure));
    }
    expect(growth).toBeLessThan(FLAT);
    const events = cameras.flatMap(({ name }) => world.events(name)).filter(({ type }) => type === "new");
    expect(events.length).toBeGreaterThan(0);
    expect(await world.stop()).toBe("exit code 0");
  },
);

async function startSoaked(stack: AsyncDisposableStack): Promise<Soaked> {
  const folder = mkdtempSync(join(tmpdir(), "sabrewing-soak-"));
  stack.defer(() => rmSync(folder, { recursive: true }));
  const modules: string[] = [];
  for (const target of ["simd128", "relaxed"] as const) {
    const file = join(folder, `${target}.wasm`);
    const { bytes } = await compileFile(weights ?? "", { size: { width: 320, height: 192 }, target });
    writeFileSync(file, bytes);
    modules.push(file);
  }
  const modulePath = join(folder, "detector.wasm");
  replaceFile(modulePath, modules[0] ?? "");

  const cameras: SoakedCamera[] = [];
  for (const [index, clip] of clips.entries()) {
    const server = await startRtspCamera({ clip });
    const network = stack.use(await startRtspProxy(server.port, Math.random));
    const camera = { name: `camera_${index + 1}`, clip, network, server };
    stack.defer(() => camera.server[Symbol.asyncDispose]());
    cameras.push(camera);
  }
  const [program, ...words] = buildAgent();
  const world = stack.use(
    await startWatchWorld({
      modulePath,
      sabrewing: [program, ...serviceOptions(), ...words],
      env: serviceEnvironment(),
      // With four cameras on two cores a slow inference is not a fault.
      detector: { deadline_ms: 20_000 },
      cameras: Object.fromEntries(
        cameras.map(({ name, network }) => [name, watched(`rtsp://127.0.0.1:${network.port}/camera`)]),
      ),
    }),
  );
  for (const { name } of cameras) await world.untilFrames(name, BACK_WITHIN_MS);
  return { world, cameras, modulePath, modules };
}

function replaceFile(path: string, content: string): void {
  copyFileSync(content, `${path}.new`);
  renameSync(`${path}.new`, path);
}

function least(samples: readonly ProcessFigures[], figure: keyof ProcessFigures): number {
  return Math.min(...samples.map((sample) => sample[figure]));
}

function median(samples: readonly ProcessFigures[], figure: keyof ProcessFigures): number {
  return percentile(
    samples.map((sample) => sample[figure]).toSorted((a, b) => a - b),
    0.5,
  );
}

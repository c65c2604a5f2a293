import type { Detector, Runtime } from "../../detectors/detector.ts";
import { type ModelDescription, REQUEST_HEADER_BYTES } from "../../detectors/module-format.ts";
import type { InstallModule } from "../../detectors/runtime/engine.ts";
import { type EngineSource, prepareEngine } from "../../detectors/runtime/engine-source.ts";
import { loadModule } from "../../detectors/runtime/module.ts";
import { startPool } from "../../detectors/runtime/pool.ts";
import { frameBytes, writeRequest } from "../../detectors/runtime/request.ts";
import { installV8 } from "../../detectors/runtime/v8.ts";
import type { Contestant } from "./contestant.ts";

/** The thresholds of YOLOv5's own detect.py. */
const THRESHOLDS = { score: 0.25, iou: 0.45 };
const DEADLINE_MS = 60_000;

/** Answers of each instance that are not counted: the engine is still optimising then. */
const WARM_UP_ANSWERS = 4;
const COUNTED_ANSWERS = 10;

/**
 * Our own detector.
 * @param warmUp open it as the agent does, with a black frame before the first real one; else as `sabrewing detect` does,
 *   whose first answer includes the rest of the start
 */
export async function loadSabrewing(
  modulePath: string,
  engine: string,
  warmUp: boolean,
): Promise<Contestant> {
  const runtime = engine === "v8" ? "v8" : "wasmer";
  const loading = loadModule(modulePath);
  const open = (instances: number): Promise<Detector> =>
    startPool(loading, { runtime, instances, deadlineMs: DEADLINE_MS, warmUp }, DEADLINE_MS);
  const detector = await open(1);
  let host: (() => Promise<number>) | undefined;
  const ask = async (other: Detector, pixels: Uint8Array): Promise<void> => {
    await other.detect(pixels, THRESHOLDS);
  };
  return {
    infer: (pixels) => ask(detector, pixels),
    async respawn(pixels) {
      host ??= await warmHost(await prepareEngine(loading, runtime), detector.model, pixels);
      return host();
    },
    async throughput(pixels, instances) {
      await using pool = await open(instances);
      // Who asks in a row keeps an instance busy; as many as there are instances keep all of them busy.
      const askInARow = async (times: number): Promise<void> => {
        for (let time = 0; time < times; time++) await ask(pool, pixels);
      };
      const together = (times: number) =>
        Promise.all(Array.from({ length: instances }, () => askInARow(times)));
      await together(WARM_UP_ANSWERS);
      const startedMs = performance.now();
      await together(COUNTED_ANSWERS);
      return (instances * COUNTED_ANSWERS * 1000) / (performance.now() - startedMs);
    },
    [Symbol.asyncDispose]: () => detector[Symbol.asyncDispose](),
  };
}

/** The Wasmer SDK is large: who measures V8 does not load it. */
async function installer(runtime: Runtime): Promise<InstallModule> {
  if (runtime === "v8") return installV8;
  const { bootWasmer } = await import("../../detectors/runtime/wasmer.ts");
  return bootWasmer();
}

/**
 * A host that has lost its guest, and has everything else that a second one needs.
 * @returns starts that one, lets it answer, and tells how many milliseconds that took
 */
async function warmHost(
  source: EngineSource,
  model: ModelDescription,
  pixels: Uint8Array,
): Promise<() => Promise<number>> {
  const request = new Uint8Array(REQUEST_HEADER_BYTES + frameBytes(model));
  writeRequest(request, 0, THRESHOLDS, pixels);
  const start = await (await installer(source.runtime))(source);
  const live = async (): Promise<number> => {
    const startedMs = performance.now();
    const engine = await start();
    await engine.infer(request);
    const tookMs = performance.now() - startedMs;
    // A request without its magic number ends a guest of Wasmer; that of V8 is memory to be collected.
    if (source.runtime === "wasmer")
      await engine.infer(new Uint8Array(request.length)).catch(() => undefined);
    return tookMs;
  };
  // The guest that a fault ends has answered for a while.
  for (let life = 0; life < WARM_UP_ANSWERS; life++) await live();
  return live;
}
